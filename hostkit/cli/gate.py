"""``hostkit gate``: build, flash, test, and one verdict with its evidence."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.affected import choose_affected, nothing_ran
from hostkit.cli.context import Context
from hostkit.cli.gate_onto import onto_option
from hostkit.cli.gate_rules import FIDELITIES, RUNGS, Least, pinned, rules_of
from hostkit.cli.retrying import retry_option
from hostkit.cli.selecting import checked_selection
from hostkit.cli.soaking import soak_option
from hostkit.cli.waiting import wait_option

if TYPE_CHECKING:
    from hostkit.build.growth import GrowthLimits
    from hostkit.gate.model import GateResult, Rules
    from hostkit.gate.request import Bench, GateRequest
    from hostkit.settings.model import Settings


board_option = click.option(
    "-b", "--board", help="Board of boards.toml, several as A,B, or `any` (default: the setting `board`)."
)
"""``--board``, for verbs that run the suite; the parameter is None when not given."""


@click.command("gate")
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@board_option
@click.option("-k", "selection", default="", metavar="EXPR", help="Run only tests that match; never a pass.")
@click.option("--no-flash", is_flag=True, help="Do not flash; the board must already run this very build.")
@click.option("--min-rung", type=click.Choice(RUNGS), help="Default: of [gate] in hostkit.toml, or wired.")
@click.option(
    "--min-fidelity", type=click.Choice(FIDELITIES), help="Default: of [gate] in hostkit.toml, or virtual."
)
@click.option("--rules", "rules_at", default="", metavar="REF", help="Take [gate] as this commit has it.")
@click.option(
    "--cached/--fresh",
    default=None,
    help="Take, or do not take, an earlier pass of exactly this case (default: where the case says it all).",
)
@click.option("--affected", is_flag=True, help="Run only what the difference from --base can touch.")
@click.option("--base", default="", metavar="REF", help="For --affected: branch, tag or commit.")
@retry_option
@soak_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Show what compiler and pytest print.")
@click.pass_obj
@onto_option
def gate_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    env: str | None,
    board: str | None,
    selection: str,
    no_flash: bool,
    min_rung: str | None,
    min_fidelity: str | None,
    rules_at: str,
    cached: bool | None,
    affected: bool,
    base: str,
    retries: int,
    soak: float,
    lease_timeout: float | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Build, flash, test: one verdict, with evidence.

    Exit codes: 0 pass, 1 fail, 3 inconclusive (no board, link lost, a flaky test, only a selection ran),
    4 invalid (the board runs another firmware, or is none). Evidence lies in .hostkit/runs (runs_dir).

    Nothing runs where the same inputs, tests, rules, board and programs passed before, within 30 days, the
    ledger holds nothing against that since, and its signed evidence still holds: the answer says which
    entry of the ledger it is from. With --fresh all runs anew. So it does without, on silicon and with
    --no-flash, as what a board is like and holds now is in no hash; --cached takes the earlier pass there
    too. What was tampered with is invalid.

    Several boards (-b virt0,virt1) that are alike share the suite: each test runs on one of them, those that
    are marked every_board on each.

    With --onto the merge of HEAD into that branch is judged, in a worktree of its own, by the rules that the
    branch has; a conflict is a fail that names the files. The evidence names both parents.

    With --affected all of the suite runs when the env's firmware can differ from that of --base; where it
    can differ in some patterns alone, without the tests of other patterns; and where it cannot, only the
    test files that changed. The last two are selections, and never a pass. Where nothing is touched nothing
    runs (exit 3): nothing was shown. What was left out, and why, is said. See `hostkit affected`.
    """

    def asked(selection: str) -> tuple[Settings, GateRequest]:
        settings = load(context, env=env, board=board, lease_timeout_s=lease_timeout)
        rules = rules_of(context, settings.env, Least(min_rung, min_fidelity, rules_at))
        rules = replace(rules, flash=not no_flash, soak_s=soak, growth=growth_limits(context, settings))
        return settings, replace(request_of(context, settings, rules, selection), retries=retries)

    def run(settings: Settings, request: GateRequest) -> int:
        return judge(context, settings, request, as_json=as_json, verbose=verbose)

    if affected or base:
        settings = load(context, env=env, board=board)
        chosen = choose_affected(context, settings.env, base, selection, affected=affected)
        if chosen is None:
            return nothing_ran(as_json=as_json)
        settings, request = asked(chosen.selection)
        return run(settings, replace(request, affected=chosen.found.plain()))
    if selection.strip():
        return run(*asked(selection))
    from hostkit.cli.gate_cached import answer_or_run  # noqa: PLC0415 - not for --help
    from hostkit.cli.gate_known import KnownPass, asked_options  # noqa: PLC0415

    more = {"no_flash": no_flash, "soak": soak, "rules": pinned(context, rules_at)}
    known = KnownPass(context, asked_options(env, board, min_rung, min_fidelity, **more), cached)
    return answer_or_run(known, lambda: asked(""), run, as_json=as_json)


def load(context: Context, **overrides: object) -> Settings:
    """Return the settings in force, with what the command line gave (None: not given)."""
    from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help

    return load_settings(context.project, os.environ, overrides).settings


def growth_limits(context: Context, settings: Settings) -> GrowthLimits | None:
    """Return how much the firmware may grow, from the commit where the checkout left the base; None: any."""
    if not settings.growth_base:
        return None
    from hostkit.build.growth import GrowthLimits  # noqa: PLC0415 - not for --help
    from hostkit.errors import UsageError  # noqa: PLC0415
    from hostkit.tasks.git import Git  # noqa: PLC0415

    git = Git(context.project, context.runner)
    done = git.ask("merge-base", settings.growth_base, "HEAD")
    base = git.resolve(done.output.strip()) if done.ok else ""
    if not base:
        raise UsageError(
            f"growth_base = {settings.growth_base!r}: no commit that HEAD comes from",
            hint="name a branch, a tag or a commit, or leave growth_base out",
        )
    limits = (settings.max_flash_growth, settings.max_ram_growth)
    return GrowthLimits(base, *limits, settings.max_section_growth, settings.max_symbol_growth)


def request_of(context: Context, settings: Settings, rules: Rules, selection: str) -> GateRequest:
    """Return what is asked, entered in the ledger when judged."""
    from hostkit.gate.request import GateRequest  # noqa: PLC0415

    return GateRequest(context.project, settings.env, settings.board, rules, checked_selection(selection))


def judge(context: Context, settings: Settings, request: GateRequest, *, as_json: bool, verbose: bool) -> int:
    """Run the pipeline, print the result, return the exit code."""
    from hostkit.cli.ahead import made_ready  # noqa: PLC0415
    from hostkit.cli.gate_progress import GateProgress  # noqa: PLC0415
    from hostkit.pipeline import run_gate  # noqa: PLC0415

    bench = bench_of(context, settings)
    with GateProgress(context, verbose=verbose) as progress:
        listener = made_ready(progress.listener(), ledger=request.ledger, page=not as_json)
        result = run_gate(request, replace(bench, listener=listener))
    page = None if as_json else write_page(result, context.keep / settings.reports_dir)
    show(context, result, page, as_json=as_json)
    return int(result.decision.verdict.exit_code)


def bench_of(context: Context, settings: Settings) -> Bench:
    """Return what a gate works with."""
    from hostkit.gate.request import Bench  # noqa: PLC0415 - not for --help

    return Bench(
        paths=context.paths,
        settings=settings,
        runner=context.runner,
        clock=context.clock,
        env=dict(os.environ),
        runs=context.keep / settings.runs_dir,
        database=settings.database_url,
    )


def write_page(result: GateResult, into: Path) -> Path | None:
    """Write the page of a run; what goes wrong there is said, and takes nothing from the verdict."""
    from hostkit.errors import HostkitError  # noqa: PLC0415 - not for --help
    from hostkit.report.html import page  # noqa: PLC0415

    try:
        page.write_page(Path(result.evidence), path := into / f"{result.run_id}.html")
    except HostkitError as error:
        click.echo(f"no page of this run: {error.message}", err=True)
        return None
    return path


def show(context: Context, result: GateResult, page: Path | None = None, *, as_json: bool) -> None:
    """Print a result to standard output."""
    if as_json:
        from hostkit.report.plain import as_record  # noqa: PLC0415

        click.echo(json.dumps(as_record(result), indent=2, ensure_ascii=False))
        return
    from hostkit.report.terminal import gate_summary  # noqa: PLC0415

    context.console.print(gate_summary(result, base=context.keep, page=page))

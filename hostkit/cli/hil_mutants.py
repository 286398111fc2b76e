"""``hostkit hil mutants``: can the suite fail? One fault at a time, on virtual boards."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from hostkit.mutants.campaign import Told
    from hostkit.mutants.model import Mutant, Result
    from hostkit.mutants.run import Desk, Request

_COLOURS = {
    "killed": "green",
    "timed out": "green",
    "survived": "red",
    "inconclusive": "yellow",
    "does not compile": "yellow",
}


@click.command("mutants")
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@click.option("-b", "--board", help="Board whose likes the mutants run on (default: the setting `board`).")
@click.option("--planted/--no-planted", default=True, show_default=True, help="The faults of mutants/*.toml.")
@click.option("--generic", default=0, show_default=True, metavar="N", help="Generic ones of firmware/lib.")
@click.option("--seed", default=1, show_default=True, metavar="S", help="Which generic ones.")
@click.option("--only", multiple=True, metavar="NAME", help="Only those (with * and ?); may be repeated.")
@click.option("--jobs", default=0, metavar="N", help="Boards at work at a time (default: one a processor).")
@click.option("--clean", default=0, metavar="N", help="Instead: run the suite N times without any fault.")
@click.option("--fresh", is_flag=True, help="Forget what earlier runs on the same sources and tests found.")
@click.option("--list", "list_only", is_flag=True, help="Name them, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.pass_obj
def mutants_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    env: str | None,
    board: str | None,
    planted: bool,
    generic: int,
    seed: int,
    only: tuple[str, ...],
    jobs: int,
    clean: int,
    fresh: bool,
    list_only: bool,
    as_json: bool,
) -> int:
    """Show that the suite notices faults: firmware with one fault each, built, flashed and tested.

    A fault is killed by a test that fails, or by a stage before the suite; one that passes all tests has
    survived. Exit codes: 0 all planted ones and at least nine of ten generic ones are noticed, and with
    --clean no run failed; 1 not so; 3 not to be told. Results are kept in .hostkit/mutants: a run that was
    cut off goes on where it was, as long as sources, tools, tests and models are the same.
    """
    from hostkit.cli.gate import load  # noqa: PLC0415 - not for --help
    from hostkit.mutants.run import Desk, Request  # noqa: PLC0415

    settings = load(context, env=env, board=board)
    request = Request(
        project=context.project,
        env=settings.env,
        board=settings.board,
        generic=max(0, generic),
        seed=seed,
        planted=planted,
        only=only,
        jobs=jobs if jobs > 0 else os.cpu_count() or 1,
        fresh=fresh,
    )
    desk = Desk(context.paths, context.runner, context.clock, settings.boot_timeout_s, _Progress().tell)
    if list_only:
        return _list(request, as_json=as_json)
    return _clean(request, desk, clean, as_json=as_json) if clean else _run(request, desk, as_json=as_json)


class _Progress:
    """One line on standard error for each thing that happened."""

    def __init__(self) -> None:
        self._done = 0

    def tell(self, told: Told, mutant: Mutant | None, result: Result | None, text: str) -> None:
        """Hear of it; see :data:`hostkit.mutants.campaign.Listener`."""
        from hostkit.mutants.campaign import Told  # noqa: PLC0415 - not for --help
        from hostkit.mutants.report import line_of  # noqa: PLC0415

        if told is Told.STAGE:
            return
        if mutant is None or result is None:
            click.echo(text if mutant is None else f"{mutant.name}: {text}", err=True)
            return
        self._done += 1
        line = f"{self._done:4d}  {line_of(mutant, result)} ({result.seconds:.1f} s)"
        click.echo(click.style(line, fg=_COLOURS.get(result.fate.value)), err=True)


def _list(request: Request, *, as_json: bool) -> int:
    from hostkit.mutants.run import choose  # noqa: PLC0415 - not for --help

    mutants = choose(request)
    if as_json:
        click.echo(json.dumps([mutant.record() for mutant in mutants], indent=2, ensure_ascii=False))
    else:
        for mutant in mutants:
            click.echo(f"{mutant.origin.value}  {mutant.kind}: {mutant.name}: {mutant.about}")
    return ExitCode.PASS


def _run(request: Request, desk: Desk, *, as_json: bool) -> int:
    from hostkit.mutants import report as reports  # noqa: PLC0415 - not for --help
    from hostkit.mutants.run import DIRECTORY, MARKDOWN_REPORT, run_mutants  # noqa: PLC0415
    from hostkit.mutants.score import exit_code  # noqa: PLC0415

    report = run_mutants(request, desk)
    if as_json:
        click.echo(json.dumps(reports.as_json(report), indent=2, ensure_ascii=False))
    else:
        for line in reports.summary(report):
            click.echo(line)
        click.echo(f"report in {DIRECTORY}/{MARKDOWN_REPORT}")
    return exit_code(report.tallies)


def _clean(request: Request, desk: Desk, runs: int, *, as_json: bool) -> int:
    from hostkit.mutants.clean import CleanRun, clean_exit_code  # noqa: PLC0415 - not for --help
    from hostkit.mutants.run import run_clean  # noqa: PLC0415

    def tell(number: int, run: CleanRun) -> None:
        why = f": {run.test} {run.message}" if run.test or run.message else ""
        click.echo(f"{number:4d}  {run.ended.value}, {run.tests} tests in {run.seconds:.1f} s{why}", err=True)

    found = run_clean(request, desk, runs, tell)
    bad = [run for run in found if run.ended.value != "passed"]
    if as_json:
        click.echo(json.dumps({"runs": len(found), "not_passed": [run.record() for run in bad]}, indent=2))
    else:
        click.echo(f"{len(found)} runs on the clean tree, {len(bad)} of them not passed")
    return clean_exit_code(found)

"""``hostkit bisect``: the first commit that a board fails, found by verdicts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import FIDELITIES, RUNGS
from hostkit.cli.merge_yard import gate_argv, open_yard
from hostkit.cli.repository import REPO, commit_of, git_of
from hostkit.errors import ExitCode
from hostkit.words import counted

if TYPE_CHECKING:
    from hostkit.tasks.git import Git
    from hostkit.train.bisect import Found
    from hostkit.train.search import Search

_FOLDER = "bisect~"  # no branch can be called that, so no merge train works there


@click.command("bisect")
@click.argument("good")
@click.argument("bad", default="HEAD")
@REPO
@click.option("-e", "--env", help="PlatformIO environment (default: the setting `env`).")
@click.option("-b", "--board", help="Board to test on (default: the setting `board`).")
@click.option("--min-rung", type=click.Choice(RUNGS), default="wired", show_default=True)
@click.option("--min-fidelity", type=click.Choice(FIDELITIES), default="virtual", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def bisect_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    good: str,
    bad: str,
    repo: Path | None,
    env: str | None,
    board: str | None,
    min_rung: str,
    min_fidelity: str,
    as_json: bool,
) -> int:
    """Find the first commit after GOOD, up to BAD, that the gate fails.

    A commit whose verdict is in the ledger is not tested again; others are gated in a worktree of their
    own. One without a verdict (no board, a tool) is passed over. Exit codes: 0 found, 2 GOOD fails or BAD
    passes, 3 no verdict where one was needed.
    """
    from hostkit.boards.model import Fidelity  # noqa: PLC0415 - not for --help
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.store.model import Rung  # noqa: PLC0415
    from hostkit.tasks.model import GateCheck  # noqa: PLC0415
    from hostkit.train.search import Search  # noqa: PLC0415

    git = git_of(context, repo)
    ends = [commit_of(git, name) for name in (good, bad)]
    settings = load_settings(git.directory, os.environ, {"env": env}).settings
    check = GateCheck(settings.env, "any", Rung.from_word(min_rung), Fidelity[min_fidelity.upper()])
    boards = (board or settings.board,)
    with open_yard(context, git, _FOLDER, check, boards, gate_argv(check)) as yard:
        search = Search(yard)
        found = search.run(*ends)
    _show(git, search, found, as_json=as_json)
    return ExitCode.PASS if found.culprit else ExitCode.INCONCLUSIVE


def _show(git: Git, search: Search, found: Found, *, as_json: bool) -> None:
    last = search.said[found.suspects[-1]]
    if as_json:
        told = {
            "schema": "hostkit.bisect/1",
            "first_bad": found.culprit,
            "suspects": list(found.suspects),
            "asked": found.asked,
            "reason": last.why,
            "evidence": last.evidence,
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if found.culprit:
        click.echo(f"first bad commit: {_titled(git, found.culprit)}")
    else:
        click.echo(
            f"one of {counted(len(found.suspects), 'commit')}, those before the last without a verdict:"
        )
        for commit in found.suspects:
            click.echo(f"  {_titled(git, commit)}")
    click.echo(f"  {last.why}")
    if last.evidence:
        click.echo(f"  evidence    {last.evidence}")
    click.echo(f"  asked       {counted(found.asked, 'commit')} between the ends")


def _titled(git: Git, commit: str) -> str:
    return git.run("show", "-s", "--format=%h %s", commit).strip()

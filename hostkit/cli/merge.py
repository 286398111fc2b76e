"""``hostkit merge``: a merge train; the target only goes to commits that have a pass of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import CHECK, target_rules
from hostkit.cli.lazy import TellingGroup
from hostkit.cli.merge_yard import demands, gate_argv, open_yard, told_once, train_folder, train_line
from hostkit.cli.repository import REPO, commit_of, git_of
from hostkit.errors import ExitCode, UsageError
from hostkit.files import jsonable
from hostkit.words import counted

if TYPE_CHECKING:
    from hostkit.tasks.git import Git
    from hostkit.train.line import Change

_TARGET = click.option("--target", default="main", show_default=True, help="The branch that is merged into.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")


@click.group("merge", cls=TellingGroup)
def merge_group() -> None:
    """Merge changes only with evidence: a train for one branch of a local repository.

    Changes are merged on top of those before them and each such merge is gated. One that fails drops out,
    trouble of a board or a tool ejects nobody, and the branch only goes to a commit that has a signed pass.
    """


@merge_group.command("submit")
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@REPO
@_TARGET
@click.pass_obj
def submit_command(context: Context, refs: tuple[str, ...], repo: Path | None, target: str) -> int:
    """Put branches, tags or commits at the end of the line, as they are now."""
    git = git_of(context, repo)
    line = train_line(context, git, target)
    for ref in refs:
        commit = commit_of(git, ref)
        title = git.run("show", "-s", "--format=%s", commit).strip()
        change = line.submit(ref, commit, title)
        git.run("update-ref", _kept(target, change), commit)  # git must not forget it while it waits
        click.echo(f"change {change.id}: {ref} at {commit[:12]}, {title}")
    return ExitCode.PASS


@merge_group.command("list")
@REPO
@_TARGET
@_JSON
@click.pass_obj
def list_command(context: Context, repo: Path | None, target: str, as_json: bool) -> int:
    """Show every change: waiting, merged, or why not."""
    changes = train_line(context, git_of(context, repo), target).changes()
    _show(changes, as_json=as_json)
    if not changes and not as_json:
        click.echo(f"nothing was ever submitted for {target}: hostkit merge submit BRANCH", err=True)
    return ExitCode.PASS


@merge_group.command("withdraw")
@click.argument("change")
@REPO
@_TARGET
@click.pass_obj
def withdraw_command(context: Context, change: str, repo: Path | None, target: str) -> int:
    """Take a waiting change out of the line."""
    from hostkit.train.line import Status  # noqa: PLC0415 - not for --help

    git = git_of(context, repo)
    line = train_line(context, git, target)
    ended = line.end(change, Status.WITHDRAWN, "withdrawn by hand")
    _release(git, target, line.changes())
    if ended.status is not Status.WITHDRAWN:
        raise UsageError(f"change {change} is {ended.status.value} already", hint="see `hostkit merge list`")
    click.echo(f"change {change} is withdrawn")
    return ExitCode.PASS


@merge_group.command("status")
@REPO
@_TARGET
@_JSON
@click.pass_obj
def status_command(context: Context, repo: Path | None, target: str, as_json: bool) -> int:
    """Say where the branch is, whether a runner is at work, and who is in line."""
    from hostkit.tasks.lock import is_running  # noqa: PLC0415

    git = git_of(context, repo)
    tip, running = (
        git.resolve(f"refs/heads/{target}"),
        is_running(train_folder(context, git, target) / "runner.lock"),
    )
    waiting = train_line(context, git, target).waiting()
    if as_json:
        told = {"schema": "hostkit.merge-status/1", "target": target, "tip": tip, "running": running}
        click.echo(json.dumps(told | {"waiting": jsonable(list(waiting))}, indent=2, ensure_ascii=False))
        return ExitCode.PASS
    at = tip[:12] or "no branch yet"
    runner = "at work" if running else "idle"
    click.echo(f"{target}: {at}, {counted(len(waiting), 'change')} in line, runner {runner}")
    _show(waiting, as_json=False)
    return ExitCode.PASS


@merge_group.command("run")
@REPO
@_TARGET
@click.option("-b", "--board", "boards", multiple=True, help="A board to test on; each one is a lane.")
@CHECK
@click.option(
    "--window", type=click.IntRange(1, 64), default=4, show_default=True, help="Changes to begin with."
)
@click.option(
    "--tries", type=click.IntRange(1, 10), default=3, show_default=True, help="Of an inconclusive test."
)
@click.pass_obj
def run_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    repo: Path | None,
    target: str,
    boards: tuple[str, ...],
    env: str | None,
    min_rung: str | None,
    min_fidelity: str | None,
    window: int,
    tries: int,
) -> int:
    """Test and merge until the line is empty.

    What a change must show says [gate] of hostkit.toml, as the branch has it: every [[gate.require]]. Where
    there is none, or with -e, --min-rung or --min-fidelity, it is that env on one of the boards.

    Killed at any point, the next run goes on. Exit codes: 0 all merged, 1 a change of this run dropped out,
    3 the train is held: a board or a tool was no help, or the branch itself fails.
    """
    from hostkit.cli.tasks_doubts import doubts_of  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.train.machine import Limits  # noqa: PLC0415
    from hostkit.train.run import TrainRunner  # noqa: PLC0415

    git = git_of(context, repo)
    settings = load_settings(git.directory, os.environ, {"env": env}).settings
    rules = target_rules(context, git, f"refs/heads/{target}", env, min_rung, min_fidelity)
    check = rules.asked or rules.default()
    waiting = {change.id for change in train_line(context, git, target).waiting()}
    with open_yard(context, git, target, check, boards or (settings.board,), gate_argv(check)) as plain:
        doubts = doubts_of(context, rules.may_waive)
        yard = replace(plain, doubts=doubts, demands=demands(rules, told_once()))
        held = TrainRunner(yard, Limits(window=window, tries=tries)).run()
        changes = yard.line.changes()
    _release(git, target, changes)
    mine = [change for change in changes if change.id in waiting]
    _show(mine, as_json=False)
    if held:
        click.echo(f"held: {held}", err=True)
        return ExitCode.INCONCLUSIVE
    if not mine:
        click.echo(f"nothing is in line for {target}: hostkit merge submit BRANCH", err=True)
    return (
        ExitCode.FAIL
        if any(change.status.value in {"failed", "conflict"} for change in mine)
        else ExitCode.PASS
    )


def _kept(target: str, change: Change) -> str:
    return f"refs/hostkit/train/{target}/{change.id}"


def _release(git: Git, target: str, changes: Iterable[Change]) -> None:
    """Let git forget commits that are in line no more: the branch has them, or their makers' branches do."""
    waiting = {_kept(target, change) for change in changes if change.status.value == "waiting"}
    listed = git.run("for-each-ref", "--format=%(refname)", f"refs/hostkit/train/{target}/")
    for ref in listed.split():
        if ref not in waiting:
            git.run("update-ref", "-d", ref)


def _show(changes: tuple[Change, ...] | list[Change], *, as_json: bool) -> None:
    if as_json:
        told = {"schema": "hostkit.merge-list/1", "changes": jsonable(list(changes))}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for change in changes:
        at = f" at {change.at[:12]}" if change.at else ""
        why = f": {change.why}" if change.why else ""
        click.echo(f"{change.id:>4}  {change.status.value:<9}  {change.name} ({change.title}){at}{why}")

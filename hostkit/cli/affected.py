"""``hostkit affected``: which envs and tests a change can touch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostkit.gate.affected import Affected

_SHOWN = 3  # reasons of an env


@click.command("affected")
@click.option("--base", required=True, metavar="REF", help="Branch, tag or commit to compare with.")
@click.option("-e", "--env", "envs", multiple=True, help="Only this env (default: all). May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def affected_command(context: Context, base: str, envs: tuple[str, ...], as_json: bool) -> None:
    """Say which envs and tests the difference between a commit and the work tree can touch.

    Nothing is built: a stored build of the base says which files its compiler read. What nobody knows counts
    as touched, with the reason: a base that was never built, a new source file, a changed build script. A
    change in documents touches nothing.
    """
    found = find_affected(context, base, envs)
    click.echo(json.dumps(found.plain(), indent=2, ensure_ascii=False) if as_json else summary(found))


def find_affected(context: Context, base: str, envs: Iterable[str] = ()) -> Affected:
    """Return what the work tree's difference from a base touches. Raises :class:`UsageError`."""
    from hostkit.gate.affected import Desk, survey  # noqa: PLC0415 - not for --help

    return survey(Desk(context.project, context.paths, context.runner, context.clock), base, envs)


def summary(found: Affected) -> str:
    """Return the lines for people."""
    rows = [f"{len(found.changed)} files differ from {found.base[:12]}"]
    for each in found.envs:
        rows += _rows(f"build {each.env}", each.reasons, "not touched")
    names = ", ".join(found.suite.files)
    return "\n".join(rows + _rows("tests", found.suite.reasons, names or "no file of the suite is touched"))


class Choice(NamedTuple):
    """What a gate of a change runs: pytest's ``-k``, "" for all of the suite; and what that follows from."""

    selection: str
    found: Affected


def choose_affected(
    context: Context, env: str, base: str, selection: str, *, affected: bool
) -> Choice | None:
    """Return what a gate of what a change touches runs, None for nothing.

    Says on standard error what is left out. Raises :class:`UsageError` for options that do not go together.
    """
    if not base or not affected or selection:
        raise UsageError(
            "--affected needs --base, --base needs --affected, and neither goes with -k",
            hint="say: hostkit gate --affected --base main",
        )
    found = find_affected(context, base, (env,))
    click.echo(summary(found), err=True)
    if found.whole(env):
        click.echo("affected: all of the suite runs; other envs are left out", err=True)
        return Choice("", found)
    chosen = found.selection(env)
    if chosen:
        click.echo(f"affected: {_left_out(found, env)}", err=True)
    return Choice(chosen, found) if chosen else None


def _left_out(found: Affected, env: str) -> str:
    base, files = found.base[:12], ", ".join(found.suite.files)
    if patterns := found.patterns(env):
        more = f", {files}" if files else ""
        own = f"the firmware of {env} is that of {base} but for what it draws as {' and '.join(patterns)}"
        return f"{own}: tests of these{more}, and those that name no pattern; the rest is left out"
    return f"only {files}: the firmware of {env} is that of {base} but for its build id; the rest is left out"


def nothing_ran(*, as_json: bool) -> int:
    """Say that no verdict was made, and return the exit code of that."""
    reason = "nothing that this gate runs is touched: nothing ran, nothing was shown"
    record = {"schema": "hostkit.affected/1", "verdict": None, "exit_code": 3, "reasons": [reason]}
    click.echo(json.dumps(record, indent=2) if as_json else f"inconclusive: {reason}")
    return ExitCode.INCONCLUSIVE


def _rows(what: str, reasons: tuple[str, ...], otherwise: str) -> list[str]:
    if not reasons:
        return [f"  {what:<24} {otherwise}"]
    rows = [f"  {what if not number else '':<24} {reason}" for number, reason in enumerate(reasons[:_SHOWN])]
    more = len(reasons) - _SHOWN
    return rows + ([f"  {'':<24} and {more} more"] if more > 0 else [])

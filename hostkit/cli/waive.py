"""``hostkit waive``: answer, with one's signature, for what a rule or a test holds against a pass."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import RUNGS, today_of
from hostkit.cli.lazy import TellingGroup
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostkit.gate.waived import WaiverFact

F = TypeVar("F", bound="Callable[..., Any]")


def _signed(command: F) -> F:
    for option in (
        click.option("-e", "--env", default="", help="Only for this env (default: for every one)."),
        click.option("--by", help="Who you are (default: git's user.name)."),
        click.option(
            "--until", required=True, metavar="DATE", help="The last day: 2026-12-20, 30 days ahead at most."
        ),
        click.option("--reason", required=True, help="Why this may go in as it is."),
    ):
        command = option(command)
    return command


@click.group("waive", cls=TellingGroup)
def waive_group() -> None:
    """Waive a rule or a test for some days, signed with your key: for who may, by [gate] of hostkit.toml.

    The waiver is a file in waivers/, which belongs into the commit. Every verdict that needs it says so, in
    red. It makes nothing right that is invalid: another firmware, a wrong answer, touched evidence.
    """


@waive_group.command("test")
@click.argument("name", metavar="TEST")
@_signed
@click.pass_obj
def test_command(context: Context, /, name: str, **signed: str) -> None:
    """Let a test not pass: TEST is its node id or the end of it from a file on, with * and ?."""
    _waive(context, "test", name, **signed)


@waive_group.command("rung")
@click.argument("rung", type=click.Choice(RUNGS))
@_signed
@click.pass_obj
def rung_command(context: Context, /, rung: str, **signed: str) -> None:
    """Let a rung not be reached."""
    _waive(context, "rung", rung, **signed)


@waive_group.command("fidelity")
@_signed
@click.pass_obj
def fidelity_command(context: Context, /, **signed: str) -> None:
    """Let a board do that is farther from silicon than the rules ask for."""
    _waive(context, "fidelity", "", **signed)


@waive_group.command("growth")
@_signed
@click.pass_obj
def growth_command(context: Context, /, **signed: str) -> None:
    """Let the firmware grow by more than its budget."""
    _waive(context, "growth", "", **signed)


@waive_group.command("board")
@click.argument("board")
@_signed
@click.pass_obj
def board_command(context: Context, /, board: str, **signed: str) -> None:
    """Let a merge do without a pass on a board that [[gate.require]] names."""
    _waive(context, "board", board, **signed)


@waive_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def list_command(context: Context, as_json: bool) -> None:
    """List the waivers of the checkout: who answers for what until when, or why one does not count."""
    from hostkit.files import jsonable  # noqa: PLC0415 - not for --help
    from hostkit.gate.waivers import read_waivers, waiver_files  # noqa: PLC0415
    from hostkit.settings.rules import read_rules  # noqa: PLC0415

    may_waive = read_rules(context.project).may_waive
    found = read_waivers(waiver_files(context.project), may_waive, "", today_of(context.clock))
    if as_json:
        click.echo(json.dumps({"schema": "hostkit.waivers/1", "waivers": jsonable(list(found))}, indent=2))
        return
    click.echo("\n".join(map(_line, found)) or "nothing is waived")


def _line(waiver: WaiverFact) -> str:
    if not waiver.counts:
        return f"{waiver.place}: does not count: {waiver.forged or waiver.ignored}"
    what = f"{waiver.waives.value} {waiver.name}".strip() + (f" of {waiver.env}" if waiver.env else "")
    until = f"until {waiver.expires} by {waiver.by} ({waiver.key_id[:16]}): {waiver.reason}"
    return click.style(f"{what} waived {until}", fg="red") + f"  {waiver.place}"


def _waive(context: Context, what: str, name: str, **signed: str) -> None:
    from hostkit.files import atomic_write  # noqa: PLC0415 - not for --help
    from hostkit.gate.keys import checkouts_of, open_signer  # noqa: PLC0415
    from hostkit.gate.waived import Waives  # noqa: PLC0415
    from hostkit.gate.waivers import FOLDER, Waiving, read_waivers, sign_waiver  # noqa: PLC0415
    from hostkit.settings.rules import read_rules  # noqa: PLC0415
    from hostkit.tasks.git import Git  # noqa: PLC0415

    project, today = context.project, today_of(context.clock)
    signer = open_signer(context.paths, os.environ, checkouts_of(project))
    by = signed["by"] or Git(project, context.runner).ask("config", "user.name").output.strip()
    if not by:
        raise UsageError(
            "a waiver needs somebody who answers for it, and git's user.name is not set",
            hint="say who you are with --by, or for good: git config user.name NAME",
        )
    if not signed["reason"].strip():
        raise UsageError("a waiver needs a reason", hint="say it with --reason")
    until = _day(signed["until"])
    asked = Waiving(Waives(what), name, signed["env"], signed["reason"].strip(), by, today, until)
    file, data = sign_waiver(asked, signer)
    may_waive = read_rules(project).may_waive
    place = f"{FOLDER}/{file}"
    (fact,) = read_waivers({place: data.decode()}, may_waive, signed["env"], today)
    if fact.forged or fact.ignored:
        raise UsageError(
            f"that would not count: {fact.forged or fact.ignored}",
            hint="who may waive, and that is a change of its own, says [gate] may_waive of hostkit.toml; "
            "your key: hostkit keys show",
        )
    atomic_write(project / place, data)
    click.echo(f"{_line(fact)}\ncommit it: git add {place}")


def _day(text: str) -> str:
    try:
        return str(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date())
    except ValueError:
        raise UsageError(f"--until {text}: no day", hint="write it as 2026-12-20") from None

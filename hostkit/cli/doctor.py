"""``hostkit doctor``: what is here, what is missing, what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context, find_project

if TYPE_CHECKING:
    from rich.table import Table

    from hostkit.build.checkup import Check

_MARKS = {"ok": ("✓", "green"), "optional": ("–", "yellow"), "missing": ("✗", "red")}


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Provide what can be provided: PlatformIO's own core directory.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a table.")
@click.pass_obj
def doctor_command(context: Context, fix: bool, as_json: bool) -> None:
    """Say what is here and what is missing; --fix provides it.

    Exit code 0 when everything needed is here, 5 when not.
    """
    from hostkit.build.checkup import State, Surroundings, examine, mend  # noqa: PLC0415 - not for --help
    from hostkit.errors import MissingToolError  # noqa: PLC0415

    where = Surroundings(find_project(context.start), context.paths, context.runner)
    if fix:
        for line in mend(where):
            click.echo(click.style("fixed: ", fg="green", bold=True) + line, err=True)
    checks = examine(where)
    missing = [check for check in checks if check.state is State.MISSING]
    if as_json:
        rows = [asdict(check) | {"state": check.state.value} for check in checks]
        click.echo(json.dumps({"ok": not missing, "checks": rows}, indent=2))
    elif sys.stdout.isatty():
        context.console.print(_table(checks))
    else:
        click.echo("\n".join(plain(check) for check in checks))
    if missing:
        raise MissingToolError(
            f"missing: {', '.join(check.name for check in missing)}", hint=_what_next(missing, fixed=fix)
        )


def plain(check: Check) -> str:
    """Return a check as one line of text."""
    line = f"{check.state.value:<8} {check.name:<16} {check.found}".rstrip()
    return f"{line} -> {check.remedy}" if check.remedy else line


def _what_next(missing: Sequence[Check], *, fixed: bool) -> str:
    if not fixed and all(check.fixable for check in missing):
        return "run `hostkit doctor --fix`"
    return "do what stands beside each, then run `hostkit doctor` again"


def _table(checks: Sequence[Check]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - only on a terminal
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(width=1)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, colour = _MARKS[check.state.value]
        said = Text(check.found)
        if check.remedy:
            said.append(f"{' ' if check.found else ''}→ {check.remedy}", style=colour)
        table.add_row(Text(mark, style=colour), Text(check.name), said)
    return table

"""``hostkit report``: what runs left, compared."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from hostkit.report.diff import Divergence, Side


@click.group("report")
def report_group() -> None:
    """Compare what runs left."""


@report_group.command("diff")
@click.argument("run_one", metavar="RUN")
@click.argument("run_two", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def diff_command(context: Context, run_one: str, run_two: str, as_json: bool) -> int:
    """Name the first place where two runs went different ways: test, request, reply.

    RUN is a directory, or a run's id or the start of it, or `latest`. Exit code 0: no difference, 1: one.
    """
    from hostkit.report.diff import first_divergence, read_run  # noqa: PLC0415 - not for --help
    from hostkit.settings.load import load_settings  # noqa: PLC0415

    runs = context.project / load_settings(context.project, os.environ, {}).settings.runs_dir
    one, two = (read_run(find_run(runs, name)) for name in (run_one, run_two))
    found = first_divergence(one, two)
    if as_json:
        click.echo(
            json.dumps({"runs": [one.name, two.name], "divergence": found and asdict(found)}, indent=2)
        )
    elif found is None:
        click.echo(f"{one.name} and {two.name}: no difference in {len(one.outcomes)} tests")
    else:
        click.echo("\n".join(_lines(found, one.name, two.name)))
    return ExitCode.PASS if found is None else ExitCode.FAIL


def find_run(runs: Path, name: str) -> Path:
    """Return a run's directory. Raises :class:`UsageError` for a name of none, or of several."""
    if name and Path(name).is_dir():
        return Path(name).resolve()
    if (runs / name).is_dir():
        return (runs / name).resolve()
    found = sorted(runs.glob(f"{name}*")) if name else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(path.name for path in sorted(runs.glob("2*"))[-3:])
    what = "several runs are" if found else "no run is"
    raise UsageError(
        f"{what} called {name!r}", hint=f"the newest: {known}" if known else f"none is in {runs}"
    )


def _lines(found: Divergence, one: str, two: str) -> list[str]:
    where = f" at {found.where}" if found.where else ""
    rows = [f"first difference in {found.test}"]
    if found.request:
        rows.append(f"  asked   {found.request}")
    rows.append(f"  differs {found.what}{where}")
    width = max(len(one), len(two))
    return [
        *rows,
        *(f"  {name:<{width}}  {_side(side)}" for name, side in ((one, found.one), (two, found.two))),
    ]


def _side(side: Side) -> str:
    return side.said if side.us is None else f"{side.said}  ({side.us / 1e6:.6f} s)"

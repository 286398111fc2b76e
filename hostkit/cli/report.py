"""``hostkit report``: what runs left, for readers and programs, and compared."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.lazy import TellingGroup
from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from hostkit.report.diff import Divergence, Side
    from hostkit.report.record import Report
    from hostkit.settings.model import Settings


@click.group("report", cls=TellingGroup)
def report_group() -> None:
    """Show what runs left, and compare it.

    RUN is a directory, or a run's id or the start of it, or `latest`. What is shown was read from the
    evidence as it is: a report exits with 0 also where the verdict is no pass.
    """


_run = click.argument("run", metavar="RUN", default="latest")


@report_group.command("list")
@click.option("-b", "--board", default="", help="Only runs on this board.")
@click.option("-n", "most", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of lines.")
@click.pass_obj
def list_command(context: Context, board: str, most: int, as_json: bool) -> None:
    """List runs, newest first."""
    from itertools import islice  # noqa: PLC0415 - not for --help

    from hostkit.report.runs import run_lines  # noqa: PLC0415

    lines = list(islice(run_lines(_runs(context), board), most))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
        return
    for line in lines:
        when = line.when[:19].replace("T", " ")
        tests = f"{line.passed}/{line.tests}"
        click.echo(
            f"{line.run}  {when}  {line.verdict or 'no verdict':<12}  {line.rung or '-':<8}  "
            f"{tests:>9}  {line.env:<12}  {line.board:<10}  {line.commit[:12]}".rstrip()
        )
    if not lines:
        click.echo("no run is here yet: hostkit gate makes one", err=True)


@report_group.command("json")
@_run
@click.pass_obj
def json_command(context: Context, run: str) -> None:
    """Print a run as JSON, as docs/reference/report.schema.json says."""
    from hostkit.report.record import as_json  # noqa: PLC0415 - not for --help

    click.echo(json.dumps(as_json(_report(context, run)), indent=2, ensure_ascii=False))


@report_group.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of `report json`."""
    from hostkit.report.record import json_schema  # noqa: PLC0415 - not for --help

    click.echo(json.dumps(json_schema(), indent=2))


@report_group.command("markdown")
@_run
@click.option("--evidence-url", default="", metavar="URL", help="Where a reader finds the evidence.")
@click.pass_obj
def markdown_command(context: Context, run: str, evidence_url: str) -> None:
    """Print a run as Markdown for a pull request, at most 60,000 characters."""
    from hostkit.report.markdown import markdown  # noqa: PLC0415 - not for --help

    click.echo(markdown(_report(context, run), evidence_url), nl=False)


@report_group.command("junit")
@_run
@click.pass_obj
def junit_command(context: Context, run: str) -> None:
    """Print the suite of a run as JUnit XML, as it lies in the evidence."""
    from hostkit.report.read import read_junit  # noqa: PLC0415 - not for --help
    from hostkit.report.runs import find_run  # noqa: PLC0415

    click.echo(read_junit(find_run(_runs(context), run)), nl=False)


@report_group.command("annotations")
@_run
@click.pass_obj
def annotations_command(context: Context, run: str) -> None:
    """Print workflow commands that GitHub shows beside the lines that failed or crashed."""
    from hostkit.report.annotations import annotations_of  # noqa: PLC0415 - not for --help

    for annotation in annotations_of(_report(context, run), _prefix(context.project)):
        click.echo(str(annotation))


@report_group.command("html")
@_run
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: in reports_dir."
)
@click.pass_obj
def html_command(context: Context, run: str, output: Path | None) -> None:
    """Write a run as one page that opens from disk with no network, and print where it is.

    Strips over time, time from frame to frame, power, the serial log: see docs/how-to/read-a-report.md.
    """
    from hostkit.report.html.page import write_page  # noqa: PLC0415 - not for --help
    from hostkit.report.runs import find_run  # noqa: PLC0415

    directory = find_run(_runs(context), run)
    path = output or context.project / _settings(context).reports_dir / f"{directory.name}.html"
    write_page(directory, path)
    click.echo(path)


def _settings(context: Context) -> Settings:
    from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help

    return load_settings(context.project, os.environ, {}).settings


def _runs(context: Context) -> Path:
    return context.project / _settings(context).runs_dir


def _report(context: Context, run: str) -> Report:
    from hostkit.report.read import read_report  # noqa: PLC0415 - not for --help
    from hostkit.report.runs import find_run  # noqa: PLC0415

    return read_report(find_run(_runs(context), run))


def _prefix(project: Path) -> str:
    """Return where the project lies inside its repository; "" for the root, or outside of any."""
    for directory in (project, *project.parents):
        if (directory / ".git").exists():
            return project.relative_to(directory).as_posix().removeprefix(".")
    return ""


@report_group.command("diff")
@click.argument("run_one", metavar="RUN")
@click.argument("run_two", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def diff_command(context: Context, run_one: str, run_two: str, as_json: bool) -> int:
    """Name the first place where two runs went different ways: test, request, reply.

    Exit code 0: no difference, 1: one.
    """
    from hostkit.report.diff import first_divergence, read_run  # noqa: PLC0415 - not for --help
    from hostkit.report.runs import find_run  # noqa: PLC0415

    runs = _runs(context)
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

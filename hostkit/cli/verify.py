"""``hostkit verify``: does the evidence of a verdict hold?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context, find_project
from hostkit.errors import ExitCode, UsageError
from hostkit.words import counted

if TYPE_CHECKING:
    from hostkit.gate.verify import Verification


@click.command("verify")
@click.argument("bundle", metavar="BUNDLE", default="latest")
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PUB",
    help="Public key of who made the bundle (PEM, see `hostkit keys export`); default: the user's own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def verify_command(context: Context, bundle: str, key_file: Path | None, as_json: bool) -> int:
    """Check the evidence of a verdict; say all that does not hold.

    BUNDLE is a run's directory; inside a project also its id, the start of it, or `latest`. Signature and
    files are checked, the verdict is derived anew from the parts and compared, and the parts are held
    against each other. Nothing else is needed: no project, no ledger, no board, no network.

    Exit code 0: the bundle holds, whatever its verdict is. 4: it does not.
    """
    from hostkit.gate.keys import own_public, read_public  # noqa: PLC0415 - not for --help
    from hostkit.gate.verify import verify  # noqa: PLC0415

    directory = _directory(context, bundle)
    key = own_public(context.paths, os.environ) if key_file is None else read_public(key_file)
    found = verify(directory, key)
    if as_json:
        click.echo(json.dumps(_record(directory, found), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(directory, found)))
    return ExitCode.PASS if found.holds else ExitCode.INVALID


def _directory(context: Context, bundle: str) -> Path:
    """Return the directory that is meant; of one that is named by a path, the check says what is wrong."""
    if os.sep in bundle or Path(bundle).is_dir():
        return Path(bundle)
    project = find_project(context.start)
    if project is None:
        raise UsageError(
            f"no directory {bundle!r} is here, nor a project that could have a run of that name",
            hint="name the run's directory, or change to the project: hostkit --project DIR verify …",
        )
    from hostkit.report.runs import find_run  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415

    runs = project / load_settings(project, os.environ, {}).settings.runs_dir
    return find_run(runs, bundle)


def _record(directory: Path, found: Verification) -> dict[str, object]:
    return {
        "schema": "hostkit.verify/1",
        "bundle": str(directory),
        "holds": found.holds,
        "verdict": found.verdict.value if found.verdict else None,
        "problems": list(found.problems),
        "key": {"key_id": found.key.key_id, "whose": found.key.whose},
        "statement": dict(found.statement),
        "reasons": list(found.reasons),
    }


def _lines(directory: Path, found: Verification) -> list[str]:
    key = f"{found.key.whose} {found.key.key_id[:16]}"
    if not found.holds:
        head = click.style(" DOES NOT HOLD ", fg="white", bg="magenta", bold=True)
        told = [f"  {problem}" for problem in found.problems]
        return [
            f"{head}  {directory.name}: {counted(len(found.problems), 'problem')}, checked with {key}",
            *told,
        ]
    from hostkit.gate.statement import board_names  # noqa: PLC0415
    from hostkit.report.terminal import merge_words  # noqa: PLC0415

    said = found.statement
    boards = ", ".join(board_names(said))
    board = f"{boards} ({said['fidelity']})" if boards else "no board"
    changes = " with uncommitted changes" if said["dirty"] else ""
    rung = f", up to rung {said['rung']}" if said["rung"] else ""
    head = click.style(" HOLDS ", fg="white", bg="green", bold=True)
    return [
        f"{head}  {said['verdict']}{rung}  run {said['run']}",
        f"  about      commit {said['commit'][:12] or '(none)'}{changes}",
        *(f"  merge of   {merge_words(each)}" for each in [said.get("parents")] if each),
        f"  build      {said['build_id'][:12] or '(none)'}",
        f"  where      {said['env']} on {board}",
        f"  signed by  {key}",
        *(f"  because    {reason}" for reason in found.reasons[:1]),
        *(
            [f"  worded by  hostkit {found.worded_by}: its sentences were not compared"]
            if found.worded_by
            else []
        ),
        *(click.style(f"  WAIVED     {waived['said']}", fg="red") for waived in said.get("waived", ())),
    ]

"""``hostkit gc``: remove what nobody needs any more."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context

if TYPE_CHECKING:
    from hostkit.gate.garbage import Collection

_DAY_S = 86_400.0
_MEGABYTE = 1 << 20


@click.command("gc")
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="What was not used for so long goes.",
)
@click.option(
    "--max-size",
    "megabytes",
    type=click.IntRange(min=0),
    metavar="MB",
    help="More than so much in all goes too, the longest unused first.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def gc_command(context: Context, days: float, megabytes: int | None, dry_run: bool, as_json: bool) -> None:
    """Remove stored builds, compiled objects, witnesses of gates and interrupted runs not used for long.

    Never what evidence refers to: a build that the ledger, a run of this checkout or a board's last flash
    names, nor any run that has a verdict. Nor what was used within the last hour. Safe beside builds, gates
    and another collection.
    """
    from hostkit.build.garbage import Limits  # noqa: PLC0415 - not for --help
    from hostkit.gate.garbage import Yard, collect  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415

    settings = load_settings(context.project, os.environ, {}).settings
    yard = Yard(context.paths, context.project / settings.runs_dir, context.clock, settings.database_url)
    limit = None if megabytes is None else megabytes * _MEGABYTE
    found = collect(yard, Limits(days * _DAY_S, limit), dry=dry_run)
    click.echo(json.dumps(_record(found, dry_run), indent=2) if as_json else _summary(found, dry_run))


def _record(found: Collection, dry: bool) -> dict[str, object]:
    gone = [{"kind": item.kind, "path": str(item.path), "bytes": item.size} for item in found.gone]
    rest = {"left_bytes": found.left, "referred_to": found.kept, "note": found.note}
    return {"schema": "hostkit.gc/1", "dry_run": dry, "gone": gone} | rest


def _summary(found: Collection, dry: bool) -> str:
    size, count = Counter[str](), Counter[str]()
    for item in found.gone:
        size[item.kind] += item.size
        count[item.kind] += 1
    rows = [f"would remove {item.kind} {item.path}" for item in found.gone if dry]
    verb = "would remove" if dry else "removed"
    rows += [f"{verb} {count[kind]} x {kind}, {size[kind] / _MEGABYTE:.1f} MB" for kind in sorted(count)]
    rows += [] if found.gone else ["nothing is old enough and referred to by nothing"]
    rows.append(f"{found.left / _MEGABYTE:.1f} MB stay; evidence refers to {found.kept} of what is there")
    return "\n".join([*rows, *([found.note] if found.note else [])])

"""``hostkit queue boards``: what the queue knows of each board, and what it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.cli.queue_office import Catalogs, Office, open_office

if TYPE_CHECKING:
    from hostkit.boards.model import BoardSpec
    from hostkit.jobs.boards import BoardRecord

_NEVER = "no job used it yet"


@click.command("boards")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on standard output.")
@click.pass_obj
def boards_command(context: Context, as_json: bool) -> None:
    """Say of each board who has it, how often it failed, and what it runs.

    A board whose flash was cut short, by a cancel or a kill, is said to run nobody knows what, until a job
    has written it anew and the firmware has said its build id.
    """
    with open_office(context) as office:
        known = office.leasing.boards()
        rows = [_row(office, spec, known) for spec in Catalogs().of(context.project)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:<10} {row['state']}")
        runs = f"runs {row['runs'] or 'what it ran before'}"
        click.echo(f"{'':<10} {runs if row['lease'] else _NEVER}")


def _row(office: Office, spec: BoardSpec, known: dict[str, BoardRecord]) -> dict[str, Any]:
    record = known.get(spec.identity)
    return {
        "name": spec.name,
        "identity": spec.identity,
        "state": office.premises.why_not(spec, known) or "free",
        "faults": record.breaker.faults if record else 0,
        "lease": record.generation if record else 0,
        "runs": record.content if record else "",
    }

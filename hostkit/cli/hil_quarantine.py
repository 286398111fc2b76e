"""``hostkit hil quarantine``: which tests do not count at present, for how long, and who owns them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from hostkit.cli.context import Context


@click.command("quarantine")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_obj
def quarantine_command(context: Context, as_json: bool) -> None:
    """List the entries of hil_tests/quarantine.toml with the days that are left.

    A quarantined test runs and is reported, and counts for nothing: neither its failure nor its pass. An
    entry that has ended, or ends more than 30 days ahead, stops every gate (exit 2).
    """
    from hostkit.gate.suite import FOLDER  # noqa: PLC0415 - not for --help
    from hostkit.hil.quarantine import FILE_NAME, read_quarantine  # noqa: PLC0415

    entries = read_quarantine(context.project / FOLDER / FILE_NAME)
    today = datetime.fromtimestamp(context.clock.wall_ns() / 1e9, UTC).date()
    if as_json:
        rows = [
            {
                "test": entry.test,
                "owner": entry.owner,
                "reason": entry.reason,
                "expires": entry.expires.isoformat(),
                "issue": entry.issue,
                "place": entry.place,
                "days_left": entry.days_left(today),
            }
            for entry in entries
        ]
        click.echo(json.dumps({"schema": "hostkit.quarantine/1", "quarantine": rows}, indent=2))
        return
    for entry in entries:
        left = entry.days_left(today)
        when = f"{left:3d} days left" if left >= 0 else f"ended on {entry.expires}"
        issue = f" ({entry.issue})" if entry.issue else ""
        click.echo(f"{when}  {entry.test}  {entry.owner}: {entry.reason}{issue}")
    if not entries:
        click.echo("no test is quarantined")

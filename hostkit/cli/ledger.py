"""``hostkit ledger``: the verdicts of this user, in a chain."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from hostkit.cli.context import Context, find_project
from hostkit.cli.lazy import TellingGroup
from hostkit.errors import ExitCode
from hostkit.words import counted


@click.group("ledger", cls=TellingGroup)
def ledger_group() -> None:
    """Check the ledger: the verdicts of this user, each linked by hash to the one before it."""


@ledger_group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def verify_command(context: Context, as_json: bool) -> int:
    """Find entries that were edited, removed, put in or reordered, and evidence that says something else.

    An entry whose evidence is still here must say what its signed statement says. Evidence that is gone is
    counted, and is no fault. Exit code 0: the ledger holds, 4: it does not.
    """
    from hostkit.gate.keys import trusted_keys  # noqa: PLC0415 - not for --help
    from hostkit.gate.vouch import ledger_problems  # noqa: PLC0415
    from hostkit.store.database import open_database  # noqa: PLC0415
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    with open_database(context.paths.state, _database(context)) as database:
        ledger = Ledger(database)
        ledger.check()
        entries = ledger.entries()
    here = [entry for entry in entries if Path(entry.record.evidence).is_dir()]
    problems = ledger_problems(entries, here, trusted_keys(context.paths, os.environ))
    if as_json:
        told = {"entries": len(entries), "evidence": len(here), "problems": list(problems)}
        click.echo(json.dumps(told | {"holds": not problems}, indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(problem)
        links = "entry" if len(entries) == 1 else "entries"
        click.echo(
            f"{len(entries)} {links} in one chain, evidence of {len(here)} here, "
            f"{counted(len(problems), 'problem')}"
        )
    return ExitCode.INVALID if problems else ExitCode.PASS


def _database(context: Context) -> str:
    from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help

    project = find_project(context.start) or context.start
    return load_settings(project, os.environ, {}).settings.database_url

"""``hostkit hil``: the hardware suite on what a board runs now."""

from __future__ import annotations

from dataclasses import replace

import click

from hostkit.cli.context import Context
from hostkit.cli.gate import judge, load, request_of
from hostkit.cli.waiting import wait_option


@click.command("hil")
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@click.option("-b", "--board", help="Board of boards.toml, or `any` (default: the setting `board`).")
@click.option("-k", "selection", default="", metavar="EXPR", help="Run only tests that match.")
@click.option("--any-build", is_flag=True, help="Test what the board runs, whatever it is.")
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Show what pytest prints.")
@click.pass_obj
def hil_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    env: str | None,
    board: str | None,
    selection: str,
    any_build: bool,
    lease_timeout: float | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Run the hardware-in-the-loop suite on a board, without flashing it.

    The board must run the build of this checkout, unless --any-build. The result opens no gate and is
    not entered in the ledger; evidence is left all the same.
    """
    from hostkit.gate.model import Rules  # noqa: PLC0415 - not for --help
    from hostkit.store.model import Rung  # noqa: PLC0415

    rules = Rules(min_rung=Rung.BOOTED, flash=False, build=not any_build, whole_suite=False)
    settings = load(context, env=env, board=board, lease_timeout_s=lease_timeout)
    request = replace(request_of(context, settings, rules, selection), ledger=False)
    return judge(context, settings, request, as_json=as_json, verbose=verbose)

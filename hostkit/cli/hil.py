"""``hostkit hil``: the hardware suite on what a board runs now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from hostkit.cli.context import Context
from hostkit.cli.gate import board_option, judge, load, request_of
from hostkit.cli.lazy import LazyGroup, Verb
from hostkit.cli.retrying import retry_option
from hostkit.cli.soaking import soak_option
from hostkit.cli.waiting import wait_option

VERBS = {
    "mutants": Verb("hostkit.cli.hil_mutants:mutants_command", "Show that the suite notices faults."),
    "quarantine": Verb("hostkit.cli.hil_quarantine:quarantine_command", "List tests that do not count."),
}


class _HilGroup(LazyGroup):
    """The suite itself without a verb behind it, and what is done with the suite with one."""

    def __init__(self, **more: Any) -> None:
        super().__init__(VERBS, invoke_without_command=True, **more)


@click.command("hil", cls=_HilGroup)
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@board_option
@click.option("-k", "selection", default="", metavar="EXPR", help="Run only tests that match.")
@click.option("--any-build", is_flag=True, help="Test what the board runs, whatever it is.")
@retry_option
@soak_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Show what pytest prints.")
@click.pass_context
def hil_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    click_context: click.Context,
    env: str | None,
    board: str | None,
    selection: str,
    any_build: bool,
    retries: int,
    soak: float,
    lease_timeout: float | None,
    as_json: bool,
    verbose: bool,
) -> int | None:
    """Run the hardware-in-the-loop suite on a board, without flashing it.

    The board must run the build of this checkout, unless --any-build. The result opens no gate and is
    not entered in the ledger; evidence is left all the same.
    """
    if click_context.invoked_subcommand is not None:
        _refuse_options(click_context)
        return None
    from hostkit.gate.model import Rules  # noqa: PLC0415 - not for --help
    from hostkit.store.model import Rung  # noqa: PLC0415

    rules = Rules(Rung.BOOTED, flash=False, build=not any_build, whole_suite=False, soak_s=soak)
    context: Context = click_context.obj
    settings = load(context, env=env, board=board, lease_timeout_s=lease_timeout)
    request = replace(request_of(context, settings, rules, selection), ledger=False, retries=retries)
    return judge(context, settings, request, as_json=as_json, verbose=verbose)


def _refuse_options(context: click.Context) -> None:
    """An option in front of the verb would be taken by nobody."""
    for param in context.command.params:
        if param.name and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            verb = context.invoked_subcommand
            raise click.UsageError(
                f"write {param.opts[0]} behind '{verb}': hostkit hil {verb} {param.opts[0]} …"
            )

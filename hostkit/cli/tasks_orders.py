"""``hostkit tasks retry`` and ``stop``: what a person orders, kept with the name of who did."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.tasks_plan import FILE, task_named
from hostkit.words import counted

if TYPE_CHECKING:
    from hostkit.tasks.workshop import Workshop


@click.command("retry")
@click.argument("task")
@FILE
@click.option("--attempts", type=click.IntRange(1, 100), default=1, show_default=True, help="How many more.")
@click.pass_obj
def retry_command(context: Context, task: str, file: Path | None, attempts: int) -> None:
    """Allow another attempt at a task that failed, or close the breaker that holds it.

    It goes beyond the task's own attempts, and beyond limits: a person says so, and the record does too.
    """
    from hostkit.cli.tasks import open_workshop  # noqa: PLC0415 - not for --help
    from hostkit.tasks.lock import is_running  # noqa: PLC0415
    from hostkit.tasks.ordering import retry  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        task_named(shop.plan, task)
        retry(shop, task, _whoever(), attempts)
        running = is_running(shop.folders.lock)
        standing = shop.standings(running=running)[task]
    more = "the run at work takes it up" if running else "go on: hostkit tasks run"
    click.echo(f"{task}: {counted(attempts, 'more attempt')} allowed; {standing.state.value}; {more}")


@click.command("stop")
@click.argument("task", required=False)
@FILE
@click.pass_obj
def stop_command(context: Context, task: str | None, file: Path | None) -> None:
    """End the run with all of its agents and checks; with TASK, only what is at work for that one.

    A run that was stopped is gone on with by the next one. A task whose agent was stopped waits until you
    order a retry; a proof that was stopped is made again by the next run. Work that is verified leaves the
    merge that it is in.
    """
    from hostkit.cli.tasks import open_workshop  # noqa: PLC0415 - not for --help
    from hostkit.tasks.ordering import stop_run, stop_task  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        if task is None:
            pid = stop_run(shop, _whoever())
            click.echo(f"the run (pid {pid}) has ended; go on: hostkit tasks run")
            return
        task_named(shop.plan, task)
        if _stopped_merging(shop, task):
            click.echo(f"{task}: taken out of the merge; the next run brings it again: hostkit tasks run")
            return
        ended = stop_task(shop, task, _whoever())
    click.echo(f"{task}: {ended} of its processes ended; again: hostkit tasks retry {task}")


def _stopped_merging(shop: Workshop, task: str) -> bool:
    """Call off the merge of a task that is verified, if one is under way."""
    from hostkit.tasks.lock import is_running  # noqa: PLC0415 - not for --help
    from hostkit.tasks.model import State  # noqa: PLC0415

    if not is_running(shop.folders.lock) or shop.standings(running=True)[task].state is not State.VERIFIED:
        return False
    from hostkit.train.tasks import withdraw  # noqa: PLC0415

    return withdraw(shop, task, _whoever())


def _whoever() -> str:
    """Return who gives the order: the user's name, as far as the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"

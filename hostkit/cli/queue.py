"""``hostkit queue``: many submitters, few boards, nothing lost, nothing done twice."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import replace

import click

from hostkit.cli.context import Context
from hostkit.cli.lazy import TellingGroup
from hostkit.cli.queue_boards import boards_command
from hostkit.cli.queue_office import Office, open_office
from hostkit.cli.queue_show import list_command, show_command
from hostkit.cli.queue_submit import KINDS, submit_command
from hostkit.cli.queue_wait import wait_for
from hostkit.errors import ExitCode


@click.group("queue", cls=TellingGroup)
def queue_group() -> None:
    """Queue builds, flashes and gates of many submitters for few boards.

    A job is a verb that runs when it is its turn: by priority, fair between submitters, and nobody waits for
    ever. It outlives whoever submitted it, its worker and the machine. The same work is done once.
    """


@queue_group.group("submit", cls=TellingGroup)
def submit_group() -> None:
    """Put a verb in line; it takes the options that it has by hand.

    \b
      hostkit queue submit gate -e virtual -b virt0 --wait
      hostkit queue submit flash -e esp32dev -b chip=esp32,label=desk --priority 2 --as ann

    -b takes a name, `any`, or what must be true of the board: chip, kind, label, profile, fidelity.
    A gate or hil job may name several (-b virt0,virt1): it begins when all are free, and has them all.
    The job is for the checkout as it is now; a checkout that changes before its turn is refused.
    """


for _kind in KINDS:
    submit_group.add_command(submit_command(_kind))
for _command in (list_command, show_command, boards_command):
    queue_group.add_command(_command)


@queue_group.command("work")
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=4, show_default=True, help="Steps at once.")
@click.option("--until-empty", is_flag=True, help="End when nothing waits or runs any more.")
@click.pass_obj
def work_command(context: Context, jobs: int, until_empty: bool) -> None:
    """Be a worker: take jobs and run them until Ctrl-C.

    Interrupted, it ends its steps and puts their jobs back in line. Killed, another worker, or the next
    one, does. Several workers may run at once.
    """
    from hostkit.jobs.waking import Bell  # noqa: PLC0415 - only to work

    with open_office(context) as office, ExitStack() as stack:
        bell = Bell(context.paths.queue)
        stack.callback(bell.close)
        worker = office.worker(jobs, _tell)
        over = (lambda: not office.queue.counts()) if until_empty else (lambda: False)
        _tell(f"worker {worker.record.id}, pid {os.getpid()}: up to {jobs} steps at once, Ctrl-C ends it")
        worker.run(over, bell)


@queue_group.command("cancel")
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.pass_obj
def cancel_command(context: Context, numbers: tuple[int, ...]) -> None:
    """Cancel jobs. One that runs is ended with all its processes, and then counts as cancelled.

    What a flash that was cut short left on the board is known as such: the next job writes it anew.
    """
    from hostkit.jobs.waking import ring  # noqa: PLC0415 - not for --help

    with open_office(context) as office:
        for number in numbers:
            job = office.queue.cancel(number)
            click.echo(f"job {number}: {job.state.value}: {job.reason}")
        ring(context.paths.queue)


@queue_group.command("retry")
@click.argument("number", type=int)
@click.option("--wait", is_flag=True, help="Wait for the end; its exit code is the verdict's.")
@click.pass_obj
def retry_command(context: Context, number: int, wait: bool) -> int:
    """Submit the same again as a new job; what ended stays as it is.

    It is for the same checkout, which must not have changed since.
    """
    from hostkit.cli.queue_office import refuse_moved  # noqa: PLC0415 - not for --help

    with open_office(context) as office:
        old = office.queue.get(number)
        refuse_moved(context, old)
        job = office.queue.submit(replace(old.wanted, again_of=number))
        click.echo(f"job {job.id}: {job.state.value}, as job {number} was")
        return _entered(office, job.id, wait=wait)


@queue_group.command("dead")
@click.option("--requeue", "number", type=int, metavar="JOB", help="Try this one again, with a new budget.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on standard output.")
@click.pass_obj
def dead_command(context: Context, number: int | None, as_json: bool) -> int:
    """List the jobs whose set-up failed too often, with all that was tried.

    No board, a lost link or a tool that failed is tried again, later and later; a fail never is.
    """
    from hostkit.jobs.model import State  # noqa: PLC0415 - not for --help
    from hostkit.report.queue import job_record  # noqa: PLC0415

    with open_office(context) as office:
        if number is not None:
            click.echo(f"job {number}: {office.queue.requeue(number).state.value}")
            return _entered(office, number, wait=False)
        dead = office.queue.ended_jobs(200, [State.DEAD])
        tried = {job.id: office.queue.attempts(job.id) for job in dead}
    if as_json:
        click.echo(json.dumps([job_record(job, tried[job.id]) for job in dead], indent=2))
        return ExitCode.PASS
    for job in dead:
        wanted = job.wanted
        click.echo(f"job {job.id}: {wanted.kind.value} {wanted.env} by {wanted.submitter}: {job.reason}")
        for attempt in tried[job.id]:
            where = f" on {attempt.board_name}" if attempt.board_name else ""
            told = f"{attempt.outcome.value}: {attempt.reason}" if attempt.reason else attempt.outcome.value
            click.echo(f"  {attempt.step.value}{where}: {told}  {attempt.evidence}".rstrip())
    click.echo("nothing is dead" if not dead else "again: hostkit queue dead --requeue JOB")
    return ExitCode.PASS


@queue_group.command("drain")
@click.option("--resume", is_flag=True, help="Let jobs begin again.")
@click.option("--wait", is_flag=True, help="Wait until nothing runs any more.")
@click.pass_obj
def drain_command(context: Context, resume: bool, wait: bool) -> None:
    """Let no job begin any more, on any worker; what runs comes to its end. Jobs can still be submitted."""
    from hostkit.jobs.waking import ring  # noqa: PLC0415 - not for --help

    with open_office(context) as office:
        office.queue.drain(on=not resume)
        ring(context.paths.queue)
        while wait and not resume and office.queue.going():
            context.clock.sleep(0.2)
        left = len(office.queue.going())
    click.echo("jobs begin again" if resume else f"drained: no job begins, {left} still run")


@queue_group.command("slots")
@click.argument("number", type=int, required=False)
@click.pass_obj
def slots_command(context: Context, number: int | None) -> None:
    """Show how many builds run at once on this machine, by hand or queued; with NUMBER, change it.

    It takes effect at once; what builds goes on.
    """
    from hostkit.build.slots import BuildSlots  # noqa: PLC0415 - not for --help
    from hostkit.jobs.waking import ring  # noqa: PLC0415

    slots = BuildSlots(context.paths.slots, context.clock)
    if number is not None:
        slots.change(number)
        ring(context.paths.queue)
    click.echo(f"{slots.number} builds at once")


def _entered(office: Office, number: int, *, wait: bool) -> int:
    from hostkit.jobs.waking import ring  # noqa: PLC0415

    ring(office.context.paths.queue)
    if not wait:
        return ExitCode.PASS
    return int(wait_for(office, office.queue.get(number)).state.exit_code)


def _tell(text: str) -> None:
    click.echo(text, err=True)

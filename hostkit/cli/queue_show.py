"""``hostkit queue list`` and ``show``: how every job stands, and why."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.queue_office import Office, open_office

if TYPE_CHECKING:
    from hostkit.jobs.model import Attempt, Job
    from hostkit.jobs.outlook import Outlook
    from hostkit.report.queue import Line

_DEPTH = 20  # waiting jobs that a list shows of each line
_ALL = 1_000_000
_FEWEST = 12  # lines of a list on however small a terminal
_REFRESH_S = 0.5


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Every waiting job, and the last 200 that ended.")
@click.option("--watch", is_flag=True, help="Keep the list up to date until Ctrl-C; needs a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def list_command(context: Context, everything: bool, watch: bool, as_json: bool) -> None:
    """List the jobs: what runs, who waits and why, what ended last.

    The estimates rest on how long such steps took before. In a pipe the lines are plain and whole.
    """
    from hostkit.report.queue import list_record, plain_lines  # noqa: PLC0415 - rich, not for --help

    with open_office(context) as office:
        if watch and sys.stdout.isatty():
            _watch(office)
            return
        lines = _lines(office, everything=everything)
        if as_json:
            counts, drained = office.queue.counts(), office.queue.drained
            click.echo(json.dumps(list_record(lines, counts, drained=drained), indent=2))
        elif not lines:
            click.echo("no job was ever submitted: hostkit queue submit gate -e ENV -b BOARD")
        elif sys.stdout.isatty():
            lines = lines if everything else _fitting(office, lines)
            context.console.print(_table(office, lines))
            click.echo(_foot(office, lines))
        else:
            click.echo("\n".join([*plain_lines(lines), _foot(office, lines)]))


@click.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def show_command(context: Context, number: int, as_json: bool) -> None:
    """Show one job: what was asked, where it stands, every attempt and its evidence."""
    with open_office(context) as office:
        job, attempts = office.queue.get(number), office.queue.attempts(number)
        if job.leader:
            attempts = office.queue.attempts(job.leader)
        if as_json:
            from hostkit.report.queue import job_record  # noqa: PLC0415

            click.echo(json.dumps(job_record(job, attempts), indent=2))
            return
        followers = office.queue.followers(number)
        click.echo("\n".join(_story(office, job, attempts, followers)))


def standing_words(office: Office, job: Job, *, live: bool = True) -> str:
    """Return how a job stands: its state, and what it does, waits for or came to.

    Without ``live`` the words change only when something happens.
    """
    from hostkit.jobs.model import State  # noqa: PLC0415 - not for --help

    if job.state.ended:
        return job.state.value + (f": {job.reason}" if job.reason else "")
    view = outlook(office, _ALL if job.state is State.WAITING else 0).view(job)
    words = view.words if live else view.news
    where = f" on {view.board}" if view.board else ""
    return f"{job.state.value}{where}" + (f": {words}" if words else "")


def outlook(office: Office, depth: int) -> Outlook:
    """Return what is known at this moment."""
    from hostkit.jobs.estimate import typical_s  # noqa: PLC0415 - not for --help
    from hostkit.jobs.model import Step  # noqa: PLC0415
    from hostkit.jobs.outlook import Outlook  # noqa: PLC0415
    from hostkit.report.queue import spell_s  # noqa: PLC0415

    known = office.leasing.boards()
    now_ns, waiting = office.context.clock.wall_ns(), office.queue.waiting(platform.node(), depth)

    @cache
    def usual_s(step: Step, env: str) -> float:
        return typical_s(office.queue.past_s(step, env))

    return Outlook(
        now_ns=now_ns,
        running={attempt.id: attempt for attempt in office.leasing.running()},
        waiting=waiting,
        typical_s=usual_s,
        build_slots=office.premises.build_slots(),
        boards_of=office.premises.boards_of,
        why_not=lambda spec: office.premises.why_not(spec, known),
        spell_s=spell_s,
        drained=office.queue.drained,
        staffed=office.staffed(),
        kept=office.premises.kept(waiting, now_ns, known),
    )


def _lines(office: Office, *, everything: bool) -> list[Line]:
    from hostkit.report.queue import Line  # noqa: PLC0415

    now = outlook(office, _ALL if everything else _DEPTH)
    ended = office.queue.ended_jobs(200 if everything else 5)
    jobs = [*reversed(ended), *office.queue.going(), *now.waiting, *office.queue.following(_DEPTH)]
    views = [(job, now.view(job)) for job in jobs]
    return [Line(job, view.words, view.board, view.fraction, view.seconds, view.brief) for job, view in views]


def _fitting(office: Office, lines: list[Line]) -> list[Line]:
    """Return what the terminal has room for, beside the heading, the foot and the prompt: what ended goes
    first, and then who waits longest still."""
    room = max(_FEWEST, office.context.console.height - 3)
    ended = sum(line.job.state.ended for line in lines)
    return lines[min(ended, max(0, len(lines) - room)) :][:room]


def _table(office: Office, lines: Sequence[Line]) -> object:
    from hostkit.report.queue import queue_table  # noqa: PLC0415

    return queue_table(lines, width=min(office.context.console.width, 120))


def _foot(office: Office, lines: Sequence[Line]) -> str:
    """Return what the list leaves out, and who works."""
    counts = office.queue.counts()
    shown = {job.id for job in (line.job for line in lines) if not job.state.ended}
    told = ", ".join(f"{count} {state.value}" for state, count in counts.items()) or "nothing waits or runs"
    hidden = sum(counts.values()) - len(shown)
    told += f" ({hidden} not shown: --all)" if hidden > 0 else ""
    if office.queue.drained:
        return told + "; drained: hostkit queue drain --resume"
    return told + ("" if office.staffed() else "; no worker runs: hostkit queue work")


def _watch(office: Office) -> None:
    from rich.console import Group  # noqa: PLC0415 - only on a terminal
    from rich.live import Live  # noqa: PLC0415

    with Live(console=office.context.console, auto_refresh=False) as live:
        while True:
            lines = _fitting(office, _lines(office, everything=False))
            live.update(Group(_table(office, lines), _foot(office, lines)), refresh=True)  # type: ignore[arg-type]
            office.context.clock.sleep(_REFRESH_S)


def _story(office: Office, job: Job, attempts: Sequence[Attempt], followers: Sequence[Job]) -> list[str]:
    from hostkit.jobs.child import attempt_folder  # noqa: PLC0415
    from hostkit.report.queue import spell_s  # noqa: PLC0415

    wanted = job.wanted
    commit = (wanted.commit[:12] or "no commit") + (" with changes" if wanted.changes else "")
    asked = " ".join([wanted.kind.value, "-e", wanted.env, *(("-b", wanted.wish) if wanted.wish else ())])
    rows = [
        f"job {job.id}: {standing_words(office, job)}",
        f"asked      {asked} {' '.join(wanted.options)}".rstrip(),
        f"by         {wanted.submitter}, priority {wanted.priority}, {_when(job.submitted_ns)}",
        f"checkout   {wanted.project} at {commit}",
    ]
    if job.evidence:
        rows.append(f"evidence   {job.evidence}")
    if wanted.again_of:
        rows.append(f"again      job {wanted.again_of}")
    rows += [f"followed   by job {other.id} of {other.wanted.submitter}" for other in followers]
    now_ns = office.context.clock.wall_ns()
    for attempt in attempts:
        took = spell_s(((attempt.ended_ns or now_ns) - attempt.began_ns) / 1e9)
        where = f" on {attempt.board_name} (lease {attempt.generation})" if attempt.board_name else ""
        told = f": {attempt.reason}" if attempt.reason else ""
        how = f"{attempt.outcome.value}, {took}{told}" if attempt.ended_ns else f"runs for {took}"
        rows.append(f"attempt {attempt.id:<3}{attempt.step.value}{where}: {how}")
        rows.append(f"           output {attempt_folder(office.context.paths.queue, attempt)}")
        if attempt.evidence and attempt.evidence != job.evidence:
            rows.append(f"           evidence {attempt.evidence}")
    return rows


def _when(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(" ", "seconds").replace("+00:00", " UTC")

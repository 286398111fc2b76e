"""One job's change of state in the database: checked by the table, and only from the state it was seen in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select, update

from hostkit.errors import ToolError
from hostkit.jobs.model import Job, State, line_of
from hostkit.jobs.order import Head, in_order, next_tag
from hostkit.jobs.rows import FOLLOWERS, HEADS, JOB, LAST_ENTERED, LAST_TAG, SERVED, due, head_of, job_of
from hostkit.jobs.transitions import Event, after
from hostkit.store.tables import job_lines, jobs

_SHARED = (State.PASSED, State.FAILED, State.INVALID, State.INCONCLUSIVE, State.REFUSED, State.DEAD)


class MovedError(ToolError):
    """Another process changed the job between reading and writing; nothing was written."""


def find_job(connection: Connection, number: int) -> Job | None:
    """Return a job, None when there is none of that number."""
    row = connection.execute(JOB, {"job": number}).mappings().first()
    return None if row is None else job_of(row)


@dataclass(frozen=True, slots=True)
class Heads:
    """Who is served next, in that order, and the jobs by their numbers."""

    order: list[Head]
    jobs: dict[int, Job]


def find_heads(connection: Connection, host: str, now_ns: int, depth: int) -> Heads:
    """Return the jobs of a host that are due, looking ``depth`` jobs into each line and priority."""
    order = in_order(head_of(row) for row in connection.execute(HEADS, due(host, now_ns, depth)))
    ids = [head.job for head in order]
    rows = connection.execute(select(jobs).where(jobs.c.id.in_(ids))).mappings() if ids else ()
    found = {row["id"]: job_of(row) for row in rows}
    return Heads([head for head in order if head.job in found], found)


def move(connection: Connection, job: Job, event: Event, **changes: Any) -> Job:
    """Write what follows on an event, and return the job as it is then.

    Raises :class:`ToolError` for an event that the table does not have, :class:`MovedError` when somebody
    else was faster.
    """
    state = after(job.state, event)
    done = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.state == job.state.value)
        .values(state=state.value, **changes)
    )
    if done.rowcount != 1:
        raise MovedError(
            f"job {job.id} was changed by another process just now", hint="run the same command again"
        )
    known = {name: value for name, value in changes.items() if name != "line"}
    return replace(job, state=state, **known)


def place_in(connection: Connection, line: str, priority: int, submitter: str) -> int:
    """Return the tag of a job that enters a line now. For a transaction without another writer."""
    where = {"line": line, "priority": priority, "submitter": submitter}
    served = connection.execute(SERVED, where).scalar()
    if served is None:
        connection.execute(job_lines.insert().values(line=line, priority=priority, served=0))
    return next_tag(served or 0, connection.execute(LAST_TAG, where).scalar() or 0)


def entry_ns(connection: Connection, now_ns: int) -> int:
    """Return when a job enters: never before one that waits already, though the clock was set back."""
    return max(now_ns, connection.execute(LAST_ENTERED).scalar() or 0)


def share_end(connection: Connection, leader: Job, event: Event) -> None:
    """Give the followers of a job that ended the same end, or let them go on without it."""
    followers = [job_of(row) for row in connection.execute(FOLLOWERS, {"job": leader.id}).mappings()]
    if not followers:
        return
    if leader.state in _SHARED:
        values = {
            "ended_ns": leader.ended_ns,
            "reason": leader.reason,
            "evidence": leader.evidence,
            "attempt": leader.attempt,
        }
        for job in followers:
            move(connection, job, event, **values)
        return
    first, *others = followers
    move(
        connection,
        first,
        Event.RELEASE,
        leader=0,
        step=leader.step,
        line=line_of(first.wanted, leader.now),
        tag=leader.tag,
        entered_ns=leader.entered_ns,
        reason="",
    )
    follow_another(connection, others, first.id)


def follow_another(connection: Connection, followers: list[Job], leader: int) -> None:
    """Let jobs follow another leader than before."""
    ids = [job.id for job in followers]
    if ids:
        connection.execute(
            update(jobs)
            .where(jobs.c.id.in_(ids), jobs.c.state == State.FOLLOWING.value)
            .values(leader=leader)
        )

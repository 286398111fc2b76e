"""One job's change of state in the database: checked by the table, and only from the state it was seen in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, update

from hostkit.errors import ToolError
from hostkit.jobs.model import Job, State, line_of
from hostkit.jobs.order import Head, in_order
from hostkit.jobs.rows import (
    FOLLOWERS,
    FOLLOWING,
    HEADS,
    HEADS_OF_LINE,
    JOB,
    JOBS,
    NEXT_LINE,
    due,
    head_of,
    job_of,
)
from hostkit.jobs.transitions import Event, after
from hostkit.store.prepared import Prepared, Row
from hostkit.store.tables import jobs

_SHARED = (State.PASSED, State.FAILED, State.INVALID, State.INCONCLUSIVE, State.REFUSED, State.DEAD)

_AT_ONCE = 10_000  # numbers in one question: SQLite takes 32,766, PostgreSQL 65,535


class MovedError(ToolError):
    """Another process changed the job between reading and writing; nothing was written."""


def find_job(connection: Connection, number: int) -> Job | None:
    """Return a job, None when there is none of that number."""
    row = connection.execute(JOB, {"job": number}).mappings().first()
    return None if row is None else job_of(row)


def find_jobs(connection: Connection, numbers: Sequence[int]) -> dict[int, Job]:
    """Return jobs by their numbers; one that there is none of is left out."""
    parts = [numbers[first : first + _AT_ONCE] for first in range(0, len(numbers), _AT_ONCE)]
    return {row["id"]: job_of(row) for part in parts for row in JOBS.rows(connection, {"jobs": part})}


@dataclass(frozen=True, slots=True)
class Heads:
    """Who is served next, in that order, and the jobs by their numbers."""

    order: list[Head]
    jobs: dict[int, Job]


def find_heads(connection: Connection, host: str, now_ns: int, depth: int) -> Heads:
    """Return the jobs of a host that are due, looking ``depth`` jobs into each line and priority."""
    order = in_order(head_of(row) for row in _first(connection, due(host, now_ns, depth)))
    found = find_jobs(connection, [head.job for head in order])
    return Heads([head for head in order if head.job in found], found)


def _first(connection: Connection, asked: Mapping[str, int | str]) -> Sequence[Row]:
    """Ask SQLite line by line, with no look at all who wait; a server once, as each time takes its way."""
    if connection.dialect.name != "sqlite":
        return HEADS.rows(connection, asked)
    found: list[Row] = []
    line, least = "", 0  # none is without a name
    while first := NEXT_LINE.rows(connection, {**asked, "line": line, "least": least}):
        found += HEADS_OF_LINE.rows(connection, {**asked, **first[0]})
        line, least = first[0]["line"], first[0]["priority"] + 1
    return found


@dataclass(frozen=True, slots=True)
class Move:
    """What happens to a job, and which other columns change with it."""

    job: Job
    event: Event
    changes: Mapping[str, Any]


def move(connection: Connection, job: Job, event: Event, **changes: Any) -> Job:
    """Write what follows on an event, and return the job as it is then; see :func:`move_all`."""
    return move_all(connection, [Move(job, event, changes)])[0]


def move_all(connection: Connection, moves: Sequence[Move]) -> list[Job]:
    """Write what follows on events, and return the jobs as they are then, in that order.

    Raises :class:`ToolError` for an event that the table does not have, :class:`MovedError` when somebody
    else was faster with one of the jobs.
    """
    states = [after(each.job.state, each.event) for each in moves]
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for each, state in zip(moves, states, strict=True):
        row = {f"to_{name}": value for name, value in each.changes.items()}
        row |= {"job": each.job.id, "seen": each.job.state.value, "then": state.value}
        alike.setdefault(tuple(sorted(each.changes)), []).append(row)
    for names, rows in alike.items():
        if _moved(names).change(connection, rows) != len(rows):
            which = f"job {rows[0]['job']}" if len(rows) == 1 else "a job"
            raise MovedError(f"{which} was changed by another process just now", hint="run it again")
    return [_as_moved(each, state) for each, state in zip(moves, states, strict=True)]


@cache
def _moved(names: tuple[str, ...]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names} | {"state": bindparam("then")}
    mine = update(jobs).where(jobs.c.id == bindparam("job"), jobs.c.state == bindparam("seen"))
    return Prepared(mine.values(values))


def _as_moved(moved: Move, state: State) -> Job:
    known = {name: value for name, value in moved.changes.items() if name != "line"}
    return replace(moved.job, state=state, **known)


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
        connection.execute(update(jobs).where(jobs.c.id.in_(ids), FOLLOWING).values(leader=leader))

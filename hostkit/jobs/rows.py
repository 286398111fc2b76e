"""Rows of the database as records, and the statements that are asked all the time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select, tuple_, update

from hostkit.jobs.model import Attempt, Job, Kind, Outcome, State, Step, Wanted
from hostkit.jobs.order import Head
from hostkit.store.prepared import Prepared, Row
from hostkit.store.tables import job_attempts, jobs

_SPELLED = ("kind", "options", "line", "variables")  # stored in another form, or under another name
_PLAIN_WANTED = tuple(field.name for field in fields(Wanted) if field.name not in _SPELLED)
_PLAIN_JOB = tuple(field.name for field in fields(Job) if field.name not in ("wanted", "state"))
_OF_WANTED, _OF_JOB = attrgetter(*_PLAIN_WANTED), itemgetter(*_PLAIN_JOB)
_REQUEST = itemgetter("kind", "options", "variables", "board_line", *_PLAIN_WANTED)
_FAR_NS = 3_600_000_000_000  # no pause is this long: what is due later was written under another clock


def row_of_wanted(wanted: Wanted) -> dict[str, Any]:
    """Return the columns that hold a request."""
    row = dict(zip(_PLAIN_WANTED, _OF_WANTED(wanted), strict=True))
    row["kind"] = wanted.kind.value
    row["options"] = json.dumps(wanted.options) if wanted.options else "[]"
    row["variables"] = json.dumps(wanted.variables) if wanted.variables else "[]"
    row["board_line"] = wanted.line
    return row


def job_of(row: Row) -> Job:
    """Return a row of ``jobs`` as a record."""
    number, *others = _OF_JOB(row)
    return Job(number, _wanted_of(*_REQUEST(row)), State(row["state"]), *others)


@lru_cache(maxsize=1024)
def _wanted_of(kind: str, options: str, variables: str, line: str, *plain: Any) -> Wanted:
    """Return a request from its columns: it stays the same while its job is read again and again."""
    return Wanted(
        kind=Kind(kind),
        options=tuple(json.loads(options)),
        variables=tuple((name, value) for name, value in json.loads(variables)),
        line=line,
        **dict(zip(_PLAIN_WANTED, plain, strict=True)),
    )


def attempt_of(row: Row) -> Attempt:
    """Return a row of ``job_attempts`` as a record."""
    values: dict[str, Any] = dict(row)
    return Attempt(**values | {"step": Step(values["step"]), "outcome": Outcome(values["outcome"])})


def head_of(row: Row) -> Head:
    """Return a row of :data:`HEADS` as a record."""
    return Head(row["id"], row["line"], row["priority"], row["tag"], row["entered_ns"])


def state_is(*states: State) -> ColumnElement[bool]:
    """Return the condition that a job is in one of these states.

    They are words of the statement, no parameters: by those alone a database finds the indexes of only such
    jobs, and SQLite, which tries, plans anew each time.
    """
    return _one_of(jobs.c.state, states)


def outcome_is(*outcomes: Outcome) -> ColumnElement[bool]:
    """Return the same for attempts; in the order in which an index has them, if they are several."""
    return _one_of(job_attempts.c.outcome, outcomes)


def _one_of(column: ColumnElement[str], values: Sequence[State | Outcome]) -> ColumnElement[bool]:
    words: list[ColumnElement[str]] = [literal_column(f"'{value.value}'") for value in values]
    return column == words[0] if len(words) == 1 else column.in_(words)


WAITING = state_is(State.WAITING)
FOLLOWING = state_is(State.FOLLOWING)
_GOES_ON = outcome_is(Outcome.NONE)

_DUE = (
    WAITING,
    jobs.c.host == bindparam("host"),
    or_(jobs.c.not_before_ns <= bindparam("now_ns"), jobs.c.not_before_ns > bindparam("far_ns")),
)
_HEAD = (jobs.c.id, jobs.c.line, jobs.c.priority, jobs.c.tag, jobs.c.entered_ns)
_PLACE = func.row_number().over(partition_by=(jobs.c.line, jobs.c.priority), order_by=(jobs.c.tag, jobs.c.id))
_RANKED = select(*_HEAD, _PLACE.label("place")).where(*_DUE).subquery()
HEADS = Prepared(select(_RANKED).where(_RANKED.c.place <= bindparam("depth")))
"""The first ``depth`` jobs of each line and priority of a host that are due."""

NEXT_LINE = Prepared(
    select(jobs.c.line, jobs.c.priority)
    .where(*_DUE[:2], tuple_(jobs.c.line, jobs.c.priority) >= tuple_(bindparam("line"), bindparam("least")))
    .order_by(jobs.c.line, jobs.c.priority)
    .limit(1)
)
"""The first line and priority of a host in which somebody waits, from a line on and its ``least`` priority.

Not what comes after one: for that SQLite goes through all who wait in it.
"""

HEADS_OF_LINE = Prepared(
    select(*_HEAD)
    .where(*_DUE, jobs.c.line == bindparam("line"), jobs.c.priority == bindparam("priority"))
    .order_by(jobs.c.tag, jobs.c.id)
    .limit(bindparam("depth"))
)
"""The same of one line and priority: an index answers that without a look at who waits further back."""


def due(host: str, now_ns: int, depth: int) -> dict[str, int | str]:
    """Return the parameters of :data:`HEADS`. A pause that a changed clock made endless counts as over."""
    return {"host": host, "now_ns": now_ns, "far_ns": now_ns + _FAR_NS, "depth": depth}


JOB = select(jobs).where(jobs.c.id == bindparam("job"))
JOBS = Prepared(select(jobs).where(jobs.c.id.in_(bindparam("jobs", expanding=True))), "jobs")
WAITING_JOBS = Prepared(
    select(jobs)
    .where(
        jobs.c.id.in_(bindparam("jobs", expanding=True)),
        jobs.c.state + literal_column("''") == literal_column(f"'{State.WAITING.value}'"),
    )
    .with_for_update(skip_locked=True),
    "jobs",
)
"""Those of some jobs that wait, locked where the database locks rows. The state is no bare column: with four
jobs or more SQLite would look through all that wait."""

OPEN_ATTEMPTS = Prepared(
    select(job_attempts)
    .where(
        job_attempts.c.id.in_(bindparam("attempts", expanding=True)),
        _GOES_ON,
    )
    .order_by(job_attempts.c.id),
    "attempts",
)
FOLLOWERS = select(jobs).where(jobs.c.leader == bindparam("job"), FOLLOWING).order_by(jobs.c.id)
RUNNING = Prepared(select(job_attempts).where(_GOES_ON).order_by(job_attempts.c.id))
CANCELLED = select(jobs.c.attempt).where(state_is(State.CANCELLING))
LEADERS = Prepared(
    select(jobs.c.leader).where(jobs.c.leader.in_(bindparam("jobs", expanding=True)), FOLLOWING).distinct(),
    "jobs",
)
"""Which of these jobs have followers."""

EQUAL = (
    select(jobs)
    .where(
        jobs.c.identity == bindparam("identity"),
        jobs.c.identity != literal_column("''"),
        state_is(State.WAITING, State.RUNNING),
    )
    .order_by(jobs.c.id)
    .limit(1)
)
END_ATTEMPT = Prepared(
    update(job_attempts)
    .where(job_attempts.c.id == bindparam("attempt"), _GOES_ON)
    .values(
        outcome=bindparam("how"),
        exit_code=bindparam("code"),
        reason=bindparam("why"),
        evidence=bindparam("where"),
        ended_ns=bindparam("at_ns"),
    )
)

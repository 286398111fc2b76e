"""Requests on their way into the queue: each gets its place, or joins equal work that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, insert, update

from hostkit.jobs.model import Job, State, Wanted, line_of
from hostkit.jobs.places import Places
from hostkit.jobs.rows import EQUAL, WAITING, job_of, row_of_wanted
from hostkit.store.prepared import Prepared
from hostkit.store.tables import jobs

_ENTER = Prepared(insert(jobs).returning(jobs.c.id, sort_by_parameter_order=True))
_FIRST = dict.fromkeys(("step", "tries", "lost", "attempt", "not_before_ns", "began_ns", "ended_ns"), 0)
_OWN = ("tag", "leader", "submitted_ns", "entered_ns", "reason", "evidence")
_OF_OWN = attrgetter(*_OWN)


class Entering:
    """Enters requests in a transaction without another writer, many with one statement."""

    def __init__(self, connection: Connection, now_ns: int) -> None:
        """Use a connection that writes alone."""
        self._connection = connection
        self._now_ns = now_ns
        self._places = Places(connection, now_ns)
        self._unwritten: list[Job] = []
        self._identities: set[str] = set()  # of those
        self._written: list[Job] = []

    def enter(self, wanted: Sequence[Wanted]) -> list[Job]:
        """Return the jobs that were made of requests, in that order."""
        for each in wanted:
            if each.identity in self._identities:
                self._write()  # so that the equal one is found
            self._unwritten.append(self._job(each))
            self._identities |= {each.identity} - {""}
        self._write()
        return self._written

    def _job(self, wanted: Wanted) -> Job:
        equal = self._equal(wanted) if wanted.identity else None
        if equal is not None:
            job = Job(0, wanted, State.FOLLOWING, leader=equal.id, reason=f"the same work as job {equal.id}")
            return replace(job, submitted_ns=self._now_ns, entered_ns=self._now_ns)
        line = line_of(wanted, wanted.steps[0])
        tag, entered_ns = self._places.next(line, wanted.priority, wanted.submitter)
        return Job(0, wanted, State.WAITING, tag=tag, submitted_ns=self._now_ns, entered_ns=entered_ns)

    def _equal(self, wanted: Wanted) -> Job | None:
        """Return the job to join. It gets the higher priority of the two while it waits."""
        row = self._connection.execute(EQUAL, {"identity": wanted.identity}).mappings().first()
        if row is None:
            return None
        job = job_of(row)
        if job.state is State.WAITING and wanted.priority > job.wanted.priority:
            tag, _ = self._places.next(job.line, wanted.priority, job.wanted.submitter)
            self._connection.execute(
                update(jobs).where(jobs.c.id == job.id, WAITING).values(priority=wanted.priority, tag=tag)
            )
        return job

    def _write(self) -> None:
        if self._unwritten:
            self._written += [
                replace(job, id=number) for job, number in zip(self._unwritten, self._numbers(), strict=True)
            ]
            self._unwritten.clear()
            self._identities.clear()

    def _numbers(self) -> Sequence[int]:
        """Write what is unwritten and return the numbers that it got."""
        return _ENTER.insert(self._connection, [_row(job) for job in self._unwritten])


def _row(job: Job) -> dict[str, Any]:
    row = row_of_wanted(job.wanted)
    row |= _FIRST
    row |= zip(_OWN, _OF_OWN(job), strict=True)
    row["state"], row["line"] = job.state.value, job.line
    return row

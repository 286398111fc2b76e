"""The queue as its users see it: submit, look, cancel, requeue. Every change is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, literal_column, select, update

from hostkit.clock import Clock
from hostkit.errors import UsageError
from hostkit.jobs.entering import Entering
from hostkit.jobs.model import Attempt, Job, Outcome, State, Step, Wanted
from hostkit.jobs.moving import MovedError, find_heads, find_job, follow_another, move, share_end
from hostkit.jobs.places import Places
from hostkit.jobs.rows import FOLLOWERS, FOLLOWING, attempt_of, job_of, outcome_is, state_is
from hostkit.jobs.transitions import Event
from hostkit.store.database import Database
from hostkit.store.prepared import Prepared
from hostkit.store.tables import job_attempts, job_switches, jobs

_DRAIN = "drain"
_REMEMBERED = 20  # past attempts that an estimate rests on
_TRIES = 20  # to change a job that others change at the same time
_WHENEVER_NS = 1 << 62
_OPEN = tuple(state for state in State if not state.ended)
_CLOSED = tuple(state for state in State if state.ended)
_DRAINED = Prepared(select(job_switches.c.value).where(job_switches.c.name == _DRAIN))
_ENDED = jobs.c.ended_ns > literal_column("0")


class Queue:
    """Jobs in a database, for every process of this user."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database = database
        self._clock = clock

    def submit(self, wanted: Wanted) -> Job:
        """Enter a request, durably; equal work that waits or runs is joined instead of being done twice."""
        return self.submit_all([wanted])[0]

    def submit_all(self, wanted: Sequence[Wanted]) -> list[Job]:
        """Enter requests in one transaction: all of them, or none."""
        with self._database.write() as connection:
            return Entering(connection, self._clock.wall_ns()).enter(wanted)

    def get(self, number: int) -> Job:
        """Return a job. Raises :class:`UsageError` when there is none of that number."""
        with self._database.read() as connection:
            return _known(connection, number)

    def going(self) -> list[Job]:
        """Return the jobs that a worker has now, oldest first."""
        wanted = state_is(State.RUNNING, State.CANCELLING)
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(wanted).order_by(jobs.c.id))
            return [job_of(row) for row in rows.mappings()]

    def waiting(self, host: str, depth: int) -> list[Job]:
        """Return who waits on a host, in the order of service, ``depth`` jobs deep into each line."""
        with self._database.read() as connection:
            found = find_heads(connection, host, _WHENEVER_NS, depth)
            return [found.jobs[head.job] for head in found.order]

    def ended_jobs(self, count: int, states: Sequence[State] = ()) -> list[Job]:
        """Return the ``count`` jobs that ended last, newest first; of these ``states`` if any are given."""
        found: list[Job] = []
        with self._database.read() as connection:
            for state in states or _CLOSED:
                ended = select(jobs).where(state_is(state), _ENDED)
                newest = ended.order_by(jobs.c.ended_ns.desc()).limit(count)
                found += [job_of(row) for row in connection.execute(newest).mappings()]
        return sorted(found, key=lambda job: (-job.ended_ns, -job.id))[:count]

    def counts(self) -> dict[State, int]:
        """Return how many jobs have not ended, by state, in the order of :class:`State`; a state without any
        is not there."""
        counted = select(jobs.c.state, func.count()).where(state_is(*_OPEN)).group_by(jobs.c.state)
        with self._database.read() as connection:
            found = {State(state): count for state, count in connection.execute(counted)}
        return {state: found[state] for state in State if state in found}

    def following(self, count: int) -> list[Job]:
        """Return the first ``count`` jobs that share the end of another."""
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(FOLLOWING).order_by(jobs.c.id).limit(count))
            return [job_of(row) for row in rows.mappings()]

    def followers(self, number: int) -> list[Job]:
        """Return the jobs that share the end of this one."""
        with self._database.read() as connection:
            return [job_of(row) for row in connection.execute(FOLLOWERS, {"job": number}).mappings()]

    def attempts(self, number: int) -> list[Attempt]:
        """Return every attempt at a job, oldest first: also those of a dead one."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(job_attempts).where(job_attempts.c.job == number).order_by(job_attempts.c.id)
            )
            return [attempt_of(row) for row in rows.mappings()]

    def past_s(self, step: Step, env: str) -> list[float]:
        """Return how long the last such steps took that came to a verdict, in seconds."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(job_attempts.c.began_ns, job_attempts.c.ended_ns)
                .where(
                    job_attempts.c.step == step.value,
                    job_attempts.c.env == env,
                    outcome_is(Outcome.PASS, Outcome.FAIL),
                )
                .order_by(job_attempts.c.ended_ns.desc())
                .limit(_REMEMBERED)
            )
            return [max(0, ended - began) / 1e9 for began, ended in rows]

    def cancel(self, number: int) -> Job:
        """Cancel a job: at once when it does not run, else its worker ends it and writes that down.

        Work that others wait for goes on under the number of one of them. Raises :class:`UsageError` for a
        job that ended already.
        """
        for _ in range(_TRIES):
            try:
                with self._database.write() as connection:
                    return self._cancel(connection, _known(connection, number))
            except MovedError:
                continue
        raise MovedError(f"job {number} changes all the time", hint="run the same command again")

    def requeue(self, number: int) -> Job:
        """Take a job out of the dead, with a new budget. Raises :class:`UsageError` for one that is not."""
        with self._database.write() as connection:
            job = _known(connection, number)
            if job.state is not State.DEAD:
                raise UsageError(
                    f"job {number} is {job.state.value}, not dead",
                    hint=f"to do the same again as a new job: hostkit queue retry {number}",
                )
            fresh = replace(job, step=0)
            return move(
                connection, job, Event.REQUEUE, step=0, tries=0, lost=0, **self._entry(connection, fresh)
            )

    @property
    def drained(self) -> bool:
        """True while no job is begun, on anybody's request."""
        with self._database.read() as connection:
            return [row["value"] for row in _DRAINED.rows(connection)] == ["on"]

    def drain(self, *, on: bool) -> None:
        """Let no job begin any more, or let them begin again. What runs goes on."""
        value = "on" if on else ""
        with self._database.write() as connection:
            done = connection.execute(
                update(job_switches).where(job_switches.c.name == _DRAIN).values(value=value)
            )
            if not done.rowcount:
                connection.execute(job_switches.insert().values(name=_DRAIN, value=value))

    def _cancel(self, connection: Connection, job: Job) -> Job:
        if job.state.ended:
            raise UsageError(f"job {job.id} has ended: {job.state.value}", hint="see: hostkit queue list")
        now_ns = self._clock.wall_ns()
        if job.state is State.RUNNING:
            followers = [job_of(row) for row in connection.execute(FOLLOWERS, {"job": job.id}).mappings()]
            if followers:
                return self._hand_over(connection, job, followers, now_ns)
            return move(connection, job, Event.CANCEL, reason="cancelled: its processes are being ended")
        if job.state is State.CANCELLING:
            return job
        ended = move(connection, job, Event.CANCEL, ended_ns=now_ns, reason="cancelled before it ran")
        share_end(connection, ended, Event.CANCEL)
        return ended

    def _hand_over(self, connection: Connection, job: Job, followers: list[Job], now_ns: int) -> Job:
        first, *others = followers
        move(
            connection,
            first,
            Event.TAKE,
            leader=0,
            step=job.step,
            line=job.line,
            attempt=job.attempt,
            began_ns=job.began_ns,
            tries=job.tries,
            lost=job.lost,
            reason="",
        )
        follow_another(connection, others, first.id)
        connection.execute(update(job_attempts).where(job_attempts.c.id == job.attempt).values(job=first.id))
        reason = f"cancelled; job {first.id} wants the same and goes on with it"
        return move(connection, job, Event.HAND_OVER, ended_ns=now_ns, reason=reason)

    def _entry(self, connection: Connection, job: Job) -> dict[str, int | str]:
        """Return what a job's row says when it enters the line of its step anew."""
        places = Places(connection, self._clock.wall_ns())
        tag, entered_ns = places.next(job.line, job.wanted.priority, job.wanted.submitter)
        return {
            "line": job.line,
            "tag": tag,
            "entered_ns": entered_ns,
            "not_before_ns": 0,
            "ended_ns": 0,
            "reason": "",
        }


def _known(connection: Connection, number: int) -> Job:
    job = find_job(connection, number)
    if job is None:
        raise UsageError(f"there is no job {number}", hint="see: hostkit queue list --all")
    return job

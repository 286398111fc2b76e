"""The worker's side of the queue: what is taken, what came of it, and who died over it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from hostkit.clock import Clock
from hostkit.jobs.allot import Assignment
from hostkit.jobs.boards import BoardRecord, claim, find_boards, give_back, lock_boards
from hostkit.jobs.model import TOGETHER, Attempt, Ending, Job, State, Step, line_of
from hostkit.jobs.moving import Move, find_heads, find_job, find_jobs, move, move_all, share_end
from hostkit.jobs.order import Head
from hostkit.jobs.places import Places
from hostkit.jobs.retry import Next, RetryPolicy, next_after
from hostkit.jobs.rows import (
    CANCELLED,
    END_ATTEMPT,
    LEADERS,
    OPEN_ATTEMPTS,
    RUNNING,
    WAITING_JOBS,
    attempt_of,
    job_of,
)
from hostkit.jobs.transitions import Event
from hostkit.jobs.workers import WorkerRecord
from hostkit.store.database import Database
from hostkit.store.dialect import WRITE_ROWS
from hostkit.store.prepared import Prepared
from hostkit.store.tables import job_attempts, job_lines


@dataclass(frozen=True, slots=True)
class Survey:
    """What a worker looks at before it takes anything, all of one moment: who is served next, those jobs by
    their numbers, what runs, and every board that was ever used."""

    order: list[Head]
    jobs: dict[int, Job]
    running: list[Attempt]
    boards: dict[str, BoardRecord]


class Leasing:
    """Takes jobs from a database and writes back what came of them; safe beside other workers."""

    def __init__(self, database: Database, clock: Clock, policy: RetryPolicy | None = None) -> None:
        """Use an open database."""
        self._database = database
        self._clock = clock
        self._policy = policy or RetryPolicy()

    def boards(self) -> dict[str, BoardRecord]:
        """Return what is known of each board that was ever used, by identity."""
        with self._database.read() as connection:
            return find_boards(connection)

    def running(self) -> list[Attempt]:
        """Return every attempt that has not ended, oldest first."""
        with self._database.read() as connection:
            return [attempt_of(row) for row in RUNNING.rows(connection)]

    def heads(self, host: str, depth: int) -> tuple[list[Head], dict[int, Job]]:
        """Return who is served next on a host, ``depth`` jobs deep into each line; and those jobs."""
        with self._database.read() as connection:
            found = find_heads(connection, host, self._clock.wall_ns(), depth)
            return found.order, found.jobs

    def survey(self, host: str, depth: int) -> Survey:
        """Return what there is to do on a host, ``depth`` jobs deep into each line. With nothing to do, what
        runs and the boards are not looked up."""
        with self._database.read() as connection:
            found = find_heads(connection, host, self._clock.wall_ns(), depth)
            if not found.order:
                return Survey([], {}, [], {})
            running = [attempt_of(row) for row in RUNNING.rows(connection)]
            return Survey(found.order, found.jobs, running, find_boards(connection))

    def cancelled(self, attempts: Iterable[int]) -> list[int]:
        """Return which of these attempts are to be ended, because their job is cancelled."""
        wanted = set(attempts)
        if not wanted:
            return []
        with self._database.read() as connection:
            return [attempt for attempt in connection.execute(CANCELLED).scalars() if attempt in wanted]

    def take(self, worker: WorkerRecord, assignments: Sequence[Assignment]) -> list[tuple[Job, Attempt]]:
        """Take jobs, each with its boards and a higher generation of their leases, durably.

        What somebody else took meanwhile, job or one of its boards, is left out; also a job that is waiting
        again, but for another step: the step that ran since would be run once more, and its end taken for the
        other's.
        """
        with self._database.write(WRITE_ROWS) as connection:
            now = self._lock_jobs(connection, [each.job for each in assignments])
            same = [e for e in assignments if e.job in now and e.step in {now[e.job].now, Step.PROBE}]
            begun = self._begin(connection, worker, [(now[e.job], e) for e in same])
            moves = [
                Move(job, Event.TAKE, {"attempt": a.id, "began_ns": job.began_ns or a.began_ns, "reason": ""})
                for job, a, _ in begun
            ]
            served: dict[tuple[str, int], int] = {}
            for _, _, each in begun:
                where = each.line, each.priority
                served[where] = max(served.get(where, 0), each.tag)
            for (line, priority), tag in served.items():
                _SERVE.change(connection, [{"where": line, "which": priority, "tag": tag}])
            moved = move_all(connection, moves)
        return [(job, attempt) for job, (_, attempt, _) in zip(moved, begun, strict=True)]

    def started(self, processes: Sequence[tuple[int, int, int]]) -> None:
        """Record the processes of attempts: attempt, pid and its start time in clock ticks."""
        if not processes:
            return
        mine = update(job_attempts).where(job_attempts.c.id == bindparam("attempt"))
        changes = mine.values(pid=bindparam("number"), pid_start=bindparam("ticks"))
        with self._database.write(WRITE_ROWS) as connection:
            connection.execute(
                changes,
                [{"attempt": each, "number": pid, "ticks": ticks} for each, pid, ticks in processes],
            )

    def refuse(self, job: Job, reason: str) -> None:
        """End a waiting job that can never begin, with its followers."""
        with self._database.write() as connection:
            now = find_job(connection, job.id)
            if now is None or now.state is not State.WAITING:
                return
            ended = move(connection, now, Event.REFUSE, ended_ns=self._clock.wall_ns(), reason=reason)
            share_end(connection, ended, Event.REFUSE)

    def settle(self, endings: Sequence[tuple[int, Ending]]) -> list[Job]:
        """Write how attempts ended, and what follows for their jobs, in one transaction.

        An attempt that was settled before is left as it is, so that who is killed after the commit can do it
        again. Returns the jobs that changed.
        """
        first: dict[int, Ending] = {}
        for number, ending in endings:
            first.setdefault(number, ending)
        with self._database.write() as connection:
            rows = OPEN_ATTEMPTS.rows(connection, {"attempts": list(first)}) if first else ()
            opened = {row["id"]: attempt_of(row) for row in rows}
            ended = [(opened[number], ending) for number, ending in first.items() if number in opened]
            return self._end(connection, ended) if ended else []

    def left_behind(self, alive: Container[int]) -> list[Attempt]:
        """Return the open attempts of workers that are not among those ``alive``."""
        return [attempt for attempt in self.running() if attempt.worker not in alive]

    def _lock_jobs(self, connection: Connection, ids: list[int]) -> dict[int, Job]:
        rows = WAITING_JOBS.rows(connection, {"jobs": ids}) if ids else ()
        return {row["id"]: job_of(row) for row in rows}

    def _begin(
        self, connection: Connection, worker: WorkerRecord, wanted: Sequence[tuple[Job, Assignment]]
    ) -> list[tuple[Job, Attempt, Assignment]]:
        """Enter an attempt for each; leave out those of whose boards another one has any."""
        attempts = [self._attempt(worker, job, each) for job, each in wanted]
        rows = [_attempt_row(attempt) for attempt in attempts]
        numbers = _NEW_ATTEMPTS.insert(connection, rows) if rows else []
        known = lock_boards(connection, [identity for attempt in attempts for identity in attempt.boards])
        begun = []
        for (job, each), attempt, number in zip(wanted, attempts, numbers, strict=True):
            numbered = replace(attempt, id=number)
            ready = (
                self._with_boards(connection, numbered, each.seen_generation, known)
                if each.boards
                else numbered
            )
            if ready is not None:
                begun.append((job, ready, each))
        return begun

    def _attempt(self, worker: WorkerRecord, job: Job, wanted: Assignment) -> Attempt:
        return Attempt(
            id=0,
            job=job.id,
            step=wanted.step,
            worker=worker.id,
            board=TOGETHER.join(spec.identity for spec in wanted.boards),
            board_name=",".join(spec.name for spec in wanted.boards),
            token=secrets.token_hex(16),
            boot=worker.boot,
            began_ns=self._clock.wall_ns(),
            env=job.wanted.env,
        )

    @staticmethod
    def _with_boards(
        connection: Connection, attempt: Attempt, seen: int, known: dict[str, BoardRecord]
    ) -> Attempt | None:
        generation = claim(connection, attempt, seen, known)
        mine = job_attempts.c.id == attempt.id
        if not generation:
            connection.execute(delete(job_attempts).where(mine))
            return None
        connection.execute(update(job_attempts).where(mine).values(generation=generation))
        return replace(attempt, generation=generation)

    def _end(self, connection: Connection, ended: Sequence[tuple[Attempt, Ending]]) -> list[Job]:
        """Write how open attempts ended; return the jobs that changed by it."""
        now_ns = self._clock.wall_ns()
        END_ATTEMPT.change(connection, [_ending_row(attempt, ending, now_ns) for attempt, ending in ended])
        known = lock_boards(connection, [identity for attempt, _ in ended for identity in attempt.boards])
        for attempt, ending in ended:
            if attempt.board:
                give_back(connection, attempt, ending, now_ns, known)
        found = find_jobs(connection, [attempt.job for attempt, _ in ended])
        places = Places(connection, now_ns)
        moves = []
        for attempt, ending in ended:
            job = found.get(attempt.job)
            if job is not None and job.attempt == attempt.id and not job.state.ended:
                moves.append(self._follow_up(places, job, attempt, ending, now_ns))
        moved = move_all(connection, moves)
        led = {job.id: (job, each.event) for job, each in zip(moved, moves, strict=True) if job.state.ended}
        for row in LEADERS.rows(connection, {"jobs": list(led)}) if led else ():
            share_end(connection, *led[row["leader"]])
        return moved

    def _follow_up(self, places: Places, job: Job, attempt: Attempt, ending: Ending, now_ns: int) -> Move:
        following = self._next(job, attempt, ending)
        if job.state is State.CANCELLING and following.event is Event.AGAIN:
            following = Next(Event.STOPPED, tries=job.tries, lost=job.lost)
        changes: dict[str, Any] = {"tries": following.tries, "lost": following.lost, "reason": ending.reason}
        if ending.evidence:
            changes["evidence"] = ending.evidence
        if following.event is Event.ADVANCE and job.state is State.RUNNING:
            changes |= _next_line(places, job)
        elif following.event is Event.AGAIN:
            changes["not_before_ns"] = now_ns + round(following.pause_s * 1e9)
        else:
            changes["ended_ns"] = now_ns
        return Move(job, following.event, changes)

    def _next(self, job: Job, attempt: Attempt, ending: Ending) -> Next:
        if attempt.step is not job.now:  # a probe: it cost the job nothing, and said nothing of it
            return Next(Event.AGAIN, tries=job.tries, lost=job.lost)
        return next_after(job, ending.outcome, self._policy, random.random())


_PLAIN_ATTEMPT = (
    *("job", "worker", "board", "board_name", "generation", "token", "pid", "pid_start", "boot"),
    *("began_ns", "ended_ns", "exit_code", "reason", "evidence", "env"),
)

_NEW_ATTEMPTS = Prepared(insert(job_attempts).returning(job_attempts.c.id, sort_by_parameter_order=True))
_SERVE = Prepared(
    update(job_lines)
    .where(
        job_lines.c.line == bindparam("where"),
        job_lines.c.priority == bindparam("which"),
        job_lines.c.served < bindparam("tag"),
    )
    .values(served=bindparam("tag"))
)


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    row = {"step": attempt.step.value, "outcome": attempt.outcome.value}
    return row | {name: getattr(attempt, name) for name in _PLAIN_ATTEMPT}


def _ending_row(attempt: Attempt, ending: Ending, now_ns: int) -> dict[str, Any]:
    how = {"how": ending.outcome.value, "code": ending.exit_code, "why": ending.reason}
    return how | {"attempt": attempt.id, "where": ending.evidence, "at_ns": now_ns}


def _next_line(places: Places, job: Job) -> dict[str, int | str]:
    wanted, step = job.wanted, job.step + 1
    line = line_of(wanted, wanted.steps[step])
    tag, entered_ns = places.next(line, wanted.priority, wanted.submitter)
    return {"step": step, "line": line, "tag": tag, "entered_ns": entered_ns}

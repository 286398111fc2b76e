"""The worker's side of the queue: what is taken, what came of it, and who died over it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from hostkit.clock import Clock
from hostkit.jobs.allot import Assignment
from hostkit.jobs.boards import BoardRecord, claim, find_boards, give_back
from hostkit.jobs.model import Attempt, Ending, Job, Outcome, State, Step, line_of
from hostkit.jobs.moving import entry_ns, find_heads, find_job, move, place_in, share_end
from hostkit.jobs.order import Head
from hostkit.jobs.retry import Next, RetryPolicy, next_after
from hostkit.jobs.rows import ATTEMPT, END_ATTEMPT, attempt_of, job_of
from hostkit.jobs.transitions import Event
from hostkit.jobs.workers import WorkerRecord
from hostkit.store.database import Database
from hostkit.store.dialect import WRITE_ROWS
from hostkit.store.tables import job_attempts, job_lines, jobs


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
            rows = connection.execute(
                select(job_attempts)
                .where(job_attempts.c.outcome == Outcome.NONE.value)
                .order_by(job_attempts.c.id)
            )
            return [attempt_of(row) for row in rows.mappings()]

    def heads(self, host: str, depth: int) -> tuple[list[Head], dict[int, Job]]:
        """Return who is served next on a host, ``depth`` jobs deep into each line; and those jobs."""
        with self._database.read() as connection:
            found = find_heads(connection, host, self._clock.wall_ns(), depth)
            return found.order, found.jobs

    def cancelled(self, attempts: Iterable[int]) -> list[int]:
        """Return which of these attempts are to be ended, because their job is cancelled."""
        wanted = list(attempts)
        if not wanted:
            return []
        with self._database.read() as connection:
            rows = connection.execute(
                select(jobs.c.attempt).where(
                    jobs.c.attempt.in_(wanted), jobs.c.state == State.CANCELLING.value
                )
            )
            return [row.attempt for row in rows]

    def take(self, worker: WorkerRecord, assignments: Sequence[Assignment]) -> list[tuple[Job, Attempt]]:
        """Take jobs, each with its board and a higher generation of the board's lease, durably.

        What somebody else took meanwhile, job or board, is left out.
        """
        taken = []
        with self._database.write(WRITE_ROWS) as connection:
            jobs_now = self._lock_jobs(connection, [each.job for each in assignments])
            served: dict[tuple[str, int], int] = {}
            for each in assignments:
                job = jobs_now.get(each.job)
                if job is None:
                    continue
                begun = self._begin(connection, worker, job, each)
                if begun is not None:
                    taken.append(begun)
                    where = each.line, each.priority
                    served[where] = max(served.get(where, 0), each.tag)
            for (line, priority), tag in served.items():
                _serve(connection, line, priority, tag)
        return taken

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
        changed = []
        with self._database.write() as connection:
            for number, ending in endings:
                row = connection.execute(ATTEMPT, {"attempt": number}).mappings().first()
                if row is None or row["outcome"] != Outcome.NONE.value:
                    continue
                job = self._end(connection, attempt_of(row), ending)
                if job is not None:
                    changed.append(job)
        return changed

    def left_behind(self, alive: Container[int]) -> list[Attempt]:
        """Return the open attempts of workers that are not among those ``alive``."""
        return [attempt for attempt in self.running() if attempt.worker not in alive]

    def _lock_jobs(self, connection: Connection, ids: list[int]) -> dict[int, Job]:
        rows = connection.execute(
            select(jobs)
            .where(jobs.c.id.in_(ids), jobs.c.state == State.WAITING.value)
            .with_for_update(skip_locked=True)
        )
        return {row["id"]: job_of(row) for row in rows.mappings()}

    def _begin(
        self, connection: Connection, worker: WorkerRecord, job: Job, wanted: Assignment
    ) -> tuple[Job, Attempt] | None:
        now_ns, board = self._clock.wall_ns(), wanted.board
        attempt = Attempt(
            id=0,
            job=job.id,
            step=wanted.step,
            worker=worker.id,
            board=board.identity if board else "",
            board_name=board.name if board else "",
            token=secrets.token_hex(16),
            boot=worker.boot,
            began_ns=now_ns,
        )
        row = {"env": job.wanted.env, "step": attempt.step.value, "outcome": attempt.outcome.value}
        row |= {name: getattr(attempt, name) for name in _PLAIN_ATTEMPT}
        done = connection.execute(insert(job_attempts), row)
        number = int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0
        attempt = replace(attempt, id=number)
        if board is not None:
            generation = claim(connection, attempt, wanted.seen_generation)
            mine = job_attempts.c.id == number
            if not generation:
                connection.execute(delete(job_attempts).where(mine))
                return None
            connection.execute(update(job_attempts).where(mine).values(generation=generation))
            attempt = replace(attempt, generation=generation)
        began_ns = job.began_ns or now_ns
        moved = move(connection, job, Event.TAKE, attempt=number, began_ns=began_ns, reason="")
        return moved, attempt

    def _end(self, connection: Connection, attempt: Attempt, ending: Ending) -> Job | None:
        now_ns = self._clock.wall_ns()
        connection.execute(
            END_ATTEMPT,
            {
                "attempt": attempt.id,
                "how": ending.outcome.value,
                "code": ending.exit_code,
                "why": ending.reason,
                "where": ending.evidence,
                "at_ns": now_ns,
            },
        )
        if attempt.board:
            give_back(connection, attempt, ending, now_ns)
        job = find_job(connection, attempt.job)
        if job is None or job.attempt != attempt.id or job.state.ended:
            return None
        return self._follow_up(connection, job, attempt, ending, now_ns)

    def _follow_up(
        self, connection: Connection, job: Job, attempt: Attempt, ending: Ending, now_ns: int
    ) -> Job:
        following = self._next(job, attempt, ending)
        if job.state is State.CANCELLING and following.event is Event.AGAIN:
            following = Next(Event.STOPPED, tries=job.tries, lost=job.lost)
        changes = {"tries": following.tries, "lost": following.lost, "reason": ending.reason}
        if ending.evidence:
            changes["evidence"] = ending.evidence
        if following.event is Event.ADVANCE and job.state is State.RUNNING:
            changes |= _next_line(connection, job, now_ns)
        elif following.event is Event.AGAIN:
            changes["not_before_ns"] = now_ns + round(following.pause_s * 1e9)
        else:
            changes["ended_ns"] = now_ns
        moved = move(connection, job, following.event, **changes)
        if moved.state.ended:
            share_end(connection, moved, following.event)
        return moved

    def _next(self, job: Job, attempt: Attempt, ending: Ending) -> Next:
        if attempt.step is Step.PROBE:  # it cost the job nothing, and said nothing of it
            return Next(Event.AGAIN, tries=job.tries, lost=job.lost)
        return next_after(job, ending.outcome, self._policy, random.random())


_PLAIN_ATTEMPT = (
    *("job", "worker", "board", "board_name", "generation", "token", "pid", "pid_start", "boot"),
    *("began_ns", "ended_ns", "exit_code", "reason", "evidence"),
)


def _next_line(connection: Connection, job: Job, now_ns: int) -> dict[str, int | str]:
    wanted, step = job.wanted, job.step + 1
    line = line_of(wanted, wanted.steps[step])
    tag = place_in(connection, line, wanted.priority, wanted.submitter)
    return {"step": step, "line": line, "tag": tag, "entered_ns": entry_ns(connection, now_ns)}


def _serve(connection: Connection, line: str, priority: int, tag: int) -> None:
    connection.execute(
        update(job_lines)
        .where(job_lines.c.line == line, job_lines.c.priority == priority, job_lines.c.served < tag)
        .values(served=tag)
    )

"""The worker: takes jobs, runs their steps, writes what came of them. One thread, no state that matters.

Everything that must survive is in the database before it is acted on, and what was acted on is looked up
before it is done again. So it may be killed between any two lines.
"""

from __future__ import annotations

import os
import platform
import selectors
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from hostkit.clock import Clock
from hostkit.errors import HostkitError, UsageError
from hostkit.jobs.allot import Assignment, allot
from hostkit.jobs.child import Launcher, Running
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Ending, Job, Outcome, State
from hostkit.jobs.room import Premises
from hostkit.jobs.waking import Bell
from hostkit.jobs.workers import WorkerRecord, Workers, is_here
from hostkit.process import boot_id, process_start_ticks

_LOOK_S = 1.0  # without being woken: pauses that are over, boards that were given back
_BEAT_S = 5.0
_SILENT_S = 60.0  # after so long without a beat a worker of another host counts as dead
_POLL_S = 0.05  # where the system cannot say that a process ended

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker works with. ``drained``: nothing is to be begun."""

    leasing: Leasing
    workers: Workers
    premises: Premises
    launcher: Launcher
    clock: Clock
    drained: Callable[[], bool]
    tell: Tell


class Worker:
    """Runs up to ``seats`` steps at once. Use :meth:`run`, or :meth:`turn` again and again."""

    def __init__(self, desk: Desk, seats: int, host: str = "") -> None:
        """Enter it in the list of workers, for the jobs of ``host`` (default: this one)."""
        self._desk = desk
        pid, host = os.getpid(), host or platform.node()
        here = WorkerRecord(0, host, boot_id(), pid, process_start_ticks(pid) or 0, seats=seats)
        self.record = desk.workers.register(here)
        self._running: dict[int, tuple[Attempt, Running]] = {}
        self._seen: dict[int, tuple[int, int]] = {}  # beats of others, and since when (monotonic)
        self._beat_ns = 0

    @property
    def idle(self) -> bool:
        """True while it runs nothing."""
        return not self._running

    def run(self, over: Callable[[], bool], bell: Bell) -> None:
        """Work until ``over`` and nothing runs any more. Then, or on any error, its steps are ended, their
        jobs go back in line and it signs off."""
        try:
            while not (over() and self.idle):
                self.turn(begin=not over())
                self._wait(bell)
        finally:
            self.close()

    def turn(self, *, begin: bool = True) -> int:
        """Look after everything once: settle, cancel, take, start. Returns how many jobs changed."""
        now_ns = self._desk.clock.monotonic_ns()
        if now_ns >= self._beat_ns:
            self._beat_ns = now_ns + round(_BEAT_S * 1e9)
            if not self._desk.workers.beat(self.record.id):
                self._start_anew()
            self.reap()
        changed = self._settle()
        self._end_cancelled()
        if begin and not self._desk.drained():
            changed += self._begin()
        return changed

    def reap(self) -> None:
        """Settle what dead workers left, and strike them off."""
        workers = self._desk.workers.all()
        alive = {worker.id for worker in workers if worker.id == self.record.id or self._lives(worker)}
        for attempt in self._desk.leasing.left_behind(alive):
            ending = self._desk.launcher.recover(attempt)
            for job in self._desk.leasing.settle([(attempt.id, ending)]):
                told = job.state.value if ending.outcome is Outcome.LOST else _standing(job)
                self._desk.tell(f"job {job.id}: its worker died; {told}")
        for worker in workers:
            if worker.id not in alive:
                self._desk.workers.sign_off(worker.id)

    def close(self) -> None:
        """End what runs, put its jobs back in line and sign off. A second call does nothing."""
        for _, running in self._running.values():
            running.end(Outcome.STOPPED, "its worker ended")
        while self._running:
            if not self._settle():
                self._desk.clock.sleep(_POLL_S)
        self._desk.workers.sign_off(self.record.id)

    def _start_anew(self) -> None:
        """End what runs: others took this one for dead (it was suspended), and gave its jobs away."""
        self._desk.tell("taken for dead by another worker; starting anew")
        self.close()
        self.record = self._desk.workers.register(self.record)

    def _settle(self) -> int:
        endings: list[tuple[int, Ending]] = []
        for number, (_, running) in self._running.items():
            ending = running.poll()
            if ending is not None:
                endings.append((number, ending))
        if not endings:
            return 0
        jobs = self._desk.leasing.settle(endings)
        for number, _ in endings:
            del self._running[number]
        for job in jobs:
            self._desk.tell(f"job {job.id}: {_standing(job)}")
        return len(endings)

    def _end_cancelled(self) -> None:
        for number in self._desk.leasing.cancelled(self._running):
            self._running[number][1].end(Outcome.STOPPED, "cancelled")

    def _begin(self) -> int:
        seats = self.record.seats - len(self._running)
        if seats <= 0:
            return 0
        seen = self._desk.leasing.survey(self.record.host, seats)
        if not seen.order:
            return 0
        jobs = {number: job for number, job in seen.jobs.items() if not self._refused(job)}
        room = self._desk.premises.room(seats, seen.running, seen.boards)
        wanted = [self._numbered(each) for each in allot(seen.order, jobs, room)]
        taken = self._desk.leasing.take(self.record, wanted) if wanted else []
        self._start(taken)
        return len(taken)

    def _refused(self, job: Job) -> bool:
        """Refuse a job that waits for a board which nobody has any more."""
        if not job.now.needs_board:
            return False
        try:
            self._desk.premises.boards_of(job)
        except UsageError as error:
            self._desk.leasing.refuse(job, error.message)
            self._desk.tell(f"job {job.id}: refused: {error.message}")
            return True
        return False

    def _numbered(self, assignment: Assignment) -> Assignment:
        if not assignment.boards:
            return assignment
        fence = self._desk.premises.fence
        return replace(
            assignment, seen_generation=max(fence.highest(spec.identity) for spec in assignment.boards)
        )

    def _start(self, taken: Sequence[tuple[Job, Attempt]]) -> None:
        failed: list[tuple[int, Ending]] = []
        for job, attempt in taken:
            try:
                for identity in attempt.boards:
                    self._desk.premises.fence.raise_to(identity, attempt.generation)
                running = self._desk.launcher.launch(job, attempt)
            except HostkitError as error:
                refused = isinstance(error, UsageError)
                outcome = Outcome.REFUSED if refused else Outcome.INCONCLUSIVE
                failed.append((attempt.id, Ending(outcome, error.message)))
                continue
            self._running[attempt.id] = attempt, running
            where = f" on {attempt.board_name}" if attempt.board_name else ""
            self._desk.tell(f"job {job.id}: {attempt.step.value}{where}")
        started = [
            (number, *running.process)
            for number, (_, running) in self._running.items()
            if number in {attempt.id for _, attempt in taken} and running.process[0]
        ]
        self._desk.leasing.started(started)
        for job in self._desk.leasing.settle(failed) if failed else ():
            self._desk.tell(f"job {job.id}: {_standing(job)}")

    def _lives(self, worker: WorkerRecord) -> bool:
        """Say whether another worker runs: by its pid where this machine sees it, else by its beats."""
        here = is_here(worker)
        if here is not None:
            return here
        now_ns = self._desk.clock.monotonic_ns()
        beats, since_ns = self._seen.get(worker.id, (-1, now_ns))
        if beats != worker.beats:
            self._seen[worker.id] = worker.beats, now_ns
            return True
        return now_ns - since_ns < _SILENT_S * 1e9

    def _wait(self, bell: Bell) -> None:
        """Wait until a step ended, the bell rang, or it is time to look anyway."""
        known = [running.fileno() for _, running in self._running.values()]
        limit_s = _LOOK_S if all(descriptor >= 0 for descriptor in known) else _POLL_S
        with selectors.DefaultSelector() as selector:
            for descriptor in (bell.fileno(), *(each for each in known if each >= 0)):
                selector.register(descriptor, selectors.EVENT_READ)
            with suppress(InterruptedError):
                selector.select(limit_s)
        bell.clear()


def _standing(job: Job) -> str:
    if job.state is State.WAITING and not job.reason:
        return f"{job.state.value} to {job.now.value}"
    return f"{job.state.value}: {job.reason}" if job.reason else job.state.value

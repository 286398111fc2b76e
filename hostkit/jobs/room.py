"""What is free now: build slots, and how each board stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hostkit.boards.fence import Fence
from hostkit.boards.lease import LeaseOffice
from hostkit.boards.model import BoardSpec
from hostkit.boards.outage import OutageBook
from hostkit.clock import Clock
from hostkit.jobs.allot import Room, Standing, keepers
from hostkit.jobs.boards import BoardRecord
from hostkit.jobs.breaker import Circuit
from hostkit.jobs.model import Attempt, Job, Step


@dataclass(frozen=True, slots=True)
class Premises:
    """Where one learns what is free. ``boards_of`` raises :class:`UsageError` for a job whose board nobody
    has any more; ``can_ask``: there is an image of that env that is known to run on the board."""

    leases: LeaseOffice
    outages: OutageBook
    clock: Clock
    build_slots: Callable[[], int]
    boards_of: Callable[[Job], Sequence[BoardSpec]]
    can_ask: Callable[[BoardSpec, str], bool]

    @property
    def fence(self) -> Fence:
        """The generations that were given out."""
        return Fence(self.leases.directory)

    def room(self, seats: int, running: Sequence[Attempt], known: Mapping[str, BoardRecord]) -> Room:
        """Return what may begin, beside what runs."""
        builds = sum(attempt.step is Step.BUILD for attempt in running)
        free = max(0, self.build_slots() - builds)
        return Room(seats, free, self.boards_of, partial(self.standing, known=known))

    def standing(self, spec: BoardSpec, env: str, known: Mapping[str, BoardRecord]) -> Standing:
        """Return how a board stands for a job of that env."""
        record = known.get(spec.identity)
        circuit = record.breaker.circuit(self.clock.wall_ns()) if record else Circuit.CLOSED
        taken = record is not None and record.attempt != 0
        if circuit is Circuit.OPEN or self.outages.find(spec) is not None:
            return Standing.OUT
        if taken:
            return Standing.TAKEN
        if self.leases.holder(spec.identity) is not None:
            return Standing.HELD
        asked_first = circuit is Circuit.HALF_OPEN and self.can_ask(spec, env)
        return Standing.ASK if asked_first else Standing.FREE

    def kept(self, waiting: Sequence[Job], now_ns: int, known: Mapping[str, BoardRecord]) -> dict[str, int]:
        """Return which boards are kept for which job, by identity; ``waiting``: in the order of service."""
        due = [job for job in waiting if job.not_before_ns <= now_ns]
        return keepers(due, self.boards_of, partial(self.standing, known=known))

    def why_not(self, spec: BoardSpec, known: Mapping[str, BoardRecord]) -> str:
        """Return why a job cannot have a board now, for people; "" when it can."""
        record = known.get(spec.identity)
        if record is not None and record.attempt:
            return f"{spec.name} is busy"
        if (outage := self.outages.find(spec)) is not None:
            return f"{spec.name} is out of service: {outage.reason}"
        if (holder := self.leases.holder(spec.identity)) is not None:
            return f"{spec.name} is held by pid {holder.pid}: {holder.what}"
        if record is not None and record.breaker.circuit(self.clock.wall_ns()) is Circuit.OPEN:
            failed = f"{spec.name} failed {record.breaker.faults} times in a row"
            return f"{failed} and is left alone for {record.breaker.cool_s:.0f} s"
        return ""

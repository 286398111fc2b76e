"""Which waiting jobs begin now, and on which boards: pure, from what is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hostkit.boards.model import BoardSpec
from hostkit.errors import UsageError
from hostkit.jobs.model import Job, Step
from hostkit.jobs.order import Head


class Standing(Enum):
    """What may be done with a board now."""

    FREE = "free"
    HELD = "held"  # by a command outside of the queue: a job for it stands in line at the board itself
    ASK = "ask"  # given up before: first ask whether it is well
    TAKEN = "taken"  # by another job, which comes to its end
    OUT = "out"  # of service, or left alone for a while


BoardsOf = Callable[[Job], Sequence[BoardSpec]]
StandingOf = Callable[[BoardSpec, str], Standing]


@dataclass(frozen=True, slots=True)
class Room:
    """What is free: seats of the worker, build slots; and which boards a job may use, and how one stands
    for an env."""

    seats: int
    builds: int
    boards_of: BoardsOf
    standing: StandingOf


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job that begins, with the step to run; no ``boards`` for a step that needs none."""

    job: int
    step: Step
    line: str
    priority: int
    tag: int
    boards: tuple[BoardSpec, ...] = ()
    seen_generation: int = 0  # the highest that the boards' host knows


_GOOD_FIRST = (Standing.FREE, Standing.ASK, Standing.HELD)


def allot(heads: Iterable[Head], jobs: Mapping[int, Job], room: Room) -> list[Assignment]:
    """Return who begins now. ``heads``: in the order in which they are served.

    A job whose board is not to be had does not keep others from theirs. One that needs several boards at once
    and is the first that wants any of them keeps those that are free from whoever is behind it, while jobs
    that run have the rest: else it would wait as long as others come for one of them. A board that is free is
    better than one that has to be asked, and that better than one to wait for.
    """
    begun: list[Assignment] = []
    builds, left = room.builds, _Left(room.boards_of, room.standing)
    for head in heads:
        if len(begun) >= room.seats:
            break
        job = jobs.get(head.job)
        if job is None:  # somebody else was faster
            continue
        if not job.now.needs_board:
            if builds > 0:
                builds -= 1
                begun.append(Assignment(head.job, job.now, head.line, head.priority, head.tag))
            continue
        boards, step = left.several(job) if job.wanted.together else left.one(job)
        if boards:
            begun.append(Assignment(head.job, step, head.line, head.priority, head.tag, boards))
    return begun


def keepers(waiting: Iterable[Job], boards_of: BoardsOf, standing: StandingOf) -> dict[str, int]:
    """Return which boards are kept for which job, by identity. ``waiting``: who is due, in the order in which
    they are served."""
    left = _Left(boards_of, standing)
    for job in waiting:
        if job.now.needs_board and job.wanted.together:
            try:
                left.several(job)
            except UsageError:  # nobody has its boards any more: it will be refused
                continue
    return left.kept


@dataclass(slots=True)
class _Left:
    """Boards as those leave them who are served before; ``kept``: for which job, by identity."""

    boards_of: BoardsOf
    standing: StandingOf
    used: set[str] = field(default_factory=set)
    kept: dict[str, int] = field(default_factory=dict)

    def one(self, job: Job) -> tuple[tuple[BoardSpec, ...], Step]:
        """Return the board that a job takes, none where there is none for it; and its step."""
        usable: list[tuple[BoardSpec, Standing]] = []
        for spec in self.boards_of(job):
            if spec.identity in self.used or spec.identity in self.kept:
                continue
            standing = self.standing(spec, job.wanted.env)
            if standing in _GOOD_FIRST:
                usable.append((spec, standing))
            if standing is Standing.FREE:
                break
        if not usable:
            return (), job.now
        spec, standing = min(usable, key=lambda each: _GOOD_FIRST.index(each[1]))
        self.used.add(spec.identity)
        return (spec,), Step.PROBE if standing is Standing.ASK else job.now

    def several(self, job: Job) -> tuple[tuple[BoardSpec, ...], Step]:
        """Return all boards of a job, or the one of them that is to be asked first; else keep them for it.

        Nothing is kept while one of them is out, which may last, nor for who stands behind another that keeps
        one: its turn comes when that one has ended.
        """
        specs = tuple(self.boards_of(job))
        if any(spec.identity in self.kept for spec in specs):
            return (), job.now
        standings = [self.standing(spec, job.wanted.env) for spec in specs]
        if Standing.OUT in standings:
            return (), job.now
        if Standing.TAKEN in standings or any(spec.identity in self.used for spec in specs):
            self.kept |= {spec.identity: job.id for spec in specs}
            return (), job.now
        self.used |= {spec.identity for spec in specs}
        asked = [spec for spec, standing in zip(specs, standings, strict=True) if standing is Standing.ASK]
        return (asked[0],) if asked else specs, Step.PROBE if asked else job.now

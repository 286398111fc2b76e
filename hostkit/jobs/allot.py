"""Which waiting jobs begin now, and on which board: pure, from what is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from hostkit.boards.model import BoardSpec
from hostkit.jobs.model import Job, Step
from hostkit.jobs.order import Head


class Standing(Enum):
    """What may be done with a board now."""

    FREE = "free"
    HELD = "held"  # by a command outside of the queue: a job for it stands in line at the board itself
    ASK = "ask"  # given up before: first ask whether it is well
    TAKEN = "taken"  # by another job, or out of service, or left alone for a while


@dataclass(frozen=True, slots=True)
class Room:
    """What is free: seats of the worker, build slots; and which boards a job may use, and how one stands
    for an env."""

    seats: int
    builds: int
    boards_of: Callable[[Job], Sequence[BoardSpec]]
    standing: Callable[[BoardSpec, str], Standing]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job that begins, with the step to run; ``board`` None for a step that needs none."""

    job: int
    step: Step
    line: str
    priority: int
    tag: int
    board: BoardSpec | None = None
    seen_generation: int = 0  # the highest that the board's host knows


_GOOD_FIRST = (Standing.FREE, Standing.ASK, Standing.HELD)


def allot(heads: Iterable[Head], jobs: Mapping[int, Job], room: Room) -> list[Assignment]:
    """Return who begins now. ``heads``: in the order in which they are served.

    A job whose board is not to be had does not keep others from theirs. A board that is free is better than
    one that has to be asked, and that better than one to wait for.
    """
    begun: list[Assignment] = []
    builds, used = room.builds, set[str]()
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
        found = _board_for(job, room, used)
        if found is not None:
            spec, standing = found
            used.add(spec.identity)
            step = Step.PROBE if standing is Standing.ASK else job.now
            begun.append(Assignment(head.job, step, head.line, head.priority, head.tag, spec))
    return begun


def _board_for(job: Job, room: Room, used: set[str]) -> tuple[BoardSpec, Standing] | None:
    usable: list[tuple[BoardSpec, Standing]] = []
    for spec in room.boards_of(job):
        if spec.identity in used:
            continue
        standing = room.standing(spec, job.wanted.env)
        if standing is Standing.FREE:
            return spec, standing
        if standing is not Standing.TAKEN:
            usable.append((spec, standing))
    return min(usable, key=lambda each: _GOOD_FIRST.index(each[1]), default=None)

"""Why a task that is not at work does not start: what it needs, who is held. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hostkit.store.model import Order, VerdictRecord
from hostkit.tasks.ground import Stamp
from hostkit.tasks.model import Agent, Hold, Standing, State, Task

Records = Callable[[str], Sequence[VerdictRecord]]
"""Given a commit, the verdicts about it, oldest first."""

Holds = Callable[[Agent, bool], Hold | None]
"""Given an agent, why no work of it starts now; with True: why nothing that it left is proved on a board."""


class Grounds(Protocol):
    """What plain commands run on; see :class:`hostkit.tasks.ground.Ground`."""

    def stamp(self, task: Task, marks: Sequence[str]) -> Stamp:
        """Return what a command would be and run on now."""
        ...

    def wrote(self, task: Task) -> str:
        """Return a hash over what is there of what it says that it writes."""
        ...

    def has(self, commit: str) -> bool:
        """True when the commit is in what is checked out."""
        ...


def _nothing_holds(agent: Agent, proving: bool) -> None:  # noqa: ARG001 - as Holds has it
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What else a task's standing depends on. ``ground`` None: no plain command counts as verified."""

    holds: Holds = _nothing_holds
    ground: Grounds | None = None


NOTHING_AROUND = Around()


@dataclass(frozen=True, slots=True)
class Known:
    """What a task's standing rests on besides its own attempts."""

    records: Records
    running: bool
    needs: Mapping[str, Standing]
    orders: Sequence[Order]  # about this task
    same_cause: int
    around: Around


def unstarted(task: Task, before: str, tried: int, known: Known) -> Standing:
    """Return where a task stands that is not at work. ``before``: how the last attempt ended, or ""."""
    needs = known.needs
    waits = [needs[need] for need in task.needs if needs[need].state is not State.VERIFIED]
    if not waits:
        hold = known.around.holds(task.agent, False)
        if hold is None:
            return Standing(task.id, State.READY, before or "nothing holds it up", attempts=tried)
        held = _and(before, hold.why)
        if hold.until_ns is None:
            return Standing(task.id, State.PLANNED, held, attempts=tried, blocked=(task.id,), hold=hold)
        return Standing(task.id, State.READY, held, attempts=tried, hold=hold)
    dead = [need for need in waits if need.dead]
    if dead:
        path = (dead[0].task, *(step for step in dead[0].blocked if step != dead[0].task))
        last = needs[path[-1]]
        how = "failed" if last.state is State.FAILED else "is held" if last.hold else "is incomplete"
        why = f"will not start: {path[-1]} {how}" + (f", which {path[-2]} needs" if len(path) > 1 else "")
        return Standing(task.id, State.PLANNED, _and(before, why), attempts=tried, blocked=path)
    why = ", ".join(f"{need.task} ({need.state.value})" for need in waits)
    return Standing(task.id, State.PLANNED, _and(before, f"waits for {why}"), attempts=tried)


def _and(before: str, why: str) -> str:
    return f"{before}; {why}" if before else why

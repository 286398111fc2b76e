"""Which tasks would start next, and why the others would not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hostkit.tasks.model import Plan, Standing, State
from hostkit.tasks.patterns import overlap
from hostkit.words import counted


@dataclass(frozen=True, slots=True)
class Turn:
    """One task: does its agent start next, and why or why not."""

    task: str
    starts: bool
    why: str


def in_the_way(plan: Plan, task: str, busy: Collection[str]) -> str:
    """Return why ``task`` cannot run beside ``busy``: a task that may write what it may write. Else ""."""
    for other in busy:
        met = overlap(plan.tasks[task].files, plan.tasks[other].files)
        if met:
            same = met[0] if met[0] == met[1] else f"{met[0]} and {met[1]}"
            return f"{other} may write the same files: {same}"
    return ""


def turns(plan: Plan, now: Mapping[str, Standing], jobs: int) -> tuple[Turn, ...]:
    """Return one turn a task, in the order of the file, for a run of so many ``jobs`` that began now."""
    active = (State.RUNNING, State.PROVING, State.CLAIMED, State.INCONCLUSIVE)
    busy = [task for task, standing in now.items() if standing.state in active]
    found: list[Turn] = []
    for task, standing in now.items():
        if standing.state is State.READY:
            why = in_the_way(plan, task, busy)
            if not why and len(busy) >= jobs:
                why = f"{counted(jobs, 'job')} at once, and {', '.join(busy)} come first"
            found.append(Turn(task, not why, why or standing.why))
            if not why:
                busy.append(task)
        else:
            found.append(Turn(task, False, f"{standing.state.value}: {standing.why}"))
    return tuple(found)

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


def enough_of(plan: Plan, task: str, busy: Collection[str]) -> str:
    """Return why no further one of the task's agent may be at work beside ``busy``, or ""."""
    agent = plan.tasks[task].agent
    same = [other for other in busy if plan.tasks[other].agent.name == agent.name]
    if agent.concurrent is None or len(same) < agent.concurrent:
        return ""
    return f"agent {agent.name} works at {', '.join(same)}, and {agent.concurrent} at once is its limit"


def jobs_of(plan: Plan, jobs: int) -> int:
    """Return how many tasks are at work at once when a run is asked for ``jobs``."""
    return min(jobs, plan.limits.concurrent or jobs)


def turns(plan: Plan, now: Mapping[str, Standing], jobs: int) -> tuple[Turn, ...]:
    """Return one turn a task, in the order of the file, for a run of so many ``jobs`` that began now."""
    jobs = jobs_of(plan, jobs)
    active = (State.RUNNING, State.PROVING, State.CLAIMED, State.INCONCLUSIVE)
    busy = [task for task, standing in now.items() if standing.state in active]
    agents = [task for task, standing in now.items() if standing.state is State.RUNNING]
    found: list[Turn] = []
    for task, standing in now.items():
        if standing.state is State.READY:
            why = standing.hold.why if standing.hold else ""
            why = why or in_the_way(plan, task, busy) or enough_of(plan, task, agents)
            if not why and len(busy) >= jobs:
                why = f"{counted(jobs, 'job')} at once, and {', '.join(busy)} come first"
            found.append(Turn(task, not why, why or standing.why))
            if not why:
                busy.append(task)
                agents.append(task)
        else:
            found.append(Turn(task, False, f"{standing.state.value}: {standing.why}"))
    return tuple(found)

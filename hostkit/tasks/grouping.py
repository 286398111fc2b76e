"""Groups of tasks: hints for readers, and needs only where one is a barrier. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from hostkit.tasks.marks import Marked, Place
from hostkit.tasks.problem import Problem, problem_at
from hostkit.tasks.schema import PlanModel, TaskModel


def barriers(model: PlanModel) -> dict[str, tuple[str, ...]]:
    """Return for each group that is a barrier the tasks of the groups that it comes after."""
    return {
        name: tuple(task.id for task in model.tasks if task.group and task.group in group.after)
        for name, group in model.groups.items()
        if group.barrier
    }


def all_needs(task: TaskModel, behind: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what a task needs: what it says, then what the barrier of its group adds."""
    added = tuple(need for need in behind.get(task.group, ()) if need not in task.needs)
    return (*task.needs, *added)


def group_problems(model: PlanModel, marked: Marked) -> list[Problem]:
    """Find groups that there are not, and barriers that hold nothing back."""
    found: list[Problem] = []
    for number, task in enumerate(model.tasks):
        if task.group and task.group not in model.groups:
            found.append(_unknown(model, marked, ("tasks", number, "group"), task.group))
    for name, group in model.groups.items():
        where: Place = ("groups", name)
        for number, before in enumerate(group.after):
            if before == name:
                hint = "name other groups"
                found.append(
                    problem_at(marked, (*where, "after", number), f"{name} comes after itself", hint)
                )
            elif before not in model.groups:
                found.append(_unknown(model, marked, (*where, "after", number), before))
        if group.barrier and not group.after:
            hint = "name the groups that come before it: after: [...]"
            found.append(problem_at(marked, (*where, "barrier"), "a barrier that comes after nothing", hint))
    return found


def _unknown(model: PlanModel, marked: Marked, place: Place, name: str) -> Problem:
    near = get_close_matches(name, model.groups, n=1)
    hint = f"did you mean {near[0]}?" if near else "name it under groups"
    return problem_at(marked, place, f"there is no group {name!r}", hint)

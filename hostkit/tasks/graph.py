"""The graph of tasks, pure: order, what can start, what is blocked. Ids are compared whole, never in part."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

Needs = Mapping[str, Sequence[str]]
"""Task id to the ids that it needs."""


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """What is wrong at one task; ``need`` is the one at fault where there is one."""

    task: str
    message: str
    hint: str
    need: str = ""


def problems(needs: Needs) -> tuple[GraphProblem, ...]:
    """Return everything wrong with a graph: unknown needs, needs named twice, cycles. Empty when sound."""
    found: list[GraphProblem] = []
    for task, wanted in needs.items():
        for position, need in enumerate(wanted):
            if need in wanted[:position]:
                found.append(GraphProblem(task, f"needs {need} twice", "name it once", need))
            elif need == task:
                found.append(GraphProblem(task, "needs itself", "remove that need", need))
            elif need not in needs:
                near = get_close_matches(need, list(needs), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known ids: {', '.join(needs)}"
                found.append(GraphProblem(task, f"needs {need}, which is no task", hint, need))
    path = cycle(needs)
    if path:
        hint = "no task of a cycle can ever start; remove one of these needs"
        found.append(GraphProblem(path[0], f"needs form a cycle: {' → '.join(path)}", hint, path[1]))
    return tuple(found)


def cycle(needs: Needs) -> tuple[str, ...]:
    """Return one cycle as a path of needs that ends where it began, or () when there is none."""
    known = {
        task: [need for need in wanted if need in needs and need != task] for task, wanted in needs.items()
    }
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        against: list[str] = error.args[1]  # each element is needed by the next
        return tuple(reversed(against))
    return ()


def order(needs: Needs) -> tuple[str, ...]:
    """Return the tasks of a sound graph, each after all its needs, else in the order given."""
    place = {task: number for number, task in enumerate(needs)}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    result: list[str] = []
    while sorter.is_active():
        level = sorted(sorter.get_ready(), key=place.__getitem__)
        result += level
        sorter.done(*level)
    return tuple(result)


def ready(needs: Needs, done: Collection[str], begun: Collection[str]) -> tuple[str, ...]:
    """Return the tasks that may start: not done, not begun, every need done. In the order given."""
    return tuple(
        task
        for task, wanted in needs.items()
        if task not in done and task not in begun and all(need in done for need in wanted)
    )


def blocked(needs: Needs, failed: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return what failures hold up: each blocked task with the path of needs that leads to a failed one.

    Failed tasks themselves are not listed.
    """
    paths: dict[str, tuple[str, ...]] = {}
    for task in order(needs):
        if task in failed:
            continue
        for need in needs[task]:
            if need in failed or need in paths:
                paths[task] = (task, *(paths.get(need) or (need,)))
                break
    return paths


def cycles(needs: Needs, most: int = 20) -> tuple[tuple[str, ...], ...]:
    """Return cycles, each as a path of needs that ends where it began, until none would be left or ``most``.

    Each path closes with a need that, taken away with those of the paths before, leaves fewer cycles;
    a task that needs itself is one. Needs of unknown tasks are passed over.
    """
    left = {task: [need for need in wanted if need in needs] for task, wanted in needs.items()}
    found: list[tuple[str, ...]] = [(task, task) for task, wanted in left.items() if task in wanted]
    while len(found) < most and (path := cycle(left)):
        found.append(path)
        left[path[-2]] = [need for need in left[path[-2]] if need != path[-1]]
    return tuple(found)


def levels(needs: Needs) -> tuple[tuple[str, ...], ...]:
    """Return the tasks of a sound graph in waves: each wave needs only tasks of the waves before it."""
    depth: dict[str, int] = {}
    for task in order(needs):
        depth[task] = 1 + max((depth[need] for need in needs[task]), default=-1)
    waves: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for task in needs:
        waves[depth[task]].append(task)
    return tuple(tuple(wave) for wave in waves)


def critical_path(needs: Needs, hours: Mapping[str, float]) -> tuple[tuple[str, ...], float]:
    """Return the chain of a sound graph that takes longest, first task first, and its hours.

    A task without hours counts as 0; of chains that take as long, the one of more tasks is given.
    """
    best: dict[str, tuple[float, int, str]] = {}  # hours and tasks up to and with it, and the need before it
    for task in order(needs):
        ways = [(best[need][0], best[need][1], need) for need in needs[task]]
        before = max(ways, key=lambda way: way[:2], default=(0.0, 0, ""))
        best[task] = (before[0] + hours.get(task, 0.0), before[1] + 1, before[2])
    if not best:
        return (), 0.0
    last = max(best, key=lambda task: best[task][:2])
    total, path = best[last][0], [last]
    while best[path[-1]][2]:
        path.append(best[path[-1]][2])
    return tuple(reversed(path)), total


def held_up(needs: Needs, task: str) -> tuple[str, ...]:
    """Return what a failure of ``task`` would block: all that need it, in the order given."""
    paths = blocked(needs, {task})
    return tuple(each for each in needs if each in paths)

"""Order, readiness, cycles and blocking over task graphs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.tasks.graph import (
    blocked,
    critical_path,
    cycle,
    cycles,
    held_up,
    levels,
    order,
    problems,
    ready,
)

CHAIN = {"T1": (), "T2": ("T1",), "T10": ("T2",), "T3": ("T1",)}


@st.composite
def sound_graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Acyclic graphs: each task needs only tasks of a hidden order before it."""
    size = draw(st.integers(1, 9))
    names = draw(st.permutations([f"T{n}" for n in range(1, size + 1)]))
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=3)) if place else [])
        for place, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


def test_each_task_stands_after_its_needs_and_else_in_the_order_given() -> None:
    assert order(CHAIN) == ("T1", "T2", "T3", "T10")


def test_ids_are_compared_whole_so_t1_is_not_t10() -> None:
    assert ready(CHAIN, done={"T10"}, begun=set()) == ("T1",)
    assert ready({"T1": (), "T10": (), "T2": ("T1",)}, done={"T10"}, begun={"T1"}) == ()


def test_a_task_that_has_begun_is_not_ready_again() -> None:
    assert ready(CHAIN, done={"T1"}, begun={"T2"}) == ("T3",)


def test_a_failure_blocks_all_that_need_it_with_the_path_to_it() -> None:
    assert blocked(CHAIN, failed={"T2"}) == {"T10": ("T10", "T2")}
    assert blocked(CHAIN, failed={"T1"}) == {
        "T2": ("T2", "T1"),
        "T3": ("T3", "T1"),
        "T10": ("T10", "T2", "T1"),
    }


def test_a_cycle_is_shown_as_a_path_of_needs_that_ends_where_it_began() -> None:
    graph = {"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)}
    path = cycle(graph)
    assert path[0] == path[-1]
    assert len(path) == 4
    assert all(later in graph[earlier] for earlier, later in pairwise(path))


def test_every_knot_of_needs_is_shown_as_a_path() -> None:
    graph = {
        "a": ("b",),
        "b": ("a",),
        "c": ("c",),
        "d": ("e",),
        "e": ("f", "nobody"),
        "f": ("d",),
        "g": ("a",),
    }
    found = cycles(graph)
    assert {frozenset(path) for path in found} == {frozenset("ab"), frozenset("c"), frozenset("def")}
    for path in found:
        assert path[0] == path[-1]
        assert all(later in graph[earlier] for earlier, later in pairwise(path))


def test_levels_are_waves_that_need_only_waves_before() -> None:
    assert levels(CHAIN) == (("T1",), ("T2", "T3"), ("T10",))
    assert levels({}) == ()


def test_the_critical_path_is_the_longest_by_hours_not_by_tasks() -> None:
    assert critical_path(CHAIN, {"T1": 1, "T2": 1, "T10": 1, "T3": 5}) == (("T1", "T3"), 6)
    assert critical_path(CHAIN, {"T1": 1}) == (("T1", "T2", "T10"), 1)
    assert critical_path({}, {}) == ((), 0)


def test_what_a_failure_holds_up_is_told_in_the_order_given() -> None:
    assert held_up(CHAIN, "T1") == ("T2", "T10", "T3")
    assert held_up(CHAIN, "T3") == ()


@pytest.mark.parametrize(
    ("graph", "message", "hint"),
    [
        ({"build": (), "flash": ("biuld",)}, "needs biuld, which is no task", "did you mean build?"),
        ({"a": (), "b": ("zzz",)}, "needs zzz, which is no task", "known ids: a, b"),
        ({"a": ("a",)}, "needs itself", "remove that need"),
        ({"a": (), "b": ("a", "a")}, "needs a twice", "name it once"),
        ({"a": ("b",), "b": ("a",)}, "needs form a cycle", "no task of a cycle can ever start"),
    ],
)
def test_each_defect_of_a_graph_is_named_with_a_way_out(
    graph: dict[str, tuple[str, ...]], message: str, hint: str
) -> None:
    (found,) = problems(graph)
    assert message in found.message
    assert hint in found.hint


def test_a_long_chain_needs_no_deep_stack() -> None:
    chain = {str(n): (str(n - 1),) if n else () for n in range(5000)}
    assert order(chain) == tuple(str(n) for n in range(5000))
    assert len(blocked(chain, failed={"0"})) == 4999


@given(sound_graphs())
def test_a_sound_graph_has_no_problem_and_an_order_that_respects_every_need(
    graph: dict[str, tuple[str, ...]],
) -> None:
    assert problems(graph) == ()
    place = {task: number for number, task in enumerate(order(graph))}
    assert set(place) == set(graph)
    assert all(place[need] < place[task] for task, needs in graph.items() for need in needs)


@given(sound_graphs(), st.data())
def test_doing_what_is_ready_until_nothing_is_does_exactly_what_no_failure_blocks(
    graph: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    failing = set(data.draw(st.lists(st.sampled_from(sorted(graph)), unique=True)))
    done: set[str] = set()
    begun: set[str] = set()
    while startable := ready(graph, done, begun):
        task = data.draw(st.sampled_from(startable))
        begun.add(task)
        if task not in failing:
            done.add(task)
    failed = begun & failing
    assert set(graph) - begun == set(blocked(graph, failed))
    for task, path in blocked(graph, failed).items():
        assert path[0] == task
        assert path[-1] in failed
        assert all(later in graph[earlier] for earlier, later in pairwise(path))


@given(sound_graphs(), st.data())
def test_one_need_that_turns_a_graph_into_a_cycle_is_found(
    graph: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    sequence = order(graph)
    early = data.draw(st.sampled_from(sequence))
    above = {task for task in graph if task == early or early in _all_needs(graph, task)}
    late = data.draw(st.sampled_from(sorted(above)))
    graph[early] = (*graph[early], late)
    assert problems(graph)


def _all_needs(graph: dict[str, tuple[str, ...]], task: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph[task])
    while todo:
        need = todo.pop()
        if need not in found:
            found.add(need)
            todo += graph[need]
    return found


@given(sound_graphs(), st.data())
def test_no_chain_of_needs_takes_longer_than_the_critical_path(
    graph: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    hours = {task: float(data.draw(st.integers(0, 9))) for task in graph}
    path, total = critical_path(graph, hours)
    assert sum(hours[task] for task in path) == total
    assert all(earlier in graph[later] for earlier, later in pairwise(path))
    assert total == max(_longest(graph, hours, task) for task in graph)


def _longest(graph: dict[str, tuple[str, ...]], hours: dict[str, float], task: str) -> float:
    return hours[task] + max((_longest(graph, hours, need) for need in graph[task]), default=0.0)

"""Whose turn it is, and what stands in the way of the others."""

from __future__ import annotations

from pathlib import Path

from hostkit.tasks.model import Agent, GateCheck, Plan, Standing, State, Task
from hostkit.tasks.startable import in_the_way, turns


def task(name: str, *files: str) -> Task:
    return Task(name, name, "", (), files, (GateCheck("virtual"),), Agent("a", ("x",), 1), 1, 1)


PLAN = Plan(
    Path("tasks.yaml"),
    "main",
    {each.id: each for each in (task("a", "docs/"), task("b", "docs/b.md"), task("c", "src/"), task("d"))},
)


def standing(**states: State) -> dict[str, Standing]:
    return {name: Standing(name, states.get(name, State.READY), "because") for name in PLAN.tasks}


def test_of_two_ready_tasks_that_may_write_one_file_only_the_first_starts() -> None:
    found = {turn.task: turn for turn in turns(PLAN, standing(), jobs=4)}
    assert [found[name].starts for name in "abcd"] == [True, False, True, True]
    assert found["b"].why == "a may write the same files: docs/b.md and docs/"


def test_what_is_at_work_takes_a_place_and_its_files() -> None:
    found = {turn.task: turn for turn in turns(PLAN, standing(b=State.RUNNING), jobs=2)}
    assert [found[name].starts for name in "abcd"] == [False, False, True, False]
    assert found["b"].why == "running: because"
    assert found["d"].why == "2 jobs at once, and b, c come first"


def test_who_says_nothing_about_files_stands_in_nobodys_way() -> None:
    assert in_the_way(PLAN, "d", ["a", "c"]) == ""

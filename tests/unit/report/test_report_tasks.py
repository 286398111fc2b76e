"""One line a task, saying why."""

from __future__ import annotations

from pathlib import Path

from hostkit.report.tasks import plain_lines, task_lines, task_records
from hostkit.tasks.model import Agent, GateCheck, Plan, Standing, State, Task

AGENT = Agent("a", ("true",), 60)
PLAN = Plan(
    Path("tasks.yaml"),
    "main",
    {
        name: Task(name, f"Do {name}", "", needs, (), (GateCheck("virtual"),), AGENT, 1, 1)
        for name, needs in {"a": (), "long-name": ("a",), "c": ("long-name",)}.items()
    },
)
NOW = {
    "a": Standing("a", State.VERIFIED, "62 tests passed", "f" * 40, 1),
    "long-name": Standing("long-name", State.FAILED, "LED 7 is green", "e" * 40, 1),
    "c": Standing("c", State.PLANNED, "will not start: long-name failed", blocked=("long-name",)),
}


def test_each_task_has_one_line_with_state_and_reason_in_columns() -> None:
    assert task_lines(PLAN, NOW, {"a": "merged into main"}).plain.splitlines() == [
        " ✔ a          verified      62 tests passed; merged into main",
        " ✘ long-name  failed        LED 7 is green",
        " ✘ c          planned       will not start: long-name failed",
    ]


def test_the_record_has_the_same_and_names_what_blocks() -> None:
    record = task_records(PLAN, NOW, {"a": "merged into main"})
    assert [(task["id"], task["state"], task["blocked_by"]) for task in record["tasks"]] == [
        ("a", "verified", []),
        ("long-name", "failed", []),
        ("c", "planned", ["long-name"]),
    ]
    assert record["tasks"][0]["merge"] == "merged into main"
    assert record["tasks"][2]["commit"] is None


def test_without_a_terminal_the_same_is_said_in_the_same_words() -> None:
    merges = {"a": "merged into main"}
    assert plain_lines(PLAN, NOW, merges) == task_lines(PLAN, NOW, merges).plain

"""The screen of a run: the graph, what is at work and what it said last, boards and queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from hostkit.report.live import Seen, live_screen
from hostkit.tasks.model import Agent, GateCheck, Plan, Standing, State, Task


def task(name: str, *needs: str) -> Task:
    return Task(name, name, "", needs, (), (GateCheck("virtual"),), Agent("x", ("x",), 1), 1, 1)


TASKS = (task("api"), task("cli", "api"), task("docs", "api"), task("ui", "cli", "docs"))
PLAN = Plan(Path("tasks.yaml"), "main", {each.id: each for each in TASKS})
NOW = {
    "api": Standing("api", State.VERIFIED, "all 12 tests passed"),
    "cli": Standing("cli", State.RUNNING, "attempt 2"),
    "docs": Standing("docs", State.FAILED, "LED 7 is green"),
    "ui": Standing("ui", State.PLANNED, "will not start: docs failed", blocked=("docs",)),
}
SEEN = Seen(
    NOW, {"cli": "compiling \x1b[31mmain.c"}, {"virt0": "gate of cli", "virt1": ""}, "2 waiting, 1 running"
)


def shown(height: int, width: int = 90) -> list[str]:
    console = Console(width=width, height=50)
    with console.capture() as capture:
        console.print(live_screen(PLAN, SEEN, height))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_each_task_stands_in_its_level_with_what_it_needs_and_what_it_said_last() -> None:
    assert shown(20) == [
        " 0 ✔ api   verified    all 12 tests passed",
        " 1 … cli   running     ← api  attempt 2",
        "         │ compiling \N{REPLACEMENT CHARACTER}[31mmain.c",
        " 1 ✘ docs  failed      ← api  LED 7 is green",
        " 2 ✘ ui    planned     ← cli, docs  will not start: docs failed",
        " boards  virt0: gate of cli   virt1: free",
        " queue   2 waiting, 1 running",
    ]


@pytest.mark.parametrize(("height", "rows"), [(7, 7), (6, 6), (5, 6)])
def test_a_small_screen_counts_what_is_settled_and_shows_all_that_is_not(height: int, rows: int) -> None:
    lines = shown(height)
    assert len(lines) == rows
    assert any("cli   running" in line for line in lines)
    assert any("docs  failed" in line for line in lines)
    if height < 7:
        assert any(line.startswith("   … and ") for line in lines)


def test_no_line_is_longer_than_the_terminal() -> None:
    assert max(len(line) for line in shown(20, width=30)) <= 30

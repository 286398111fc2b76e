"""``tasks graph`` and ``tasks schema``: what a plan says, for people, programs and Graphviz."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hostkit.cli.main import run

PLAN = """\
version: 1
agents: {a: {argv: [x]}}
groups: {early: {}, late: {after: [early], barrier: true}}
tasks:
  - {id: T1, title: One, group: early, hours: 2, incomplete: [no check]}
  - {id: T2, title: 'Two "2"', group: late, hours: 3, checks: [{type: command, argv: [x]}]}
  - {id: T3, title: Three, checks: [{type: command, argv: [x]}]}
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    (tmp_path / "tasks.yaml").write_text(PLAN)
    return str(tmp_path / "tasks.yaml")


def test_the_graph_is_told_in_levels_with_hours_and_what_a_failure_blocks(
    plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tasks", "graph", "--file", plan]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "level 0   T1 (2 h), T3",
        "level 1   T2 (3 h)",
        "critical  T1 (2 h) → T2 (3 h): 5 of 5 h",
        "no hours  T3 (counted as 0)",
        "if T1 fails   T2 will not start",
        "incomplete T1: no check",
        "group early (hint)   T1",
        "group late (barrier after early)   T2",
    ]


def test_programs_get_the_same_as_json(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks", "graph", "--file", plan, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["critical_path"] == {"tasks": ["T1", "T2"], "hours": 5}
    assert found["blocks"] == {"T1": ["T2"], "T2": [], "T3": []}
    assert found["levels"] == [["T1", "T3"], ["T2"]]


def test_graphviz_gets_titles_in_quotes_and_edges_from_need_to_task(
    plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tasks", "graph", "--file", plan, "--dot"]) == 0
    out = capsys.readouterr().out
    assert '"T1" -> "T2";' in out
    assert '[label="T2: Two \\"2\\""]' in out
    assert '[label="T1: One", style=dashed]' in out


def test_the_schema_is_printed_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:hostkit:tasks:1"

"""Which tasks a person means, and what a document may say about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.errors import UsageError
from hostkit.tasks.importing.document import import_source
from hostkit.tasks.importing.source import Source, read_source
from hostkit.tasks.model import Plan, Run
from hostkit.tasks.read import parse_plan
from hostkit.tasks.selection import (
    Phase,
    file_name,
    misplaced,
    of_group,
    one_task,
    phase,
    tasks_of,
    unprovable,
    with_agent,
    with_document,
)

TEXT = """
version: 1
agents: {one: {argv: [a]}, two: {argv: [b]}}
defaults: {agent: one}
groups: {group-a: {title: Group A}, B: {}}
tasks:
  - {id: T1, title: Storage schema, group: group-a, checks: [{type: command, argv: [x]}]}
  - {id: T2, title: Errors, group: group-a, needs: [T1], brief: mine, checks: [{type: command, argv: [x]}]}
  - {id: T10, title: API, group: B, needs: [T2], incomplete: [no check]}
"""


@pytest.fixture
def plan() -> Plan:
    return parse_plan(TEXT, Path("tasks.yaml"))


@pytest.mark.parametrize(
    ("text", "tasks"),
    [("T1,T2", ("T1", "T2")), ("T1-T2", ("T1", "T2")), ("t10, T1", ("T10", "T1")), ("T1, T1", ("T1",))],
)
def test_ids_and_ranges_name_tasks(text: str, tasks: tuple[str, ...], plan: Plan) -> None:
    assert tasks_of(text, plan.tasks) == tasks


@pytest.mark.parametrize(
    ("text", "said"), [("T1-T3", "'T3'"), ("", "names no task"), ("the API", "'the API'")]
)
def test_what_names_no_task_is_refused(text: str, said: str, plan: Plan) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        tasks_of(text, plan.tasks)
    assert caught.value.hint


def test_a_task_may_be_named_with_its_title_and_another_title_is_said(plan: Plan) -> None:
    assert one_task("T1", plan) == one_task("T1: Storage  schema", plan) == ("T1", "")
    assert one_task("T1: Errors", plan) == ("T1", "T1 is called 'Storage schema', not 'Errors'")
    with pytest.raises(UsageError, match="names 2 tasks"):
        one_task("T1-T2", plan)


def test_a_phase_has_a_name_and_tasks(plan: Plan) -> None:
    assert phase("GROUP_A:T1-T2", plan.tasks) == Phase("GROUP_A", ("T1", "T2"))
    with pytest.raises(UsageError, match="is no phase") as caught:
        phase("T1", plan.tasks)
    assert "NAME:TASKS" in caught.value.hint


@pytest.mark.parametrize("name", ["A", "a", "GROUP_A", "group-a", "Group A"])
def test_a_group_is_known_by_any_way_to_write_it(name: str, plan: Plan) -> None:
    assert of_group(plan, name) == ("T1", "T2")
    assert of_group(plan, "C") == ()


def test_a_need_in_a_later_phase_or_in_none_is_named_unless_it_is_done(plan: Plan) -> None:
    late = [Phase("A", ("T2",)), Phase("B", ("T1",))]
    assert list(misplaced(plan, late, ())) == ["T2 of A needs T1, which comes later, in B"]
    assert list(misplaced(plan, late, ("T1",))) == []
    assert list(misplaced(plan, [Phase("B", ("T10",))], ())) == ["T10 of B needs T2, which is in no phase"]
    assert list(misplaced(plan, [Phase("A", ("T1", "T2"))], ())) == []


def _document(text: str, tmp_path: Path) -> Source:
    path = tmp_path / "plan.md"
    path.write_text(text)
    return read_source(path)


def test_a_document_tells_needs_and_a_brief_and_proves_nothing(plan: Plan, tmp_path: Path) -> None:
    text = (
        "#### T1: Schema\n**Description:** Tables.\n**Dependencies:** None\n\n"
        "#### T2: Errors\n**Description:** Types.\n**Dependencies:** None\n"
    )
    told = with_document(plan, import_source(_document(text, tmp_path)))
    assert (told.tasks["T1"].brief, told.tasks["T2"].brief) == ("Tables.", "mine")
    assert told.tasks["T2"].needs == ()
    assert told.tasks["T2"].checks == plan.tasks["T2"].checks
    assert told.tasks["T10"] == plan.tasks["T10"]


def test_a_document_with_an_error_in_it_is_refused(plan: Plan, tmp_path: Path) -> None:
    made = import_source(_document("### T1: A\n- Depends on: T77\n", tmp_path))
    with pytest.raises(UsageError, match="T77"):
        with_document(plan, made)


def test_a_document_that_needs_what_the_plan_does_not_have_is_refused(plan: Plan, tmp_path: Path) -> None:
    made = import_source(_document("### T2: A\n- Depends on: T3\n\n### T3: B\n", tmp_path))
    with pytest.raises(UsageError, match=r"T3.*with the needs of") as caught:
        with_document(plan, made)
    assert caught.value.hint == "settle it in tasks.yaml"


def test_another_agent_must_be_one_of_the_plan(plan: Plan) -> None:
    changed = with_agent(plan, ["T1"], plan.agents, "two")
    assert (changed.tasks["T1"].agent.name, changed.tasks["T2"].agent.name) == ("two", "one")
    with pytest.raises(UsageError, match="no agent 'database-schema'") as caught:
        with_agent(plan, ["T1"], plan.agents, "database-schema")
    assert "known: one, two" in caught.value.hint


def test_a_command_is_given_to_no_agent(plan: Plan) -> None:
    command = replace(plan.tasks["T1"], run=Run(("make",)))
    with pytest.raises(UsageError, match="T1 is a command, and no agent does it") as caught:
        with_agent(replace(plan, tasks={"T1": command}), ["T1"], plan.agents, "two")
    assert caught.value.hint == "leave out --type"


def test_what_nothing_proves_is_named(plan: Plan) -> None:
    assert unprovable(plan, ["T1", "T2"]) == ""
    assert unprovable(plan, ["T1", "T10"]) == "T10 is incomplete: no check"


def test_a_pattern_gets_the_task_and_nothing_else() -> None:
    assert file_name("docs/{task}_{x}.md", "T1") == "docs/T1_{x}.md"

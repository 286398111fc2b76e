"""Plain commands in ``tasks.yaml``: what is read, and what does not fit a task without a commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hostkit.tasks.marks import load_marked
from hostkit.tasks.model import COMMAND, Agent, Run
from hostkit.tasks.problem import PlanError, Problem
from hostkit.tasks.read import parse_plan
from hostkit.tasks.schema import json_schema

PATH = Path("tasks.yaml")
PLAN = """\
version: 1
defaults: {gate: {env: virtual}, attempts: 5}
tasks:
  - {id: a, title: a, run: [make, all]}
  - id: b
    title: b
    needs: [a]
    attempts: 2
    run: {argv: [make, test], exit: 2, inputs: [src/], timeout_s: 7}
    checks: [{type: command, argv: [grep, -q, ok, log]}]
"""


def problem(text: str) -> Problem:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, PATH)
    (found,) = caught.value.problems
    return found


def test_a_command_is_an_argv_or_says_more_and_no_agent_is_needed() -> None:
    plan = parse_plan(PLAN, PATH)
    a, b = plan.tasks.values()
    assert (a.run, b.run) == (Run(("make", "all")), Run(("make", "test"), 2, ("src/",), 7.0))
    assert (a.agent, b.agent) == (Agent(COMMAND, ("make", "all"), 3600), Agent(COMMAND, ("make", "test"), 7))
    assert plan.commands == {"a", "b"}


def test_the_defaults_of_agents_are_not_those_of_commands() -> None:
    a, b = parse_plan(PLAN, PATH).tasks.values()
    assert (a.attempts, b.attempts) == (1, 2)
    assert (len(a.checks), len(b.checks)) == (0, 1)


def test_the_published_schema_takes_both_forms_and_refuses_a_shell_line() -> None:
    schema = Draft202012Validator(json_schema())
    assert list(schema.iter_errors(load_marked(PLAN).value)) == []
    assert list(schema.iter_errors(load_marked(PLAN.replace("[make, all]", "make all")).value))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message", "hint"),
    [
        ("[make, all]", "[]", 4, "tasks.0.run", "at least 1 item", "the whole task"),
        ("[make, all]", "make all", 4, "tasks.0.run", "valid dictionary", "the whole task"),
        ("inputs: [src/]", "input: [src/]", 9, "tasks.1.run.input", "unknown field", "did you mean inputs?"),
        ("exit: 2", "exit: 300", 9, "tasks.1.run.exit", "less than or equal to 255", "the exit code"),
        (
            "attempts: 2",
            "agent: x",
            8,
            "tasks.1.agent",
            "b has a command and an agent",
            "take one of them away",
        ),
        ("attempts: 2", "gate: {env: virtual}", 8, "tasks.1.gate", "no commit for a board", "hostkit, gate"),
        (
            "{type: command, argv: [grep, -q, ok, log]}",
            "{type: sql_syntax, files: [a.sql], dialect: sqlite}",
            10,
            "tasks.1.checks.0",
            "sql_syntax looks at a commit, and a command leaves none",
            "ask it of a task that an agent does",
        ),
        (", run: [make, all]", "", 4, "tasks.0", "there is no agent to do a", "run: [PROGRAM"),
    ],
)
def test_what_does_not_fit_is_said_with_line_field_and_a_way_out(
    old: str, new: str, line: int, field: str, message: str, hint: str
) -> None:
    assert PLAN.count(old) == 1
    found = problem(PLAN.replace(old, new))
    assert (found.line, found.field) == (line, field)
    assert message in found.message.lower() or message in found.message
    assert hint in found.hint

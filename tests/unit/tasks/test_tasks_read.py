"""``tasks.yaml``: what is read, and what is said of what cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hostkit.boards.model import Fidelity
from hostkit.errors import UsageError
from hostkit.store.model import Rung
from hostkit.tasks.checks import (
    CommandCheck,
    CoverageCheck,
    FileExistsCheck,
    JsonSchemaCheck,
    PytestCheck,
    SizeCheck,
    SqlSyntaxCheck,
    check_from,
    check_record,
)
from hostkit.tasks.marks import load_marked
from hostkit.tasks.model import Agent, Budget, GateCheck, Limits
from hostkit.tasks.problem import PlanError, Problem
from hostkit.tasks.read import parse_plan, read_plan
from hostkit.tasks.schema import json_schema

GOOD = """\
version: 1
target: trunk
agents:
  coder:
    argv: [agent, --prompt, "{prompt}"]
    timeout_s: 60
tasks:
  - id: strobe
    title: Add a strobe pattern
    brief: |
      Flash at a rate.
    files: ["firmware/**"]
    gate: {env: virtual, board: any}
  - id: docs
    title: Describe it
    needs: [strobe]
    attempts: 1
    checks:
      - type: command
        argv: [grep, strobe, README.md]
      - type: gate
        env: virtual
        min_rung: timed
        min_fidelity: board
"""
PATH = Path("tasks.yaml")


def test_a_good_file_gives_its_tasks_in_order_with_defaults() -> None:
    plan = parse_plan(GOOD, PATH)
    assert list(plan.tasks) == ["strobe", "docs"]
    assert plan.target == "trunk"
    assert plan.needs == {"strobe": (), "docs": ("strobe",)}
    strobe, docs = plan.tasks.values()
    assert strobe.checks == (GateCheck("virtual", "any", Rung.WIRED, Fidelity.VIRTUAL),)
    assert (strobe.attempts, strobe.line, strobe.brief) == (3, 8, "Flash at a rate.\n")
    assert strobe.agent.argv == ("agent", "--prompt", "{prompt}")
    assert docs.checks == (
        CommandCheck(("grep", "strobe", "README.md"), 600.0),
        GateCheck("virtual", "any", Rung.TIMED, Fidelity.BOARD),
    )


def replaced(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def typed(fields: str) -> str:
    """The plan with another check in the place of the command."""
    whole = "- type: command\n        argv: [grep, strobe, README.md]"
    return replaced(whole, "- {type: " + fields + "}")


BROKEN = {
    "an unknown field": (replaced("attempts: 1", "attemps: 1"), 17, "tasks.1.attemps", "attempts?"),
    "an unknown check": (replaced("type: command", "type: shell"), 19, "tasks.1.checks.0", "gate, command"),
    "a check without a type": (
        replaced("type: command\n        ", ""),
        19,
        "tasks.1.checks.0",
        "one of: gate, command",
    ),
    "an unknown need": (replaced("needs: [strobe]", "needs: [strob]"), 16, "tasks.1.needs.0", "strobe?"),
    "a need of itself": (replaced("needs: [strobe]", "needs: [docs]"), 16, "tasks.1.needs.0", "remove"),
    "an id twice": (replaced("id: docs", "id: strobe"), 14, "tasks.1.id", "unique"),
    "an id with a slash": (replaced("id: docs", "id: do/cs"), 14, "tasks.1.id", "letters, digits"),
    "a number for text": (replaced("title: Describe it", "title: 7"), 15, "tasks.1.title", "quotes"),
    "an unknown rung": (
        replaced("min_rung: timed", "min_rung: fast"),
        23,
        "tasks.1.checks.1.min_rung",
        "shown",
    ),
    "a date that there is not": (replaced("title: Describe it", "title: 2026-13-01"), 15, "", "quotes"),
    "brackets without end": (replaced("needs: [strobe]", f"needs: {'[' * 900}"), 1, "", "brackets"),
    "no attempt at all": (replaced("attempts: 1", "attempts: 0"), 17, "tasks.1.attempts", "started"),
    "a shell line for argv": (
        replaced("argv: [grep, strobe, README.md]", "argv: grep strobe"),
        20,
        "tasks.1.checks.0.argv",
        "no shell",
    ),
    "a task that nothing can verify": (
        replaced("    gate: {env: virtual, board: any}\n", ""),
        8,
        "tasks.0",
        "give it a gate",
    ),
    "an agent that there is not": (
        replaced("attempts: 1", "agent: codr"),
        17,
        "tasks.1.agent",
        "did you mean coder?",
    ),
    "two agents and no choice": (
        replaced("tasks:\n", "  other: {argv: [x]}\ntasks:\n"),
        9,
        "tasks.0",
        "coder, other; or name it once under defaults",
    ),
    "an unknown placeholder": (replaced("{prompt}", "{promt}"), 5, "agents.coder.argv", "{prompt}"),
    "a key twice": (replaced("attempts: 1", "title: again"), 17, "", "remove one"),
    "broken syntax": (replaced("needs: [strobe]", "needs: [strobe"), 17, "", "indentation"),
    "a tab": (replaced("    attempts: 1", "\tattempts: 1"), 17, "", "indentation"),
    "a cyclic alias": (replaced("needs: [strobe]", "needs: &x [*x]"), 16, "", "write the value out"),
    "another version": (replaced("version: 1", "version: 2"), 1, "version", "docs/reference"),
    "a group that there is not": (replaced("attempts: 1", "group: api"), 17, "tasks.1.group", "under groups"),
    "a barrier after nothing": (
        replaced("tasks:\n", "groups: {api: {barrier: true}}\ntasks:\n"),
        7,
        "groups.api.barrier",
        "after: [...]",
    ),
    "a group after one that there is not": (
        replaced("tasks:\n", "groups:\n  api: {after: [apj]}\ntasks:\n"),
        8,
        "groups.api.after.0",
        "did you mean api?",
    ),
    "an id that ends like a lock of git": (
        replaced("id: docs", "id: docs.lock"),
        14,
        "tasks.1.id",
        "letters",
    ),
    "a misspelt check": (
        replaced("type: command", "type: json-schema"),
        19,
        "tasks.1.checks.0",
        "did you mean json_schema?",
    ),
    "a dialect that there is not": (
        typed("sql_syntax, files: [x], dialect: ms"),
        19,
        "tasks.1.checks.0.dialect",
        "whose SQL",
    ),
    "a check without files": (
        typed("file_exists, files: []"),
        19,
        "tasks.1.checks.0.files",
        "whole paths",
    ),
    "a coverage check that does not say where the report goes": (
        typed("coverage, argv: [x], floor: 80"),
        19,
        "tasks.1.checks.0.argv",
        "{report}",
    ),
    "a floor above everything": (
        typed("coverage, argv: ['{report}'], floor: 101"),
        19,
        "tasks.1.checks.0.floor",
        "percent",
    ),
    "a suite that may run nothing": (
        typed("pytest, min_executed: 0"),
        19,
        "tasks.1.checks.0.min_executed",
        "fewer tests",
    ),
    "a size without a limit": (
        typed("size, env: virtual"),
        19,
        "tasks.1.checks.0",
        "max_flash or max_ram",
    ),
    "a default agent that there is not": (
        replaced("agents:\n", "defaults: {agent: codr}\nagents:\n"),
        3,
        "defaults.agent",
        "did you mean coder?",
    ),
    "an unknown default": (
        replaced("agents:\n", "defaults:\n  colour: 5\nagents:\n"),
        4,
        "defaults.colour",
        "known here: agent, attempts, check_timeout_s, gate",
    ),
    "a default gate with a wrong rung": (
        replaced("agents:\n", "defaults: {gate: {env: virtual, min_rung: fast}}\nagents:\n"),
        3,
        "defaults.gate.min_rung",
        "shown",
    ),
    "a wrong word for a gate": (
        replaced("gate: {env: virtual, board: any}", "gate: nothing"),
        13,
        "tasks.0.gate",
        "none: no board",
    ),
    "an unknown limit": (
        replaced("agents:\n", "limits: {concurent: 2}\nagents:\n"),
        3,
        "limits.concurent",
        "did you mean concurrent?",
    ),
    "a limit of nothing": (
        replaced("agents:\n", "limits:\n  wall_s: 0\nagents:\n"),
        4,
        "limits.wall_s",
        "what is at work then is stopped",
    ),
    "more attempts than the limit": (
        replaced("attempts: 1", "attempts: 9").replace("agents:\n", "limits: {attempts: 4}\nagents:\n"),
        18,
        "tasks.1.attempts",
        "4 at most",
    ),
    "more attempts by default than the limit": (
        replaced("agents:\n", "limits: {attempts: 4}\ndefaults: {attempts: 5}\nagents:\n"),
        4,
        "defaults.attempts",
        "4 at most",
    ),
    "a name of the environment with a sign in it": (
        replaced("timeout_s: 60", "env: [PATH, A=B]"),
        6,
        "agents.coder.env.1",
        "may see",
    ),
    "an unknown budget": (
        replaced("timeout_s: 60", "budget: {flashs_per_hour: 2}"),
        6,
        "agents.coder.budget.flashs_per_hour",
        "did you mean flashes_per_hour?",
    ),
    "a list": ("- a\n- b\n", 1, "", "version: 1"),
    "nothing": ("", 1, "", "version: 1"),
    "a missing title": (replaced("    title: Describe it\n", ""), 14, "tasks.1.title", "one line for people"),
    "a nan for seconds": (replaced("timeout_s: 60", "timeout_s: .nan"), 6, "agents.coder.timeout_s", "ended"),
}


@pytest.mark.parametrize(("text", "line", "field", "hint"), BROKEN.values(), ids=BROKEN.keys())
def test_each_defect_is_said_with_line_field_and_a_way_out(
    text: str, line: int, field: str, hint: str
) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, PATH)
    first = caught.value.problems[0]
    assert (first.line, first.field) == (line, field)
    assert hint in first.hint
    assert caught.value.message.startswith(f"tasks.yaml:{line}: ")


def test_all_problems_are_said_at_once_in_the_order_of_the_lines() -> None:
    text = replaced("title: Describe it", "titel: x").replace("attempts: 1", "attempts: many")
    with pytest.raises(PlanError, match=r"and 2 more") as caught:
        parse_plan(text, PATH)
    assert [problem.field for problem in caught.value.problems] == [
        "tasks.1.title",
        "tasks.1.titel",
        "tasks.1.attempts",
    ]


def test_a_cycle_is_said_at_the_need_that_closes_it() -> None:
    text = replaced('    files: ["firmware/**"]\n', "    needs: [docs]\n")
    with pytest.raises(PlanError, match=r"needs form a cycle: .* → ") as caught:
        parse_plan(text, PATH)
    assert caught.value.problems[0].line in (12, 16)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*tasks\.yaml") as caught:
        read_plan(tmp_path / "tasks.yaml")
    assert "--file" in caught.value.hint


def test_bytes_that_are_no_text_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "tasks.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot read"):
        read_plan(tmp_path / "tasks.yaml")


@given(st.text(max_size=200) | st.sampled_from(GOOD.splitlines()).map(lambda line: GOOD.replace(line, "", 1)))
def test_no_text_makes_anything_but_a_plan_or_a_plan_error(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    tasks = 0
    try:
        tasks = len(parse_plan(text, PATH).tasks)
    except PlanError as error:
        problems = error.problems
    assert bool(tasks) != bool(problems)
    assert all(problem.line >= 1 and problem.hint and problem.message for problem in problems)


GROUPED = replaced("    needs: [strobe]\n", "    group: late\n").replace(
    "    brief:", "    group: early\n    brief:"
)


def test_a_group_is_a_hint_unless_it_is_a_barrier() -> None:
    groups = "groups: {early: {}, late: {after: [early], barrier: BARRIER}}\ntasks:\n"
    text = GROUPED.replace("tasks:\n", groups)
    assert parse_plan(text.replace("BARRIER", "false"), PATH).needs["docs"] == ()
    plan = parse_plan(text.replace("BARRIER", "true"), PATH)
    assert plan.needs["docs"] == ("strobe",)
    assert plan.groups["late"].after == ("early",)


def test_a_cycle_through_a_barrier_is_found() -> None:
    text = GROUPED.replace("    group: early\n", "    group: early\n    needs: [docs]\n").replace(
        "tasks:\n", "groups: {early: {}, late: {after: [early], barrier: true}}\ntasks:\n"
    )
    with pytest.raises(PlanError, match="needs form a cycle"):
        parse_plan(text, PATH)


def test_a_task_without_checks_is_read_only_when_it_says_that_it_is_incomplete() -> None:
    text = replaced("    gate: {env: virtual, board: any}\n", "    incomplete: [no check]\n    hours: 2.5\n")
    task = parse_plan(text, PATH).tasks["strobe"]
    assert (task.checks, task.incomplete, task.hours) == ((), ("no check",), 2.5)
    assert parse_plan(text, PATH).hours == {"strobe": 2.5}


PROFILES = """\
version: 1
defaults: {agent: coder, attempts: 5, check_timeout_s: 30, gate: {env: virtual, min_rung: timed}}
limits: {attempts: 4, concurrent: 2, wall_s: 3600, flashes_per_hour: 60, same_cause: 2, worktrees_mb: 500}
agents:
  other: {argv: [x]}
  coder: {argv: [x], env: [ANTHROPIC_*], concurrent: 1, budget: {flashes_per_hour: 20, wall_s: 7200}}
tasks:
  - {id: a, title: A}
  - {id: b, title: B, agent: other, attempts: 2, gate: none, checks: [{type: command, argv: [x]}]}
  - {id: c, title: C, gate: {env: esp32}, checks: [{type: command, argv: [x], timeout_s: 5}]}
"""


def test_what_a_task_does_not_say_comes_from_the_defaults_within_the_limits() -> None:
    text = PROFILES.replace("attempts: 5, ", "")
    a, b, c = parse_plan(text, PATH).tasks.values()
    assert (a.agent.name, b.agent.name) == ("coder", "other")
    assert (a.attempts, b.attempts) == (3, 2)
    assert a.checks == (GateCheck("virtual", "any", Rung.TIMED),)
    assert b.checks == (CommandCheck(("x",), 30.0),)
    assert c.checks == (GateCheck("esp32"), CommandCheck(("x",), 5.0))
    few = parse_plan(text.replace("limits: {attempts: 4", "limits: {attempts: 2"), PATH)
    assert few.tasks["a"].attempts == 2


def test_the_profiles_that_the_manual_ships_are_sound_and_each_is_kept_on_a_leash() -> None:
    plan = read_plan(Path(__file__).parents[3] / "docs" / "how-to" / "agents.yaml")
    text = plan.file.read_text()
    assert _valid(text)
    agents = parse_plan(text, PATH).tasks
    assert {task.agent.name for task in agents.values()} == {"claude", "script"}
    for name in ("claude", "codex", "aider", "script"):
        agent = parse_plan(text.replace("agent: claude", f"agent: {name}"), PATH).tasks["sparkle"].agent
        assert agent.env is not None
        assert any("{brief}" in part or "{prompt}" in part for part in agent.argv)
        assert name == "script" or agent.budget.flashes_per_hour


def test_every_type_of_check_is_read_with_its_time_out() -> None:
    checks = {
        "file_exists, files: [a, b]": FileExistsCheck(600, ("a", "b")),
        "sql_syntax, files: ['**/*.sql'], dialect: sqlite, timeout_s: 5": SqlSyntaxCheck(
            5, ("**/*.sql",), "sqlite"
        ),
        "json_schema, files: [a.json], against: s.json": JsonSchemaCheck(600, ("a.json",), "s.json"),
        "pytest, args: [tests], min_executed: 3": PytestCheck(600, ("tests",), 3),
        "coverage, argv: [x, '{report}'], floor: 80, include: [src/]": CoverageCheck(
            600, ("x", "{report}"), 80, ("src/",)
        ),
        "size, env: virtual, max_flash: 9": SizeCheck(600, "virtual", 9, None),
        "command, argv: [x], exit: 3": CommandCheck(("x",), 600, 3),
    }
    for text, wanted in checks.items():
        assert parse_plan(typed(text), PATH).tasks["docs"].checks[0] == wanted
    digests = {check.digest for check in checks.values()}
    assert len(digests) == len(checks)


@pytest.mark.parametrize(
    "check", [PytestCheck(5, ("-x",), 2), SizeCheck(1, "e", None, 3), FileExistsCheck(1, ("a",))]
)
def test_a_check_survives_the_way_to_its_process_and_is_known_by_what_it_asks(check: Any) -> None:
    assert check_from(json.loads(json.dumps(check_record(check)))) == check
    assert replace(check, timeout_s=99).digest == check.digest


def test_a_record_that_is_no_check_is_a_usage_error() -> None:
    for record in ({"type": "shell"}, {}, {"type": "size", "env": "e"}):
        with pytest.raises(UsageError, match="no check that hostkit knows"):
            check_from(record)


def test_an_agents_profile_and_the_limits_of_the_plan_are_read() -> None:
    plan = parse_plan(PROFILES.replace("attempts: 5, ", ""), PATH)
    assert plan.tasks["a"].agent == Agent("coder", ("x",), 3600, ("ANTHROPIC_*",), 1, Budget(20, 7200))
    assert plan.limits == Limits(4, 2, 3600, 60, 2, 500, 14)


def _valid(text: str) -> bool:
    return Draft202012Validator(json_schema()).is_valid(load_marked(text).value)


def test_the_published_schema_takes_what_the_reader_takes_and_refuses_misspelt_fields() -> None:
    assert _valid(GOOD)
    assert _valid((Path(__file__).parents[3] / "tasks.yaml").read_text())
    assert not _valid(replaced("attempts: 1", "attemps: 1"))
    assert not _valid(replaced("type: command", "type: shell"))
    assert not _valid(replaced("id: docs", "id: do/cs"))
    assert _valid(PROFILES)
    assert not _valid(PROFILES.replace("gate: none", "gate: nothing"))

"""The graph of `hostkit demo --graph`: its breakdown, what is made of it, and its scripted agents."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from hostkit.cli.demo.changes import Change, apply
from hostkit.cli.demo.graph.agent import act
from hostkit.cli.demo.graph.work import BREAKDOWN, Stop, Work, chosen, in_order, read_work, settled
from hostkit.process import SystemRunner
from hostkit.tasks.brief import brief_text
from hostkit.tasks.git import Git
from hostkit.tasks.importing.document import import_file
from hostkit.tasks.importing.writing import plan_text
from hostkit.tasks.model import Plan
from hostkit.tasks.patterns import outside
from hostkit.tasks.read import parse_plan

WORK = read_work()
GATE = {"env": "virtual", "board": "any", "min_rung": "timed"}


def plan_of(work: Mapping[str, Work]) -> Plan:
    text = settled(plan_text(import_file(BREAKDOWN)), work, GATE)
    return parse_plan(text, Path("tasks.yaml"))


PLAN = plan_of(WORK)


def test_the_breakdown_has_22_tasks_in_five_groups_and_the_faults_that_plans_have() -> None:
    made = import_file(BREAKDOWN)
    assert made.hard == ()
    assert set(made.drafts) == set(WORK) == {f"T{n}" for n in range(1, 23)}
    assert set(made.group_of.values()) == {f"group {letter}" for letter in "abcde"}
    kinds = {finding.kind.value for finding in made.findings}
    assert kinds >= {
        "secret",
        "unsafe step",
        "critical path",
        "sum",
        "group order",
        "called done",
        "shared file",
    }
    assert "made-up-for-this-plan" not in plan_text(made)


def test_what_is_settled_is_a_sound_plan_in_which_nothing_is_left_open() -> None:
    assert set(PLAN.tasks) == set(WORK)
    for task in PLAN.tasks.values():
        assert task.checks
        assert task.incomplete == ()
        assert task.files
    assert PLAN.target_gate is not None


def test_the_small_graph_is_whole_in_itself_and_has_a_wire_and_a_command_that_stop_something() -> None:
    small = chosen(WORK, small=True)
    plan = plan_of(small)
    assert set(plan.tasks) == set(small)
    assert {each.stopped_by for each in small.values()} >= {Stop.WIRE, Stop.COMMAND}
    assert not any(each.simulated for each in small.values())


@pytest.mark.parametrize("work", WORK.values(), ids=WORK.keys())
def test_an_agent_changes_what_its_task_may_change_unless_that_is_its_blunder(work: Work) -> None:
    files = PLAN.tasks[work.task].files
    assert outside([edit.file for edit in work.edits], files) == ()
    stray = outside([edit.file for edit in work.blunder], files)
    assert bool(stray) is (work.stopped_by is Stop.FILES)


@pytest.mark.parametrize("work", [each for each in WORK.values() if each.blunder], ids=lambda each: each.task)
def test_no_first_brief_says_what_only_a_failed_attempt_can_teach(work: Work) -> None:
    assert work.learns
    assert work.learns not in brief_text(PLAN.tasks[work.task], "")
    assert work.edits != work.blunder


def test_the_right_work_of_all_tasks_applies_to_this_checkout_in_their_order(
    project_root: Path, tmp_path: Path
) -> None:
    for name in ("firmware/lib", "hil_tests"):
        shutil.copytree(project_root / name, tmp_path / name)
    shutil.copy2(project_root / "platformio.ini", tmp_path)
    for work in in_order(PLAN, WORK):
        apply(Change("", work.edits), tmp_path)


@pytest.fixture
def worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git = Git(tmp_path, SystemRunner())
    git.run("init", "-q", "-b", "main")
    (tmp_path / "kept").write_text("x")
    git.run("add", "-A")
    git.run("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qm", "begin")
    return git


def test_a_scripted_agent_does_the_right_thing_only_once_its_brief_says_why(worktree: Git) -> None:
    base, work = worktree.resolve("HEAD"), WORK["T13"]
    files = {edit.file for edit in work.blunder}
    act(work, "Do it.", worktree.directory, base)
    assert set(worktree.changed_between(base, "HEAD")) == files
    act(work, "Do it. It took too long.", worktree.directory, base)
    assert set(worktree.changed_between(base, "HEAD")) == files
    act(work, f"Do it. Changed other files: {work.learns}", worktree.directory, base)
    assert set(worktree.changed_between(base, "HEAD")) == {edit.file for edit in work.edits}


def test_a_scripted_agent_that_was_cut_off_begins_anew_and_leaves_a_commit_of_its_own(worktree: Git) -> None:
    base, work = worktree.resolve("HEAD"), WORK["T16"]
    act(work, "", worktree.directory, base)
    (worktree.directory / "kept").write_text("half-written")
    (worktree.directory / "left").write_text("over")
    first = worktree.resolve("HEAD")
    act(work, "", worktree.directory, base)
    assert worktree.resolve("HEAD^") == first
    assert worktree.changed_paths() == ()
    assert worktree.changed_between(base, "HEAD") == ("docs/phase5/dashboard.md",)

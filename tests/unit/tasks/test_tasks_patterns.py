"""Globs, briefs, worktree-free parts of an attempt."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.tasks.brief import Handover, brief_text, unknown_placeholders
from hostkit.tasks.git import clean_environment
from hostkit.tasks.model import Agent, GateCheck, Task
from hostkit.tasks.patterns import outside

TASK = Task(
    "T1", "Add {brief}", "Do it.", (), ("firmware/**",), (GateCheck("virtual"),), Agent("a", (), 1), 2, 1
)


@pytest.mark.parametrize(
    ("glob", "inside", "out"),
    [
        ("firmware/**", ["firmware/a.cpp", "firmware/lib/b/c.hpp"], ["firmware2/a", "xfirmware/a"]),
        ("firmware/", ["firmware/a.cpp", "firmware/lib/c.hpp"], ["firmware.txt"]),
        ("docs/*.md", ["docs/a.md"], ["docs/sub/a.md", "docs/a.mdx"]),
        ("**/test_*.py", ["test_a.py", "x/y/test_b.py"], ["x/atest_b.py"]),
        ("README.md", ["README.md"], ["docs/README.md", "READMEXmd"]),
        ("a?c", ["abc"], ["a/c", "abbc"]),
        ("./src", ["src/main.c", "src"], ["srcs/main.c"]),
        ("a[1].c", ["a[1].c"], ["a1.c"]),
    ],
)
def test_a_glob_covers_what_it_says_and_nothing_else(glob: str, inside: list[str], out: list[str]) -> None:
    assert outside([*inside, *out], [glob]) == tuple(out)


def test_no_glob_at_all_covers_everything() -> None:
    assert outside(["a", "b/c"], []) == ()


def test_placeholders_are_filled_once_and_other_braces_are_left_alone() -> None:
    agent = Agent("a", ("run", '--json={"a": 1}', "{task}:{prompt}", "{other}"), 1)
    handover = Handover(Path("/b.md"), Path("/w"), "token", "base")
    task = Task(TASK.id, TASK.title, "", (), (), TASK.checks, agent, 2, 1)
    assert handover.argv(task, "see {brief}") == ("run", '--json={"a": 1}', "T1:see {brief}", "{other}")
    assert unknown_placeholders(agent.argv) == ("other",)


def test_a_brief_says_what_may_change_how_it_is_judged_and_what_went_wrong_before() -> None:
    first, second = brief_text(TASK, ""), brief_text(TASK, "attempt 1: LED 7 is green")
    assert first.startswith("# T1: Add {brief}\n\nDo it.\n")
    assert "- `firmware/**`" in first
    assert "hostkit gate -e virtual -b any" in first
    assert "So far" not in first
    assert "attempt 1: LED 7 is green" in second


def test_a_hook_s_repository_does_not_become_ours_but_authors_stay() -> None:
    env = {"GIT_DIR": "/x", "GIT_INDEX_FILE": "/y", "GIT_AUTHOR_NAME": "me", "PATH": "/bin"}
    assert clean_environment(env) == {"GIT_AUTHOR_NAME": "me", "PATH": "/bin"}

"""Globs, briefs, worktree-free parts of an attempt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.tasks.brief import Handover, brief_text, unknown_placeholders
from hostkit.tasks.git import clean_environment
from hostkit.tasks.model import Agent, GateCheck, Task
from hostkit.tasks.patterns import outside, overlap

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


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("docs/a.md", "docs/a.md", True),
        ("docs/a.md", "docs/b.md", False),
        ("docs/", "docs/sub/b.md", True),
        ("docs", "docsets/b.md", False),
        ("docs/*.md", "docs/a*", True),
        ("docs/*.md", "docs/*.html", False),
        ("docs/**/a.md", "docs/a.md", True),
        ("src/a?.c", "src/ab.c", True),
        ("src/a?.c", "src/b?.c", False),
        ("**/test_*.py", "tests/unit/test_x.py", True),
        ("./a", "a/", True),
    ],
)
def test_two_globs_overlap_when_one_path_could_be_in_both(one: str, other: str, meet: bool) -> None:
    assert bool(overlap([one], [other])) is meet
    assert bool(overlap([other], [one])) is meet


def test_who_names_no_files_collides_with_nobody() -> None:
    assert overlap([], ["docs/"]) is None


WORDS = st.text("ab/*?", min_size=1, max_size=6).filter(lambda text: text.strip("/"))


@given(WORDS, WORDS, st.text("ab/", min_size=1, max_size=6).filter(lambda text: text.strip("/")))
def test_a_path_that_two_globs_cover_makes_them_overlap(one: str, other: str, path: str) -> None:
    path = "/".join(part for part in path.split("/") if part)
    if not outside([path], [one]) and not outside([path], [other]):
        assert overlap([one], [other])

"""What git says of a working tree, and what it was told not to say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostkit.errors import ToolError, UsageError
from hostkit.process import SystemRunner
from hostkit.tasks.git import AskedCheckout, Git
from hostkit.testing.process import FakeRunner, Scripted


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_to_overlook_counts_as_changed(bench: Any, flag: str) -> None:
    assert not bench.git.checkout().dirty
    bench.git.run("update-index", flag, "verdict.txt")
    (bench.repository / "verdict.txt").write_text("fail")
    assert bench.git.changed_paths() == ("verdict.txt",)
    assert bench.git.checkout().dirty


def test_an_ignored_source_or_test_counts_as_changed_and_what_tools_leave_does_not(bench: Any) -> None:
    (bench.repository / ".git" / "info").mkdir(exist_ok=True)
    (bench.repository / ".git" / "info" / "exclude").write_text("extra*\n__pycache__/\nnotes\n*~\n")
    for name in (
        "firmware/lib/extra.cpp",
        "hil_tests/extra.py",
        "hil_tests/__pycache__/x.pyc",
        "notes",
        "firmware/a~",
    ):
        path = bench.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert bench.git.changed_paths() == ("firmware/lib/extra.cpp", "hil_tests/extra.py")


def test_a_git_that_says_nothing_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="printed nothing") as caught:
        Git(tmp_path, FakeRunner.of(Scripted())).common_dir()
    assert "command -v git" in caught.value.hint


def test_a_checkout_that_is_asked_beforehand_is_the_one_of_then_or_gits_own_error(
    bench: Any, tmp_path: Path
) -> None:
    asked = AskedCheckout(bench.git)
    here = asked.answer()
    (bench.repository / "verdict.txt").write_text("fail")
    assert asked.answer() is here
    assert (here.commit, here.dirty) == (bench.git.resolve("HEAD"), False)
    (tmp_path / "empty").mkdir()
    bench.git.at(tmp_path / "empty").run("init", "-q")
    nothing = AskedCheckout(Git(tmp_path / "empty", SystemRunner()))
    for _ in range(2):
        with pytest.raises(UsageError, match="has no commit yet"):
            nothing.answer()


def test_a_look_at_a_tree_leaves_gits_index_alone_where_git_itself_would_write_it(bench: Any) -> None:
    index = bench.repository / ".git" / "index"
    os.utime(bench.repository / "verdict.txt", (1, 1))  # no other content, but git has to look
    before = index.read_bytes()
    assert not bench.git.checkout().dirty
    assert index.read_bytes() == before
    subprocess.run(["git", "status", "--short"], cwd=bench.repository, check=True)
    assert index.read_bytes() != before

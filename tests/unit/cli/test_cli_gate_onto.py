"""`hostkit gate --onto`: which commit it is, what is refused, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.cli.context import Context
from hostkit.cli.gate_onto import merged, pinned_onto
from hostkit.clock import SystemClock
from hostkit.errors import FailedError, UsageError
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.tasks.git import Git


class Desk:
    """A project with a branch beside main."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.project.mkdir()
        self.git = Git(self.project, SystemRunner())
        self.git.run("init", "-q", "-b", "main")
        self.first = self.write("platformio.ini")
        self.git.run("branch", "topic")
        self.main = self.write("a.txt", "of main")
        self.git.run("switch", "-q", "topic")
        self.context = Context(
            self.project, Paths(root / "state", root / "cache"), SystemClock(), SystemRunner()
        )
        self.folder = next(iter((root / "state").glob("tasks/*/onto")), root / "none")

    def write(self, name: str, text: str = "") -> str:
        (self.project / name).write_text(text)
        self.git.run("add", "-A")
        self.git.run("commit", "-qm", name)
        return self.git.resolve("HEAD")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")
    return Desk(tmp_path)


def test_a_request_for_later_is_about_the_commit_that_the_branch_is_now(desk: Desk) -> None:
    assert pinned_onto(desk.context, "") == ""
    with pytest.raises(UsageError, match="main has HEAD already"):
        pinned_onto(desk.context, "main")
    desk.write("b.txt")
    assert pinned_onto(desk.context, "main") == desk.main
    (desk.project / "c.txt").touch()
    with pytest.raises(UsageError, match=r"uncommitted changes, which no merge has: c\.txt"):
        pinned_onto(desk.context, "main")


def test_the_merge_has_both_sides_and_is_the_same_commit_every_time(desk: Desk) -> None:
    topic = desk.write("b.txt")
    seen = []
    for _ in range(2):
        with merged(desk.context, "main") as (there, tip):
            here = Git(there.project, SystemRunner()).checkout()
            assert (there.project / "a.txt").exists()
            assert (there.project / "b.txt").exists()
            assert (tip, there.keep) == (desk.main, desk.project)
            seen.append(here)
        assert not there.start.exists()
    assert seen[0] == seen[1]
    assert (seen[0].parents, seen[0].dirty) == ((desk.main, topic), False)
    assert len(desk.git.worktrees()) == 1


def test_a_branch_that_has_all_of_it_already_is_judged_as_it_is(desk: Desk) -> None:
    desk.git.run("merge", "-q", "--ff-only", "main")
    topic = desk.write("b.txt")
    with merged(desk.context, "main") as (there, _):
        assert Git(there.project, SystemRunner()).resolve("HEAD") == topic


def test_a_conflict_is_a_fail_that_names_every_file_and_leaves_nothing(desk: Desk) -> None:
    desk.git.run("switch", "-q", "main")
    desk.write("b.txt", "of main")
    desk.git.run("switch", "-q", "topic")
    desk.write("a.txt", "of topic")
    desk.write("b.txt", "of topic")
    with pytest.raises(FailedError, match=r"HEAD does not merge onto main: .*a\.txt; .*b\.txt") as caught:  # noqa: SIM117
        with merged(desk.context, "main"):
            pass
    assert caught.value.exit_code == 1
    assert caught.value.hint == "git merge main, resolve, commit, and ask again"
    assert len(desk.git.worktrees()) == 1


def test_what_no_merge_has_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="main has HEAD already"), merged(desk.context, "main"):
        pass
    desk.write("b.txt")
    (desk.project / "c.txt").write_text("")
    said = "there are uncommitted changes, which no merge has: c"
    with pytest.raises(UsageError, match=said) as caught, merged(desk.context, "main"):
        pass
    assert caught.value.hint == "commit them, or leave out --onto"


def test_what_a_killed_one_left_goes_and_what_a_live_one_has_stays(desk: Desk) -> None:
    desk.write("b.txt")
    with merged(desk.context, "main") as (live, _):
        dead = live.start.parent.parent / "999999999"
        desk.git.run("worktree", "add", "-q", "--detach", str(dead / "_merge"), "main")
        with pytest.raises(UsageError, match="nowhere"), merged(desk.context, "nowhere"):
            pass
        live.start.parent.rename(live.start.parent.with_name("1"))  # of a process that lives
        with merged(desk.context, "main"):
            assert not dead.exists()
            assert (live.start.parent.with_name("1") / "_merge").exists()

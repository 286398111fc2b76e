"""What commands run on: a stamp that changes with what it should, and with nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from hostkit.tasks.checks import CommandCheck
from hostkit.tasks.git import Git, Seen
from hostkit.tasks.ground import Ground, Stamp
from hostkit.tasks.model import COMMAND, Agent, Plan, Run, Task


@dataclass
class Repository:
    """Stands for git: what is checked out and what differs, as a test says."""

    directory: Path
    commit: str = "c" * 40
    changed: tuple[str, ...] = ()
    asked: int = 0

    def state(self) -> Seen:
        self.asked += 1
        return Seen(self.commit, self.changed)

    def is_ancestor(self, older: str, newer: str) -> bool:
        self.asked += 1
        return newer == "HEAD" and older == self.commit


TASK = Task("a", "a", "", (), ("out/",), (), Agent(COMMAND, ("make",), 60), 1, 1, run=Run(("make",)))
READS = replace(TASK, run=Run(("make",), inputs=("in/**/*.txt", "one")))


@pytest.fixture
def git(tmp_path: Path) -> Repository:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.txt").write_text("1")
    (tmp_path / "in" / "b.c").write_text("1")
    return Repository(tmp_path)


def ground(git: Repository, *tasks: Task) -> Ground:
    plan = Plan(Path("tasks.yaml"), "main", {task.id: task for task in tasks or (TASK,)})
    return Ground(cast(Git, git), plan)


def test_the_command_its_checks_and_its_files_are_part_of_what_it_is(git: Repository) -> None:
    here = ground(git)
    first = here.stamp(TASK, ())
    changes: list[Task] = [
        replace(TASK, run=Run(("make", "x"))),
        replace(TASK, run=Run(("make",), exit=1)),
        replace(TASK, files=("other/",)),
        replace(TASK, checks=(CommandCheck(("true",)),)),
    ]
    assert all(here.stamp(task, ()).command != first.command for task in changes)
    same: list[Task] = [replace(TASK, title="b"), replace(TASK, run=Run(("make",), timeout_s=1))]
    assert all(here.stamp(task, ()) == first for task in same)


def test_what_its_needs_were_verified_by_is_part_of_it(git: Repository) -> None:
    here = ground(git)
    assert here.stamp(TASK, ("x",)).differs(here.stamp(TASK, ("y",))) == "what it needs"


def test_inputs_are_known_by_content_wherever_a_glob_finds_them(git: Repository, tmp_path: Path) -> None:
    here = ground(git)
    stamps = [here.stamp(READS, ())]

    def changed() -> bool:
        stamps.append(here.stamp(READS, ()))
        return stamps[-1] != stamps[-2]

    (tmp_path / "in/b.c").write_text("2")
    assert not changed()
    (tmp_path / "in/deep/a.txt").write_text("2")
    assert changed()
    (tmp_path / "in/new.txt").write_text("")
    assert changed()
    (tmp_path / "one").write_text("1")
    assert changed()
    (tmp_path / "one").unlink()
    assert changed()
    assert git.asked == 0


def test_a_file_edited_within_one_tick_of_the_clock_is_seen_by_its_size_or_its_change(
    git: Repository, tmp_path: Path
) -> None:
    here, file = ground(git), tmp_path / "in/deep/a.txt"
    first = here.stamp(READS, ())
    seen = file.stat()
    file.write_text("another size")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert here.stamp(READS, ()) != first


def test_without_inputs_the_commit_and_each_change_count_but_not_what_commands_write(
    git: Repository, tmp_path: Path
) -> None:
    here = ground(git)
    first = here.stamp(TASK, ())

    def changed(**values: Any) -> bool:
        for name, value in values.items():
            setattr(git, name, value)
        here.forget()
        return here.stamp(TASK, ()) != first

    (tmp_path / "out").mkdir()
    (tmp_path / "out/x").write_text("1")
    assert not changed(changed=("out/x",))
    assert changed(changed=("in/b.c",))
    assert changed(changed=(), commit="d" * 40)
    assert changed(changed=("gone",), commit="c" * 40)
    assert not changed(changed=())


def test_the_checkout_is_asked_about_once_until_it_moves(git: Repository) -> None:
    here = ground(git)
    for _ in range(3):
        here.stamp(TASK, ())
        here.has("c" * 40)
    assert git.asked == 2
    here.forget()
    assert here.has("c" * 40)
    assert git.asked == 3


def test_what_it_wrote_is_known_by_content_and_nothing_where_it_names_no_files(
    git: Repository, tmp_path: Path
) -> None:
    here = ground(git)
    assert here.wrote(replace(TASK, files=())) == ""
    first = here.wrote(TASK)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/link").symlink_to("nowhere")
    assert here.wrote(TASK) != first


def test_missing_is_what_is_no_regular_file(git: Repository, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("in/b.c")
    assert ground(git).missing(("in/b.c", "link", "in", "gone")) == ("link", "in", "gone")


def test_a_stamp_survives_the_way_to_the_book() -> None:
    stamp = Stamp("a", "b", "c")
    assert Stamp.of(str(stamp)) == stamp
    assert stamp.differs(Stamp("x", "b", "z")) == "the command and what it needs"

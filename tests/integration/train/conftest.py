"""A bare repository, branches in it, and a merge train whose gate is a script."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from served_gate import served

from hostkit.clock import SystemClock
from hostkit.process import SystemRunner
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.tasks.git import Git
from hostkit.tasks.model import GateCheck
from hostkit.tasks.worktree import Worktrees
from hostkit.testing import scripted_gate
from hostkit.train.line import Line
from hostkit.train.machine import Limits
from hostkit.train.run import TrainRunner
from hostkit.train.yard import GateArgv, Yard


@dataclass
class Station:
    """A bare repository, a clone to make branches in, and a line."""

    bare: Path
    clone: Path
    state: Path
    gate: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # commits whose evidence a whole check refuses

    @property
    def git(self) -> Git:
        return Git(self.bare, SystemRunner())

    @property
    def line(self) -> Line:
        return Line(self.state / "train")

    @property
    def main(self) -> str:
        return self.git.resolve("main")

    def branch(self, name: str, file: str, text: str = "x") -> str:
        """Make a branch off the first commit that writes one file; return its commit."""
        git = Git(self.clone, SystemRunner())
        git.run("switch", "-q", "-c", name, "origin/main")
        (self.clone / file).write_text(text)
        git.run("add", "-A")
        git.run("commit", "-qm", name)
        git.run("push", "-q", "origin", name)
        return git.resolve(name)

    def submit(self, name: str, file: str, text: str = "x") -> str:
        commit = self.branch(name, file, text)
        self.line.submit(name, commit, name)
        return commit

    def argv_of(self, env: str) -> GateArgv:
        process = (sys.executable, "-m", "hostkit.testing.scripted_gate", str(self.state))
        # One that a test lets go on has to be a process of its own: it is killed with its runner.
        return lambda board: (*(process if (self.state / "slow").exists() else self.gate), board, env)

    def judge(self, tree: Path, board: str, env: str) -> tuple[int, str]:
        return scripted_gate.answer(self.state, tree, board, env), ""

    @contextmanager
    def yard(self, boards: int = 1) -> Iterator[Yard]:
        argv = self.argv_of("virtual")

        with open_database(self.state) as database:
            yield Yard(
                git=self.git,
                target="main",
                worktrees=Worktrees(self.git, self.state / "worktrees", "main"),
                line=self.line,
                ledger=Ledger(database),
                doubts=lambda record, whole: (
                    ("a file was changed",) if whole and record.commit in self.broken else ()
                ),
                check=GateCheck("virtual"),
                boards=tuple(f"virt{n}" for n in range(boards)),
                gate_argv=argv,
                env=dict(os.environ),
                clock=SystemClock(),
                folder=self.state / "train",
                tell=self.told.append,
            )

    def run(self, boards: int = 1, limits: Limits | None = None) -> str:
        with self.yard(boards) as yard:
            return TrainRunner(yard, limits or Limits()).run()

    def asked(self) -> list[tuple[str, ...]]:
        """Return verdict, board and commit of each answer of the gate, in order."""
        path = self.state / "asked"
        return [tuple(line.split()) for line in path.read_text().splitlines()] if path.exists() else []

    def passed(self) -> set[str]:
        return {commit for verdict, _, commit in self.asked() if verdict == "pass"}

    def ends(self) -> dict[str, str]:
        return {change.name: change.status.value for change in self.line.changes()}


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """A bare repository with one commit on main."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")
    made = Station(tmp_path / "repo.git", tmp_path / "clone", tmp_path / "state")
    made.state.mkdir()
    runner = SystemRunner()
    Git(tmp_path, runner).run("init", "-q", "--bare", "-b", "main", str(made.bare))
    Git(tmp_path, runner).run("clone", "-q", str(made.bare), str(made.clone))
    git = Git(made.clone, runner)
    git.run("switch", "-q", "-c", "main")
    (made.clone / "begin").write_text("x")
    git.run("add", "-A")
    git.run("commit", "-qm", "begin")
    git.run("push", "-q", "origin", "main")
    with served(made.judge) as made.gate:
        yield made

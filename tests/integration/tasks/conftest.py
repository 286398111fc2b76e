"""A real repository, real agents (small shell scripts) and a gate that is a script with a ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from served_gate import served

from hostkit.clock import Clock, SystemClock
from hostkit.process import SystemRunner
from hostkit.store.attempts import Attempts
from hostkit.store.commands import CommandBook
from hostkit.store.database import open_database
from hostkit.store.ids import new_run_id
from hostkit.store.ledger import Ledger
from hostkit.store.model import Attempt, ProofKind, Verdict, VerdictRecord
from hostkit.tasks.agent import Children, end_marked
from hostkit.tasks.books import Books
from hostkit.tasks.git import Git
from hostkit.tasks.ground import Ground
from hostkit.tasks.model import GateCheck, Standing
from hostkit.tasks.read import parse_plan
from hostkit.tasks.runner import TaskRunner
from hostkit.tasks.workshop import Folders, Workshop
from hostkit.tasks.worktree import Worktrees
from hostkit.train.tasks import TaskTrain

AGENTS = """
  good: {argv: [sh, -c, "echo pass > verdict.txt; echo x > {task}.txt; git add -A; git commit -qm {task}"]}
  bad: {argv: [sh, -c, "echo fail LED 7 is green > verdict.txt; git add -A; git commit -qm {task}"]}
"""


@dataclass
class Bench:
    """A project with its state, and the means to run plans on it."""

    repository: Path
    state: Path
    gate: tuple[str, ...] = ()
    forgiving: bool = False
    clock: Clock = field(default_factory=SystemClock)
    told: list[str] = field(default_factory=list)
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unsigned: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def git(self) -> Git:
        return Git(self.repository, SystemRunner())

    @contextmanager
    def shop(
        self, tasks: str, agents: str = "", *, head: str = "", target_gate: bool = False
    ) -> Iterator[Workshop]:
        gate = "target_gate: {env: virtual}\n" if target_gate else ""
        text = f"version: 1\n{head}\n{gate}agents:{AGENTS}{agents}\ntasks:{tasks}"
        plan = parse_plan(text, self.repository / "tasks.yaml")
        common = self.git.common_dir()
        folders = Folders.of_project(self.state, common)

        def gate(check: GateCheck) -> tuple[str, ...]:
            return (*self.gate, str(common), str(self.clock.wall_ns()))

        book = CommandBook(folders.commands)
        books = Books(lambda: open_database(self.state), str(common))
        with closing(books), closing(book):
            yield Workshop(
                plan=plan,
                git=self.git,
                worktrees=Worktrees(self.git, folders.worktrees, plan.target),
                books=books,
                commands=book,
                ground=Ground(self.git, plan),
                children=Children(),
                clock=self.clock,
                folders=folders,
                project=str(common),
                gate_argv=gate,
                doubts=lambda record, whole: (
                    self.broken.get(record.evidence, ()) if whole else self.unsigned.get(record.commit, ())
                ),
                judges=("verdict.txt",),
                env=dict(os.environ),
                tell=lambda task, what: self.told.append(f"{task}: {what}"),
            )

    def run(
        self,
        tasks: str,
        agents: str = "",
        *,
        head: str = "",
        merging: bool = True,
        target_gate: bool = False,
    ) -> dict[str, Standing]:
        with self.shop(tasks, agents, head=head, target_gate=target_gate) as shop:
            return TaskRunner(shop, jobs=2, merging=TaskTrain(shop) if merging else None).run()

    def judge(self, tree: Path, project: str, now_ns: str) -> tuple[int, str]:
        """Be the gate: say what verdict.txt of the commit says, pass where the bench is ``forgiving``."""
        verdict, *reason = (tree / "verdict.txt").read_text().split()
        if self.forgiving:
            verdict = "pass"
        if verdict == "crash":
            return 5, "the probe fell off\n"
        here = Git(tree, SystemRunner()).checkout()
        record = VerdictRecord(
            run_id=new_run_id(SystemClock()),
            kind=ProofKind.GATE,
            verdict=Verdict(verdict),
            rung="wired",
            fidelity="virtual",
            project=project,
            commit=here.commit,
            tree="",
            dirty=here.dirty,
            env="virtual",
            board="virt0",
            build_id="b" * 64,
            suite="",
            selection="",
            reasons=(" ".join(reason) or "as asked",),
            evidence="/evidence",
            evidence_sha256="",
            decided_ns=int(now_ns),
        )
        with open_database(self.state) as database:
            Ledger(database).append(record)
        with (self.state / "asked").open("a") as asked:
            print(record.commit, file=asked)
        return 0, ""

    def asked(self) -> list[str]:
        """Commits that the gate was asked about, in order."""
        path = self.state / "asked"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A fresh project with one commit on main, checked out."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")
    repository = tmp_path / "project"
    repository.mkdir()
    made = Bench(repository, tmp_path / "state")
    made.git.run("init", "-q", "-b", "main")
    (repository / "verdict.txt").write_text("pass")
    (repository / "platformio.ini").write_text("")
    made.git.run("add", "-A")
    made.git.run("commit", "-qm", "begin")
    with served(made.judge) as made.gate:
        yield made


class Runs:
    """Runners in processes of their own, that a test starts, stops and kills."""

    # Tells the test that it runs (the write ends when the test reads), with a grandchild of another session.
    hang = "setsid sleep 300 & echo here > $PIPE; sleep 300"

    def __init__(self, bench: Bench, tmp_path: Path, environment: dict[str, str]) -> None:
        self.bench = bench
        self.pipe = tmp_path / "pipe"
        self.flag = tmp_path / "flag"
        os.mkfifo(self.pipe)
        self.environment = environment | {
            "PIPE": str(self.pipe),
            "FLAG": str(self.flag),
            "HOSTKIT_STATE_DIR": str(bench.state),
        }

    def plan(self, text: str) -> None:
        (self.bench.repository / "tasks.yaml").write_text(text)

    def start(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "hostkit", "tasks", "run"]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(argv, cwd=self.bench.repository, env=self.environment, **pipes)

    def started_and_here(self) -> subprocess.Popen[bytes]:
        """Start a runner and return it when its agent or check has said that it is at work."""
        runner = self.start()
        assert self.pipe.read_text() == "here\n"
        return runner

    def kill_when_here(self) -> None:
        runner = self.started_and_here()
        runner.send_signal(signal.SIGKILL)
        runner.communicate()

    def attempts(self) -> tuple[Attempt, ...]:
        with open_database(self.bench.state) as database:
            return Attempts(database, str(self.bench.git.common_dir())).all()


@pytest.fixture
def runs(bench: Bench, tmp_path: Path, hostkit_environment: dict[str, str]) -> Iterator[Runs]:
    made = Runs(bench, tmp_path, hostkit_environment)
    yield made
    for attempt in made.attempts():
        end_marked(attempt.token, SystemClock())

"""A merge train beside testing one change after another: 32 changes, 3 of them bad, a gate of known length.

The gate is a script that sleeps: what is measured is the train. `bench_train_gate.py` has the real one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Row

from hostkit.clock import SystemClock
from hostkit.process import SystemRunner
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.tasks.git import Git
from hostkit.tasks.model import GateCheck
from hostkit.tasks.worktree import Worktrees
from hostkit.train.line import Line, Status
from hostkit.train.machine import Limits
from hostkit.train.run import TrainRunner
from hostkit.train.yard import GateArgv, Yard

CHANGES, BAD, LENGTH_S = 32, (5, 17, 26), 4.0
BOARDS = (1, 2, 4)


@dataclass(frozen=True)
class Watched(Yard):
    """A yard that notes how long a gate had a board, stopped ones included."""

    busy_s: list[float] = field(default_factory=list)

    def _gate(self, *arguments: Any) -> str:
        began = time.perf_counter()
        try:
            return Yard._gate(self, *arguments)
        finally:
            self.busy_s.append(time.perf_counter() - began)


@dataclass(frozen=True)
class Ride:
    """What one train came to. ``used``: the share of the boards' time in which a gate had them."""

    wall_s: float
    used: float
    gates: int


def rows() -> Iterator[Row]:
    """Wall time, and how long boards stood idle, for each number of boards."""
    alone = ride(1, Limits(window=1, widest=1))
    for boards in BOARDS:
        train = ride(boards, Limits())
        what = f"merge train, {CHANGES} changes, {len(BAD)} bad, gate {LENGTH_S:g} s, boards: {boards}"
        yield Row(
            what,
            f"{train.gates} gates",
            train.wall_s,
            f"one by one, {alone.gates} gates",
            alone.wall_s,
            train.wall_s / alone.wall_s,
        )
        idle, idle_alone = 100 * (1 - train.used), 100 * (1 - alone.used)
        yield Row(
            "  boards idle", "the same", idle, "one by one", idle_alone, idle / idle_alone, "<= 15", "%"
        )


def ride(boards: int, limits: Limits) -> Ride:
    """Merge all changes of a new repository; raises where other ones merged than should."""
    with tempfile.TemporaryDirectory(prefix="hostkit-bench-") as place:
        root = Path(place)
        with station(root, boards) as yard:
            began = time.perf_counter()
            held = TrainRunner(yard, limits).run()
            wall_s = time.perf_counter() - began
            ends = {change.name: change.status for change in yard.line.changes()}
        wanted = {f"c{n}": Status.FAILED if n in BAD else Status.MERGED for n in range(CHANGES)}
        if held or ends != wanted:
            raise RuntimeError(f"the train did something else: {held} {ends}")
        gates = len((root / "state" / "asked").read_text().splitlines())
        return Ride(wall_s, sum(yard.busy_s) / (boards * wall_s), gates)


@contextmanager
def station(root: Path, boards: int) -> Iterator[Watched]:
    """Give a bare repository with the changes in line."""
    state = root / "state"
    state.mkdir()
    (state / "length").write_text(str(LENGTH_S))
    git = repository(root)
    line = Line(state / "train")
    for number in range(CHANGES):
        name = f"c{number}"
        line.submit(name, git.resolve(name), name)
    argv: GateArgv = lambda board: (sys.executable, "-m", "hostkit.testing.scripted_gate", str(state), board)  # noqa: E731
    with open_database(state) as database:
        yield Watched(
            git=git,
            target="main",
            worktrees=Worktrees(git, state / "worktrees", "main"),
            line=line,
            ledger=Ledger(database),
            doubts=lambda *_: (),
            check=GateCheck("virtual"),
            boards=tuple(f"virt{n}" for n in range(boards)),
            gate_argv=argv,
            env=dict(os.environ),
            clock=SystemClock(),
            folder=state / "train",
            tell=lambda _: None,
        )


def repository(root: Path) -> Git:
    """Return a bare repository with ``main`` and a branch for each change."""
    for role in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{role}_NAME"] = "bench"
        os.environ[f"GIT_{role}_EMAIL"] = "bench@localhost"
    work = Git(root / "work", SystemRunner())
    work.directory.mkdir()
    work.run("init", "-q", "-b", "main")
    work.run("commit", "-q", "--allow-empty", "-m", "begin")
    for number in range(CHANGES):
        work.run("switch", "-q", "-c", f"c{number}", "main")
        (work.directory / f"{'fail' if number in BAD else 'file'}{number}").write_text("LED 7 is green")
        work.run("add", "-A")
        work.run("commit", "-qm", f"change {number}")
    work.run("clone", "-q", "--bare", ".", str(root / "repo.git"))
    return work.at(root / "repo.git")

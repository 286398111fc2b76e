"""What a merge train works with, and the test of one stack: its merge commit, gated in its own worktree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hostkit.clock import Clock
from hostkit.process import Command
from hostkit.store.ledger import Ledger
from hostkit.store.model import ProofKind, Verdict
from hostkit.tasks.agent import Children, end_marked, marked_environment
from hostkit.tasks.git import Git, clean_environment
from hostkit.tasks.joining import join
from hostkit.tasks.model import ANY_BOARD, GateCheck
from hostkit.tasks.proof import Proof, proofs_of
from hostkit.tasks.workshop import Doubts, last_line, vouched
from hostkit.tasks.worktree import Worktrees
from hostkit.train.line import Change, Line
from hostkit.train.machine import Outcome
from hostkit.train.site import Tested

GateArgv = Callable[[str], Sequence[str]]
"""Given a board, the command that gates the working directory and writes the ledger."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that a commit must show: what counts as a pass, and the gate that may give it."""

    check: GateCheck
    argv: GateArgv


Demands = Callable[[str], Sequence[Demand]]
"""Given a commit, all that it must show: at least one thing."""

LANES = 16
"""Most lanes of a train."""

_GATE_TIMEOUT_S = 7200.0  # build, flash and suite have time-outs of their own, and a board may be waited for


@dataclass(frozen=True, slots=True)
class Yard:
    """Tools of a merge train. ``boards``: one a lane; ``check`` is what a commit must meet on one of them.

    ``demands``: what a commit must meet instead, where that is more than one check. A check that names a
    board uses that one, whatever the lane.
    """

    git: Git
    target: str
    worktrees: Worktrees
    line: Line
    ledger: Ledger
    doubts: Doubts
    check: GateCheck
    boards: tuple[str, ...]
    gate_argv: GateArgv
    env: Mapping[str, str]
    clock: Clock
    folder: Path
    tell: Callable[[str], None]
    demands: Demands | None = None
    merges: dict[tuple[str, str], str] = field(default_factory=dict)  # (onto, what): the same every time

    @property
    def ref(self) -> str:
        """Return the full name of the target branch."""
        return f"refs/heads/{self.target}"

    def proof(self, commit: str) -> Proof:
        """Return what the ledger says of a commit: by this train's boards, and by evidence that holds.

        Of several things that it must show: a failure, else what is missing, else the last pass.
        """
        proofs = [self._proof(commit, demand.check) for demand in self._demanded(commit)]
        bad = [proof for proof in proofs if proof.verdict is not Verdict.PASS]
        failed = [proof for proof in bad if proof.verdict is Verdict.FAIL]
        return (failed or bad or proofs[-1:])[0]

    def _demanded(self, commit: str) -> Sequence[Demand]:
        return self.demands(commit) if self.demands else (Demand(self.check, self.gate_argv),)

    def _proof(self, commit: str, check: GateCheck) -> Proof:
        records = [vouched(entry.record, self.doubts) for entry in self.ledger.of_commit(commit)]
        if ANY_BOARD not in self.boards and check.board == ANY_BOARD:
            records = [record for record in records if record.board in ("", *self.boards)]
        return proofs_of([check], records)[0]

    def passed(self, commit: str) -> bool:
        """True when the ledger holds a pass for the commit."""
        return self.proof(commit).verdict is Verdict.PASS

    def test(self, lane: int, tip: str, changes: Sequence[Change], children: Children) -> Tested:
        """Merge the changes onto the tip, in order, and gate the result on the lane's board.

        Only a pass whose evidence a whole check accepts is a PASS; only a verdict of fail is a FAIL.
        """
        with self.worktrees.apart(f"lane{lane}", tip) as git:
            commit, why = self._merged(git, tip, changes)
            if not commit:
                return Tested(Outcome.CONFLICT, "", f"on top of {self.target}: {why}")
            said = self._judged(commit)
            if said is not None:
                return said
            for number, demand in enumerate(self._demanded(commit)):
                if self._proof(commit, demand.check).verdict is Verdict.PASS:
                    continue
                log = self.folder / "logs" / f"{commit[:12]}-lane{lane}-{number}.log"
                ended = self._gate(demand, lane, git.directory, log, children)
                proof = self._proof(commit, demand.check)
                if proof.verdict not in (Verdict.PASS, Verdict.FAIL):
                    return Tested(Outcome.UNKNOWN, commit, ended if proof.verdict is None else proof.reason)
                if proof.verdict is Verdict.FAIL:
                    break
            return self._judged(commit) or Tested(Outcome.UNKNOWN, commit, "its verdicts went")

    def _merged(self, git: Git, tip: str, changes: Sequence[Change]) -> tuple[str, str]:
        """Merge the changes onto the tip, which is checked out; what another lane merged is taken from there.

        Returns the commit, checked out now, and "", or "" and the conflict.
        """
        commit = there = tip
        for change in changes:
            made = self.merges.get((commit, change.commit), "")
            if not made:
                _go(git, there, commit)
                made, why = _onto(git, commit, change)
                if not made:
                    return "", why
                self.merges[commit, change.commit] = there = made
            commit = made
        _go(git, there, commit)
        return commit, ""

    def _judged(self, commit: str) -> Tested | None:
        """Return what the ledger decides, None when it decides nothing."""
        demands = self._demanded(commit)
        proofs = [self._proof(commit, demand.check) for demand in demands]
        for proof in proofs:
            if proof.verdict is Verdict.FAIL:
                return Tested(Outcome.FAIL, commit, proof.reason, proof.evidence)
        if any(proof.verdict is not Verdict.PASS or proof.record is None for proof in proofs):
            return None
        for record in [proof.record for proof in proofs if proof.record is not None]:
            for problem in self.doubts(record, True) if record.kind is ProofKind.GATE else ():
                why = f"the evidence of its pass is not intact: {problem}"
                return Tested(Outcome.UNKNOWN, commit, why, record.evidence)
        return Tested(Outcome.PASS, commit, proofs[-1].reason, proofs[-1].evidence)

    def _gate(self, demand: Demand, lane: int, worktree: Path, log: Path, children: Children) -> str:
        """Run the gate and return how it ended."""
        token = f"{self.line.token()}-{lane}"
        environment = marked_environment(clean_environment(self.env), token)
        board = self.boards[lane] if demand.check.board == ANY_BOARD else demand.check.board
        argv = tuple(demand.argv(board))
        try:
            ended = children.run(Command(argv, worktree, environment, _GATE_TIMEOUT_S), log)
        finally:
            end_marked(token, self.clock)
        if ended.stopped:
            return "stopped"
        if ended.timed_out:
            return f"the gate took longer than {_GATE_TIMEOUT_S:g} s"
        said = last_line(log)
        return f"the gate ended with exit {ended.returncode}" + (f": {said}" if said else "")

    def clear(self) -> None:
        """End what a killed runner left: its gates, its worktrees. Call it with the runner's lock held."""
        for lane in range(LANES):
            end_marked(f"{self.line.token()}-{lane}", self.clock)
        self.worktrees.drop_apart()


def _go(git: Git, there: str, commit: str) -> None:
    if there != commit:
        git.run("checkout", "--quiet", "--detach", commit)


def _onto(git: Git, tip: str, change: Change) -> tuple[str, str]:
    if git.is_ancestor(change.commit, tip):
        return tip, ""
    if git.is_ancestor(tip, change.commit):
        git.run("checkout", "--quiet", "--detach", change.commit)
        return change.commit, ""
    return join(git, tip, change.commit, f"Merge change {change.id}: {change.title}")

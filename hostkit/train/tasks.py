"""The merge train of a task graph: verified tasks are its changes, and what each is proved by stays asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.clock import Clock
from hostkit.errors import ToolError, UsageError
from hostkit.store.model import OrderKind, ProofKind, Verdict
from hostkit.tasks.agent import Children, end_marked
from hostkit.tasks.git import Git
from hostkit.tasks.joining import gather
from hostkit.tasks.model import ANY_BOARD, Check, Standing
from hostkit.tasks.proof import judge, proofs_of
from hostkit.tasks.proving import prove
from hostkit.tasks.standing import reason_of
from hostkit.tasks.workshop import Workshop
from hostkit.tasks.worktree import Worktrees
from hostkit.train.line import Change, Line, Status
from hostkit.train.machine import Limits, Outcome
from hostkit.train.run import TrainRunner
from hostkit.train.site import Tested

if TYPE_CHECKING:
    from hostkit.store.ledger import Ledger

_LIMITS = Limits(window=16)  # one lane, and tasks that each passed alone: mostly all of them go at once


@dataclass(frozen=True, slots=True)
class TaskSite:
    """Where the train of a task graph runs. It has one lane: the whole window is one merge commit.

    So every commit that the target goes to, followed by first parents, is one that was judged itself.
    """

    shop: Workshop
    line: Line
    worktrees: Worktrees
    folder: Path
    boards: tuple[str, ...] = (ANY_BOARD,)  # each check names its own

    @property
    def git(self) -> Git:
        """Return the repository."""
        return self.shop.git

    @property
    def target(self) -> str:
        """Return the branch that is merged into."""
        return self.shop.plan.target

    @property
    def ref(self) -> str:
        """Return its full name."""
        return f"refs/heads/{self.target}"

    @property
    def ledger(self) -> Ledger:
        """Return the verdicts."""
        return self.shop.ledger

    @property
    def clock(self) -> Clock:
        """Return the time."""
        return self.shop.clock

    @property
    def tell(self) -> Callable[[str], None]:
        """Return who hears one line for people."""
        return lambda text: self.shop.tell("merge train", text)

    def passed(self, commit: str) -> bool:
        """True when a commit meets what the target itself must meet."""
        tested = self._judged(commit, self._checks((), commit))
        return tested is not None and tested.outcome is Outcome.PASS

    def test(self, lane: int, tip: str, changes: Sequence[Change], children: Children) -> Tested:
        """Merge the changes onto the tip as one commit, and prove it: the target's gate, each task's checks.

        Only a pass of all, each gate's evidence intact, is a PASS; only a verdict of fail is a FAIL.
        """
        with self.worktrees.apart(f"lane{lane}", tip) as git:
            commit, why = gather(git, tip, [change.commit for change in changes], _message(changes))
            if not commit:
                return Tested(Outcome.CONFLICT, "", why)
            checks = self._checks(changes, commit)
            if (said := self._judged(commit, checks)) is not None:
                return said
            log = self.folder / "logs" / f"{commit[:12]}.log"
            shop = replace(self.shop, children=children)
            why = prove(shop, checks, git.directory, log, f"{self.line.token()}-{lane}")
        if (said := self._judged(commit, checks)) is not None:
            return said
        proofs = proofs_of(checks, self.shop.records(commit))
        open_one = next(
            proof for proof in proofs if proof.verdict is not Verdict.PASS
        )  # the rest was not asked
        return Tested(Outcome.UNKNOWN, commit, why or f"{open_one.check.title}: {open_one.reason}")

    def clear(self) -> None:
        """End what a killed runner left: its proofs, its worktrees. Call it with the runner's lock held."""
        for lane in range(len(self.boards)):
            end_marked(f"{self.line.token()}-{lane}", self.clock)
        self.worktrees.drop_apart()

    def _checks(self, changes: Sequence[Change], commit: str) -> tuple[Check, ...]:
        """Return what a stack must meet, nothing twice: the target's gate first, as it asks for most.

        Then what the rules of the target require of the commit, and the checks of every task in it.
        """
        plan = self.shop.plan
        of_target = [plan.target_gate] if plan.target_gate is not None else []
        own = [check for change in changes for check in plan.tasks[change.name].checks]
        return tuple(dict.fromkeys([*of_target, *self.shop.required(commit), *own]))

    def _judged(self, commit: str, checks: Sequence[Check]) -> Tested | None:
        """Return what the ledger decides, None when it decides nothing."""
        if not checks:
            return Tested(Outcome.PASS, commit, "nothing is asked of the branch itself")
        proofs = proofs_of(checks, self.shop.records(commit))
        verdict = judge(proofs)
        if verdict is Verdict.FAIL:
            return Tested(Outcome.FAIL, commit, reason_of(proofs, Verdict.FAIL))
        if verdict is not Verdict.PASS:
            return None
        for proof in proofs:
            record = proof.record
            for problem in self.shop.doubts(record, True) if record and record.kind is ProofKind.GATE else ():
                why = f"the evidence of {proof.check.title} is not intact: {problem} in {proof.evidence}"
                return Tested(Outcome.UNKNOWN, commit, why, proof.evidence)
        return Tested(Outcome.PASS, commit, proofs[0].reason, proofs[0].evidence)


class TaskTrain:
    """Brings verified tasks into their target. It implements :class:`hostkit.tasks.merging.Merging`."""

    def __init__(self, shop: Workshop, limits: Limits | None = None) -> None:
        """Merge the tasks of a workshop's plan."""
        folder = _folder(shop)
        worktrees = Worktrees(shop.git, folder / "worktrees", shop.plan.target)
        self._site = TaskSite(shop, Line(folder), worktrees, folder)
        self._limits = limits or _LIMITS
        self._runner: TrainRunner | None = None

    def bring(self, verified: Sequence[Standing]) -> Mapping[str, str]:
        """Run the train with this work in line and nothing else; see the protocol."""
        line, wanted = self._site.line, {standing.task: standing for standing in verified}
        self._board(wanted)
        self._runner = TrainRunner(self._site, self._limits)
        try:
            held = self._runner.run()
        except (ToolError, UsageError) as error:
            held = error.message
        for change in line.waiting():
            line.end(change.id, Status.WITHDRAWN, held or "the train was stopped")
        newest = {
            change.name: change
            for change in line.changes()
            if change.name in wanted and change.commit == wanted[change.name].commit
        }
        return {task: change.why for task, change in newest.items() if change.status is not Status.MERGED}

    def _board(self, wanted: Mapping[str, Standing]) -> None:
        """Put work in line; what waits there from a run that was killed, and is no longer wanted, leaves."""
        line, plan = self._site.line, self._site.shop.plan
        here = set()
        for change in line.waiting():
            if change.name in wanted and change.commit == wanted[change.name].commit:
                here.add(change.name)
            else:
                line.end(change.id, Status.WITHDRAWN, "it is no longer what its task claims")
        for task, standing in wanted.items():
            if task not in here:
                line.submit(task, standing.commit, plan.tasks[task].title)

    def clear(self) -> None:
        """End what a killed runner left."""
        self._site.clear()

    def stop(self) -> None:
        """Let a run end within a second; what was not merged is brought again by the next one."""
        if self._runner is not None:
            self._runner.stop()


def withdraw(shop: Workshop, task: str, by: str) -> bool:
    """Take a task's work out of the merge that is under way, whose gate is ended then; False: it is in none.

    Those that were merged with it are tested anew without it. The next run brings it again.
    """
    line = Line(_folder(shop))
    mine = [change for change in line.waiting() if change.name == task]
    for change in mine:
        shop.order(task, OrderKind.STOP, by)
        line.end(change.id, Status.WITHDRAWN, f"stopped by {by}")
    return bool(mine)


def _folder(shop: Workshop) -> Path:
    return shop.folders.root / "train" / "tasks" / shop.plan.target.replace("/", "%2F")


def _message(changes: Sequence[Change]) -> str:
    if len(changes) == 1:
        return f"Merge {changes[0].name}: {changes[0].title}"
    names = ", ".join(change.name for change in changes)
    return f"Merge {names}\n\n" + "\n".join(f"- {change.name}: {change.title}" for change in changes)

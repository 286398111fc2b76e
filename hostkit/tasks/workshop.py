"""What every step of a run works with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.clock import Clock
from hostkit.store.commands import CommandBook
from hostkit.store.model import Attempt, Order, OrderKind, ProofKind, Verdict, VerdictRecord
from hostkit.tasks.agent import Children
from hostkit.tasks.books import Books
from hostkit.tasks.budget import HOUR_NS, Past, flashes_held, hold_of
from hostkit.tasks.git import Git
from hostkit.tasks.ground import Ground
from hostkit.tasks.model import COMMAND, Agent, GateCheck, Hold, Plan, Standing
from hostkit.tasks.quota import within_quota
from hostkit.tasks.standing import standings
from hostkit.tasks.waiting import Around
from hostkit.tasks.worktree import Worktrees

if TYPE_CHECKING:
    from hostkit.store.attempts import Attempts
    from hostkit.store.ledger import Ledger

GateArgv = Callable[[GateCheck], Sequence[str]]
"""Given a gate check, the command that runs it in the working directory and writes the ledger."""

Doubts = Callable[[VerdictRecord, bool], Sequence[str]]
"""Given a gate's verdict, why it cannot be relied on: its evidence must be signed, whole and say the same.

With True the verdict is derived anew from the evidence besides.
"""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a project's runs keep things, below the user's state directory."""

    root: Path

    @classmethod
    def of_project(cls, state: Path, common_dir: Path) -> Folders:
        """Return the folders of a repository: its name for people, a hash so that no two share them."""
        name = common_dir.parent.name if common_dir.name == ".git" else common_dir.name
        digest = hashlib.sha256(str(common_dir).encode()).hexdigest()[:8]
        return cls(state / "tasks" / f"{name}-{digest}")

    @property
    def worktrees(self) -> Path:
        """Return where worktrees go."""
        return self.root / "worktrees"

    @property
    def commands(self) -> Path:
        """Return the file of attempts at plain commands."""
        return self.root / "commands.db"

    @property
    def lock(self) -> Path:
        """Return the file that a runner locks."""
        return self.root / "runner.lock"

    @property
    def logs(self) -> Path:
        """Return where logs go."""
        return self.root / "logs"

    def log(self, task: str, number: int, what: str) -> Path:
        """Return the log of one step of one attempt."""
        return self.logs / f"{task}-{number}-{what}.log"

    def brief(self, task: str, number: int) -> Path:
        """Return the brief of one attempt."""
        return self.root / "briefs" / f"{task}-{number}.md"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Tools of a run. ``tell`` hears a task's id and one line for people, from any thread."""

    plan: Plan
    git: Git
    worktrees: Worktrees
    books: Books
    commands: CommandBook
    ground: Ground
    children: Children
    clock: Clock
    folders: Folders
    project: str
    gate_argv: GateArgv
    doubts: Doubts
    judges: tuple[str, ...]  # patterns of paths that a change is judged by
    env: Mapping[str, str]
    tell: Callable[[str, str], None]
    required: Callable[[str], Sequence[GateCheck]] = lambda _: ()  # of a commit that goes into the target

    @property
    def attempts(self) -> Attempts:
        """Return what agents tried."""
        return self.books.attempts

    @property
    def ledger(self) -> Ledger:
        """Return the verdicts."""
        return self.books.ledger

    def records(self, commit: str) -> tuple[VerdictRecord, ...]:
        """Return the verdicts about a commit, oldest first; a pass without evidence that holds is invalid."""
        return tuple(vouched(entry.record, self.doubts) for entry in self.ledger.of_commit(commit))

    def standings(self, *, running: bool) -> dict[str, Standing]:
        """Return where every task stands now."""
        past = self.past(running=running)

        def holds(agent: Agent, proving: bool) -> Hold | None:
            if agent.name == COMMAND:
                return None
            return (flashes_held if proving else hold_of)(agent, self.plan.limits, past)

        now = standings(
            self.plan,
            (*past.attempts, *self._here()),
            self.records,
            running=running,
            orders=(*past.orders, *self.orders_of_commands()),
            around=Around(holds, self.ground),
        )
        return within_quota(self.plan.limits, self.worktrees, now, self.plan.commands)

    def _here(self) -> tuple[Attempt, ...]:
        """Return the attempts at commands in this checkout, oldest first."""
        if not self.plan.commands:
            return ()
        place = str(self.ground.checkout)
        return tuple(each for each in self.commands.all() if each.worktree == place)

    def orders_of_commands(self) -> tuple[Order, ...]:
        """Return what people ordered of plain commands, oldest first."""
        return self.commands.orders() if self.plan.commands else ()

    def order(self, task: str, kind: OrderKind, by: str, *, more: int = 0) -> Order:
        """Record what a person orders of a task."""
        if task not in self.plan.commands:
            return self.attempts.order(task, kind, by, self.clock.wall_ns(), more=more)
        number = max((each.number for each in self.tried(task)), default=0)
        return self.commands.order(Order(0, task, kind, number, more, by, self.clock.wall_ns()))

    def past(self, *, running: bool = True) -> Past:
        """Return what agents did and was ordered of them so far, and the verdicts of the last hour."""
        now_ns = self.clock.wall_ns()
        if not self.plan.agents_work:
            return Past((), (), (), now_ns, running)
        verdicts = self.ledger.since(self.project, now_ns - HOUR_NS)
        return Past(self.attempts.all(), self.attempts.orders(), verdicts, now_ns, running)

    def tried(self, task: str) -> tuple[Attempt, ...]:
        """Return a task's attempts, oldest first; at a command those in this checkout."""
        attempts = self._here() if task in self.plan.commands else self.attempts.all()
        return tuple(attempt for attempt in attempts if attempt.task == task)

    def run_stopped_by(self, since_ns: int) -> str:
        """Return who ordered the run to end, at that time or later, or ""."""
        for order in reversed(self.attempts.orders()):
            if order.kind is OrderKind.STOP and not order.task and order.at_ns >= since_ns:
                return order.by
        return ""

    def called_off(self, attempt: Attempt, since_ns: int) -> str:
        """Return who stopped the task of an attempt, at that time or later, or ""."""
        command = attempt.task in self.plan.commands
        for order in reversed(self.commands.orders() if command else self.attempts.orders()):
            same = (order.task, order.number) == (attempt.task, attempt.number)
            if order.kind is OrderKind.STOP and same and order.at_ns >= since_ns:
                return order.by
        return ""


def vouched(record: VerdictRecord, doubts: Doubts) -> VerdictRecord:
    """Return the verdict as it counts: a gate's pass whose evidence does not hold is invalid."""
    if record.kind is not ProofKind.GATE or record.verdict is not Verdict.PASS:
        return record
    for doubt in doubts(record, False):
        return replace(record, verdict=Verdict.INVALID, reasons=(f"a pass that does not hold: {doubt}",))
    return record


def last_line(log: Path, since: int = 0) -> str:
    """Return the last line of a log that says something, at most 200 characters; "" when there is none.

    What fills a screen's width with blanks, as a line of progress does, is one blank.
    Only what follows the first ``since`` bytes is looked at.
    """
    try:
        with log.open("rb") as stream:
            stream.seek(max(since, log.stat().st_size - 8192))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((" ".join(line.split())[:200] for line in reversed(lines) if line.strip()), "")

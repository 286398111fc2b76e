"""Records of tasks, and the states that are computed for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path

from hostkit.boards.model import Fidelity
from hostkit.store.model import Rung
from hostkit.tasks.checks import CommandCheck, TypedCheck
from hostkit.tasks.graph import order

ANY_BOARD = "any"
"""A gate's board when every board of the catalogue will do."""


@dataclass(frozen=True, slots=True)
class GateCheck:
    """A board must show it: met by a passing verdict at least this high and this near to silicon."""

    env: str
    board: str = ANY_BOARD
    min_rung: Rung = Rung.WIRED
    min_fidelity: Fidelity = Fidelity.VIRTUAL

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        return f"gate {self.env} on {self.board}"


Check = GateCheck | CommandCheck | TypedCheck
"""What proves a task. Only a gate needs a board."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an agent may use over all tasks; None: as much as it takes."""

    flashes_per_hour: int | None = None
    wall_s: float | None = None  # its time at work, over every attempt that was ever made


@dataclass(frozen=True, slots=True)
class Agent:
    """A command that does a task. Placeholders in ``argv``: see :mod:`hostkit.tasks.brief`."""

    name: str
    argv: tuple[str, ...]
    timeout_s: float
    env: tuple[str, ...] | None = None  # names that it finds of the user's environment; None: all
    concurrent: int | None = None  # how many of it may be at work at once
    budget: Budget = Budget()


@dataclass(frozen=True, slots=True)
class Run:
    """A plain command that a task consists of: it runs in the plan's checkout, and no agent is asked.

    ``inputs``: globs of what it reads; empty: it may read anything of the checkout.
    """

    argv: tuple[str, ...]
    exit: int = 0  # the exit code that is wanted
    inputs: tuple[str, ...] = ()
    timeout_s: float = 3600.0


COMMAND = "(command)"
"""What stands for the agent of a task that is a plain command; no agent can be called so."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a whole plan may use; None: as much as it takes."""

    attempts: int | None = None  # at one task
    concurrent: int | None = None  # tasks at work at once
    wall_s: float | None = None  # of one run: what is at work then is stopped
    flashes_per_hour: int | None = None  # of all agents, and of whoever else tests this project
    same_cause: int = 3  # attempts in a row that end alike, and no more are made
    worktrees_mb: float | None = None  # 10^6 bytes on disk: beyond that no further worktree is made
    keep_days: float = 14.0  # a worktree without work in it stays that long after its last attempt


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a task that could go on does not now. ``until_ns``: when it may; None: when a person says so."""

    why: str
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks that belong together: a hint for readers. Those of a barrier need all tasks of ``after``."""

    name: str
    title: str = ""
    after: tuple[str, ...] = ()
    barrier: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the file has it. ``files``: globs of what may change; empty: anything may.

    Of a plain command ``files`` are what it writes; it is verified only as long as they are as it left them.

    ``incomplete``: what a person has still to settle. Until that is empty no agent starts and nothing
    verifies the task; only then may it be without checks.
    """

    id: str
    title: str
    brief: str
    needs: tuple[str, ...]
    files: tuple[str, ...]
    checks: tuple[Check, ...]
    agent: Agent
    attempts: int  # how often the agent may be started
    line: int  # in the file, from 1
    hours: float | None = None  # what it is thought to take
    group: str = ""
    incomplete: tuple[str, ...] = ()
    run: Run | None = None  # the command that it is; None: an agent does it

    @property
    def gated(self) -> bool:
        """True when a board must be flashed to verify it."""
        return any(isinstance(check, GateCheck) for check in self.checks)


@dataclass(frozen=True)
class Plan:
    """A whole file of tasks, checked: ids are unique, needs exist, nothing needs itself."""

    file: Path
    target: str  # the branch that verified work goes into
    tasks: Mapping[str, Task]  # in the order of the file
    groups: Mapping[str, Group] = field(default_factory=dict)
    target_gate: GateCheck | None = None  # what every commit must show that the target goes to
    limits: Limits = Limits()
    agents: Mapping[str, Agent] = field(default_factory=dict)  # all of them, by name
    reports: str = ""  # folder of the checkout that runs write Markdown to, "" for none

    @cached_property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return the graph: id to the ids that it needs, those of barriers among them."""
        return {task.id: task.needs for task in self.tasks.values()}

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """Return the tasks, each after all that it needs."""
        return order(self.needs)

    @cached_property
    def agents_work(self) -> bool:
        """True when agents do any of the tasks."""
        return len(self.commands) < len(self.tasks)

    @cached_property
    def commands(self) -> frozenset[str]:
        """Return the tasks that are plain commands."""
        return frozenset(task.id for task in self.tasks.values() if task.run is not None)

    @property
    def hours(self) -> dict[str, float]:
        """Return what tasks are thought to take, where they say it."""
        return {task.id: task.hours for task in self.tasks.values() if task.hours is not None}


class State(Enum):
    """Where a task stands. Computed from attempts and ledger, never stored."""

    PLANNED = "planned"  # waits for others
    READY = "ready"
    RUNNING = "running"  # an agent is at work
    CLAIMED = "claimed"  # the agent says that it is done
    PROVING = "proving"
    VERIFIED = "verified"  # the ledger holds a pass of every check for exactly this commit; of a plain
    # command: it ended as wanted, its checks passed, and what it is and ran on has not changed since
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # proved nothing yet; nobody's fault


TRANSITIONS: Mapping[State, frozenset[State]] = {
    # A gate by hand may pass what failed before, while the next attempt is still to come.
    State.PLANNED: frozenset({State.READY, State.VERIFIED}),
    State.READY: frozenset({State.RUNNING, State.PLANNED, State.FAILED, State.VERIFIED}),
    State.RUNNING: frozenset(
        {State.CLAIMED, State.PROVING, State.READY, State.PLANNED, State.FAILED, State.VERIFIED}
    ),
    State.CLAIMED: frozenset({State.PROVING, State.VERIFIED, State.FAILED, State.READY, State.INCONCLUSIVE}),
    State.PROVING: frozenset(
        {State.VERIFIED, State.FAILED, State.INCONCLUSIVE, State.READY, State.PLANNED, State.CLAIMED}
    ),
    State.VERIFIED: frozenset({State.CLAIMED, State.FAILED, State.READY, State.PLANNED}),
    State.FAILED: frozenset({State.READY, State.PLANNED, State.VERIFIED}),
    State.INCONCLUSIVE: frozenset({State.CLAIMED, State.PROVING, State.VERIFIED, State.FAILED, State.READY}),
}
"""Which state may follow which. Verified follows only from a pass in the ledger, never from a word."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A task's state with the reason, for people.

    ``commit`` is what it claims, or empty. ``blocked`` is the path of needs that ends at a task where
    nothing moves until a person acts (failed, incomplete, held for good), for a task that will therefore
    not start; else empty. An incomplete one names itself, and so does one that is held for good.
    ``hold``: what it waits for although the graph would let it go on.
    """

    task: str
    state: State
    why: str
    commit: str = ""
    attempts: int = 0
    blocked: tuple[str, ...] = ()
    hold: Hold | None = None
    mark: str = ""  # of a verified task: what those that need it rest on; another one, and they do not

    @property
    def dead(self) -> bool:
        """True when nothing moves here until a person changes something: failed, incomplete, or blocked."""
        return self.state is State.FAILED or bool(self.blocked)

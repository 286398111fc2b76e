"""Records that outlive a command: verdicts in the ledger, attempts at tasks, and what happened to them.

Verdict and rung stand here, at the bottom, because tasks, tests and gate all speak of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum, IntEnum
from typing import Any

from hostkit.errors import ExitCode
from hostkit.files import canonical_json

GENESIS = "0" * 64
"""What the first entry of a ledger names as the one before it."""


class Verdict(Enum):
    """What the evidence says of a change. Only PASS opens a gate."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"  # no board, link lost, nothing executed: nobody's fault yet
    INVALID = "invalid"  # the board ran another firmware, or the evidence contradicts itself

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that says this verdict."""
        return ExitCode[self.name]

    @property
    def severity(self) -> int:
        """0 for pass, then inconclusive, fail, invalid: which of two verdicts takes precedence."""
        return (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.INVALID).index(self)


class Rung(IntEnum):
    """How much was shown; each rung stands on the ones below it."""

    BUILT = 1
    BOOTED = 2
    LINKED = 3
    RENDERED = 4
    WIRED = 5
    TIMED = 6
    SOAKED = 7

    @property
    def word(self) -> str:
        """The rung's name as people and files write it."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Rung:
        """Return the rung of that name. Raises :class:`ValueError` for any other word."""
        for rung in cls:
            if rung.word == word:
                return rung
        raise ValueError(f"no rung is called {word!r}")


class ProofKind(Enum):
    """What made a verdict."""

    GATE = "gate"  # a board ran it
    COMMAND = "command"  # a command's exit code


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One verdict, complete: what was judged, by what, and where the evidence lies."""

    run_id: str  # sortable by time, unique
    kind: ProofKind
    verdict: Verdict
    rung: str  # Rung.word that was reached, or "" for none
    fidelity: str  # "virtual", "simulated", "board", or "" where no board was used
    project: str  # the repository that the run belongs to
    commit: str  # 40 hex digits, or "" outside a repository
    tree: str  # git's hash of the committed tree, or ""
    dirty: bool  # uncommitted changes were part of what was judged
    env: str
    board: str
    build_id: str  # 64 hex digits, or "" when nothing was built
    suite: str  # SHA-256 over tests and rules, or over the command's argv
    selection: str  # the -k expression, or "" when the whole suite ran
    reasons: tuple[str, ...]
    evidence: str  # directory or file
    evidence_sha256: str
    decided_ns: int  # wall clock, nanoseconds since the epoch

    def plain(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, enums as their words."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {
            "kind": self.kind.value,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A verdict in its place: ``digest`` covers the record and the digest of the entry before it."""

    seq: int
    previous: str
    digest: str
    record: VerdictRecord


def entry_digest(previous: str, record: VerdictRecord) -> str:
    """Return the hex SHA-256 that links a record to the entry before it."""
    return hashlib.sha256(canonical_json({"previous": previous, "record": record.plain()})).hexdigest()


def first_broken(entries: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """Return the first entry whose link or content was changed, or None when the chain holds."""
    previous = GENESIS
    for entry in entries:
        if entry.previous != previous or entry.digest != entry_digest(previous, entry.record):
            return entry
        previous = entry.digest
    return None


class Phase(Enum):
    """How far an attempt at a task has come."""

    RUNNING = "running"  # the agent works, or its runner died
    CLAIMED = "claimed"  # the agent ended well and left a commit
    PROVING = "proving"  # checks run on that commit
    PROVED = "proved"  # every check was asked; the ledger holds the answer
    ENDED = "ended"  # over without a claim, see End


PHASES: dict[Phase, frozenset[Phase]] = {
    Phase.RUNNING: frozenset({Phase.CLAIMED, Phase.ENDED}),
    Phase.CLAIMED: frozenset({Phase.PROVING, Phase.ENDED}),
    Phase.PROVING: frozenset({Phase.PROVED, Phase.CLAIMED}),  # back to claimed: its prover died
    Phase.PROVED: frozenset({Phase.CLAIMED}),  # proved again, after an inconclusive verdict
    Phase.ENDED: frozenset(),
}
"""The one table of phase changes; any other is refused."""


COMMAND_PHASES: dict[Phase, frozenset[Phase]] = {
    Phase.RUNNING: frozenset({Phase.PROVING, Phase.PROVED, Phase.ENDED}),
    Phase.PROVING: frozenset({Phase.PROVED, Phase.ENDED}),
    Phase.PROVED: frozenset(),
    Phase.ENDED: frozenset(),
}
"""The same for a plain command, which claims nothing: its exit and its checks say what it did."""


class End(Enum):
    """Why an attempt is over without a claim; NONE while it is not."""

    NONE = ""
    AGENT_FAILED = "agent failed"
    AGENT_TIMED_OUT = "agent timed out"
    NO_COMMIT = "no new commit"
    UNCOMMITTED = "uncommitted changes"
    OUTSIDE_FILES = "changed other files"
    INTERRUPTED = "interrupted"  # its runner died
    STOPPED = "stopped"  # its runner was told to end; the next one goes on
    CALLED_OFF = "called off"  # a person stopped this task; it waits for a person
    NO_BASE = "no base"
    COMMAND_FAILED = "command failed"
    COMMAND_TIMED_OUT = "command timed out"
    CHECK_FAILED = "check failed"  # of a plain command: that of an agent's work is in the ledger


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a task. Facts only: whether it counts as verified is computed from the ledger."""

    id: int
    project: str
    task: str
    number: int  # from 1
    phase: Phase
    end: End
    why: str  # for people; "" while nothing is to be said
    base: str  # the commit that the agent started from
    commit: str  # the commit that it claimed, or ""
    worktree: str
    log: str
    token: str  # in the environment of everything that the attempt starts
    pid: int  # of the agent, 0 before it started
    pid_start: int  # clock ticks since boot, see hostkit.process.process_start_ticks
    boot: str  # the machine's boot id
    began_ns: int
    ended_ns: int  # 0 while it goes on
    agent: str = ""  # its name in the plan; "" where nobody kept it
    left_ns: int = 0  # when the agent ended; 0 while it works
    stamp: str = ""  # of a plain command: what it was and ran on, see hostkit.tasks.ground
    wrote: str = ""  # ... and a hash over what it wrote, "" where it names no files


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of an attempt before its agent starts."""

    task: str
    base: str
    worktree: str
    log: str
    token: str
    boot: str
    agent: str = ""


class OrderKind(Enum):
    """What a person orders of a task."""

    RETRY = "retry"  # further attempts, also past a breaker
    STOP = "stop"  # end what is at work for it; without a task: end the run


@dataclass(frozen=True, slots=True)
class Order:
    """What a person ordered. It binds: unlike an event it is read to decide."""

    id: int
    task: str  # "" for the whole run
    kind: OrderKind
    number: int  # of the task's newest attempt at that time, 0 for none
    more: int  # how many attempts a retry allows
    by: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a task, for people. Never read to decide anything."""

    task: str
    at_ns: int
    what: str

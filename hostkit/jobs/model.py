"""Records of the queue: jobs, attempts at them, and the words they are described with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

from hostkit.errors import ExitCode

EITHER, TOGETHER = "+", "&"
"""Between identities of boards, none of which has such a character: one of them will do, or all at once."""


class Kind(Enum):
    """What a job runs: the verb of that name."""

    BUILD = "build"
    FLASH = "flash"
    HIL = "hil"
    GATE = "gate"


class Step(Enum):
    """One child process of a job. Each stands in a line of its own: for a build slot, or for a board."""

    BUILD = "build"
    FLASH = "flash"
    HIL = "hil"
    GATE = "gate"
    PROBE = "probe"  # asks a board that was given up whether it is well; belongs to no job's own work

    @property
    def needs_board(self) -> bool:
        """True when no other job may use the board meanwhile."""
        return self is not Step.BUILD


class State(Enum):
    """Where a job stands. Changes follow the one table in :mod:`hostkit.jobs.transitions`."""

    WAITING = "waiting"  # in line, or until its next try is due
    FOLLOWING = "following"  # the same work is asked for already; it shares that job's end
    RUNNING = "running"
    CANCELLING = "cancelling"  # its processes are being ended
    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"
    INCONCLUSIVE = "inconclusive"  # for a reason that another try would not change
    REFUSED = "refused"  # usage, settings, or the checkout is not what was asked about
    CANCELLED = "cancelled"
    DEAD = "dead"  # the budget of tries is used up; every attempt's evidence is kept

    @property
    def ended(self) -> bool:
        """True when nothing more happens by itself."""
        return self not in (State.WAITING, State.FOLLOWING, State.RUNNING, State.CANCELLING)

    @property
    def exit_code(self) -> ExitCode:
        """What who waits for a job is told by exit code. Raises :class:`KeyError` while it goes on."""
        return _EXIT[self]


_EXIT = {
    State.PASSED: ExitCode.PASS,
    State.FAILED: ExitCode.FAIL,
    State.INVALID: ExitCode.INVALID,
    State.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    State.REFUSED: ExitCode.USAGE,
    State.CANCELLED: ExitCode.INTERRUPTED,
    State.DEAD: ExitCode.INCONCLUSIVE,
}


class Outcome(Enum):
    """How one attempt ended."""

    NONE = ""  # it goes on
    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"
    INCONCLUSIVE = "inconclusive"  # the set-up failed: no board, link lost, a tool
    UNDECIDED = "undecided"  # inconclusive, and so would every other try be
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"  # ended by a cancel, or with its worker by request
    LOST = "lost"  # its worker died
    BUSY = "busy"  # somebody outside of the queue had the board


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child process ended: for people a reason, for later a place."""

    outcome: Outcome
    reason: str = ""
    evidence: str = ""
    exit_code: int = -1
    board_fault: bool = False  # the board, or the way to it, is what failed
    runs: str = ""  # the build id that the board said it runs, "" when it was not asked
    each_runs: tuple[tuple[str, str], ...] = ()  # the same of each of several boards, by its name


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, complete. Paths are absolute; ``options`` go to the verb as they are."""

    kind: Kind
    submitter: str
    project: str  # the checkout, on that host
    commit: str  # "" outside a repository
    changes: str  # hash over what differs from the commit, "" for nothing
    env: str
    host: str = ""  # whose workers may take it
    options: tuple[str, ...] = ()
    wish: str = ""  # board or boards, in the words of hostkit.jobs.wish; "" for none
    line: str = ""  # whose board line it stands in: identities of the boards that fit, or that it needs
    identity: str = ""  # equal for equal work; "" is like no other
    priority: int = 0
    build: bool = True  # builds before it takes a board
    build_timeout_s: float = 660.0
    timeout_s: float = 3600.0  # of the step at the board
    variables: tuple[tuple[str, str], ...] = ()  # what the submitter's environment says to hostkit
    again_of: int = 0  # the job that this one repeats

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is run, in order."""
        return _steps(self.kind, self.build)

    @property
    def together(self) -> bool:
        """True where it needs several boards, all at once."""
        return TOGETHER in self.line


@cache
def _steps(kind: Kind, build: bool) -> tuple[Step, ...]:
    own = Step(kind.value)
    return (own,) if kind is Kind.BUILD or not build else (Step.BUILD, own)


@dataclass(frozen=True, slots=True)
class Job:
    """A request in its place. Times are wall clock, nanoseconds since the epoch, 0 for not yet."""

    id: int
    wanted: Wanted
    state: State
    step: int = 0  # index into wanted.steps
    tag: int = 0  # place among the submitters of its line, see hostkit.jobs.order
    tries: int = 0  # ended without a verdict, for the budget
    lost: int = 0  # ended with their worker, which has a budget of its own
    leader: int = 0  # the job whose end this one shares
    attempt: int = 0  # that runs now, or was the last
    not_before_ns: int = 0
    submitted_ns: int = 0
    entered_ns: int = 0  # the present line
    began_ns: int = 0
    ended_ns: int = 0
    reason: str = ""
    evidence: str = ""

    @property
    def now(self) -> Step:
        """The step that runs, or is next."""
        return self.wanted.steps[min(self.step, len(self.wanted.steps) - 1)]

    @property
    def line(self) -> str:
        """The line that it stands in."""
        return line_of(self.wanted, self.now)

    @property
    def timeout_s(self) -> float:
        """How long its present step may take."""
        return self.wanted.timeout_s if self.now.needs_board else self.wanted.build_timeout_s


_BUILD = "build"


def line_of(wanted: Wanted, step: Step) -> str:
    """Return the name of the line in which a request stands for one of its steps: of its host, for build
    slots or for the boards that fit."""
    return f"{wanted.host}/{wanted.line if step.needs_board else _BUILD}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One child process for one step of a job, kept for good."""

    id: int
    job: int
    step: Step
    worker: int
    board: str = ""  # its identity, "" for a step without one; of several see boards
    board_name: str = ""  # with commas between several, in the same order
    generation: int = 0  # of each board's lease: a process of an older one is not let through
    token: str = ""  # in the environment of everything that it starts
    pid: int = 0  # 0 before it started
    pid_start: int = 0  # clock ticks since boot, see hostkit.process.process_start_ticks
    boot: str = ""  # the machine's boot id
    began_ns: int = 0
    ended_ns: int = 0
    outcome: Outcome = Outcome.NONE
    exit_code: int = -1
    reason: str = ""
    evidence: str = ""
    env: str = ""

    @property
    def boards(self) -> dict[str, str]:
        """The names of its boards by identity, in the order in which they were named; none without one."""
        if not self.board:
            return {}
        return dict(zip(self.board.split(TOGETHER), self.board_name.split(","), strict=True))

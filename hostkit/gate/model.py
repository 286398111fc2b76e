"""Records of what a gate knows and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hostkit.boards.model import Fidelity
from hostkit.build.growth import GrowthLimits
from hostkit.gate.waived import WaivedFact, WaiverFact, Waives
from hostkit.hil.duration import LEAST_SOAK_S
from hostkit.hil.observations import Outcome
from hostkit.link.challenge import Challenge
from hostkit.store.model import Rung, Verdict

ESTABLISHES: Mapping[Rung, str] = {
    Rung.BUILT: "it compiles for this chip and fits the budget",
    Rung.BOOTED: "the board runs exactly this build",
    Rung.LINKED: "the board answers the link correctly, also when frames break",
    Rung.RENDERED: "every pattern draws what its model says, bit for bit",
    Rung.WIRED: "the symbols sent to the LEDs say the same colours, in the LEDs' order and times",
    Rung.TIMED: "live frames come in their turns, no faster than the wire allows, none lost in silence, and "
    "take no memory",
    Rung.SOAKED: "it keeps doing so for at least 10 minutes, loses no memory, and its clock does not drift",
}
"""What a passed rung shows."""

LEAVES_OPEN: Mapping[Rung, str] = {
    Rung.BUILT: "that it starts",
    Rung.BOOTED: "that it answers correctly",
    Rung.LINKED: "that anything is drawn right",
    Rung.RENDERED: "what leaves the pins",
    Rung.WIRED: "that frames come in time",
    Rung.TIMED: "that it lasts",
    Rung.SOAKED: "faults that are rarer than its minutes",
}
"""What a passed rung does not show, however many of its tests passed."""

BEYOND: Mapping[Fidelity, str] = {
    Fidelity.VIRTUAL: "the chip's own instruction set, its peripherals, pins and voltages (virtual board)",
    Fidelity.SIMULATED: "real pins, voltages and clocks (simulated chip)",
    Fidelity.BOARD: "what the LEDs themselves do: no camera looked at them",
}
"""What no test at a fidelity can show."""


class Stage(Enum):
    """The steps of a gate, in order."""

    BUILD = "build"
    LEASE = "lease"
    FLASH = "flash"
    HIL = "hil"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one test saw.

    ``rung`` None: it shows nothing of a board. ``build``: the build id that the board named while it ran,
    "" when it was never asked. ``invalid``: the board was not the one, or not the firmware, to be tested.
    """

    test: str  # pytest's node id
    outcome: Outcome
    rung: Rung | None
    seconds: float = 0.0
    message: str = ""  # first line of why it did not pass
    pattern: str = ""
    build: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)  # name with unit -> value
    invalid: bool = False
    where: str = ""  # file:line of the expectation that did not hold


@dataclass(frozen=True, slots=True)
class BuildFact:
    """What was built."""

    build_id: str
    commit: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class FlashFact:
    """What was written, and what the board said of itself afterwards; ``verified``: read back and equal."""

    build_id: str
    mac: str
    verified: bool


@dataclass(frozen=True, slots=True)
class IdentityFact:
    """What the board said of itself to the suite."""

    build_id: str
    mac: str


@dataclass(frozen=True, slots=True)
class SuiteFact:
    """How the suite's process ended: ``collected`` tests were to run (None: it did not get that far)."""

    collected: int | None
    finished: bool  # it wrote its last record
    exit_code: int  # pytest's own
    timed_out: bool = False
    broken_records: int = 0  # lines of observations that were no records
    left_out: int = 0  # tests that were found but not run
    agrees: bool = True  # its last record counts what the ones before it say
    said: str = ""  # the line of pytest's output that says most about its end
    nonce: int = 0  # the boot nonce that the board named last; 0: it named none


@dataclass(frozen=True, slots=True)
class ChallengeFact:
    """A challenge with its answer. ``stage``: FLASH for the one after the flash, HIL for the one at the end.

    ``answer`` None: there was none, and ``trouble`` says why. ``reset``: why the board last restarted.
    ``restarted``: the gate did that itself, as this board had ended with the suite.
    """

    stage: Stage
    answer: Challenge | None
    trouble: str = ""
    reset: str = ""
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class ToolFact:
    """A program that had a part in a run. ``path`` is absolute, ``sha256`` over all that it is made of.

    ``problem``: why it is not what was installed, "" when it is.
    """

    name: str
    version: str
    path: str
    sha256: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class QuarantineFact:
    """An entry of ``hil_tests/quarantine.toml``; ``expires`` is an ISO date, ``place`` file and line."""

    test: str
    owner: str
    reason: str
    expires: str
    issue: str
    place: str


@dataclass(frozen=True, slots=True)
class CrashFact:
    """A crash that was seen in what the board sent; ``calls``: where it was, innermost first, for people."""

    stage: Stage
    reason: str
    blames_firmware: bool  # False: its supply is to blame
    calls: tuple[str, ...] = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the gate went no further than a stage."""

    stage: Stage
    verdict: Verdict  # never PASS
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a change must meet. Every rung up to ``min_rung`` needs a test that ran, and none skipped."""

    min_rung: Rung = Rung.WIRED
    min_fidelity: Fidelity = Fidelity.VIRTUAL
    flash: bool = True  # False: the board must already run this very build
    build: bool = True  # False: what the board runs is tested, whatever it is
    whole_suite: bool = True  # a selection is never a pass
    soak_s: float = 0.0  # how long the suite soaks; 0: as long as ``min_rung`` needs
    growth: GrowthLimits | None = None  # how much larger than at its base the firmware may be
    may_waive: tuple[str, ...] = ()  # ids of the keys whose waivers count

    @property
    def soaks_for_s(self) -> float:
        """How long the suite has to soak, 0: not at all."""
        return self.soak_s or (LEAST_SOAK_S if self.min_rung >= Rung.SOAKED else 0.0)

    def plain(self) -> dict[str, object]:
        """Return the rules as JSON-ready values."""
        plain: dict[str, object] = {
            "min_rung": self.min_rung.word,
            "min_fidelity": self.min_fidelity.name.lower(),
            "flash": self.flash,
            "build": self.build,
            "whole_suite": self.whole_suite,
            "soak_s": self.soaks_for_s,
        }
        if self.growth is not None:
            plain["growth"] = self.growth.plain()
        return plain | {"may_waive": list(self.may_waive)} if self.may_waive else plain


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a decision rests on; None for what did not come to be."""

    fidelity: Fidelity | None = None
    build: BuildFact | None = None
    flash: FlashFact | None = None
    identity: IdentityFact | None = None
    suite: SuiteFact | None = None
    observations: tuple[Observation, ...] = ()
    selection: str = ""  # the -k expression
    stop: Stop | None = None
    crashes: tuple[CrashFact, ...] = ()
    challenges: tuple[ChallengeFact, ...] = ()
    tools: tuple[ToolFact, ...] = ()
    quarantine: tuple[QuarantineFact, ...] = ()
    today: str = ""  # ISO date of the run, by which entries of the quarantine end
    waivers: tuple[WaiverFact, ...] = ()
    growth: str = ""  # by what the firmware grew too much, where that is waived
    shares: tuple[ShareFact, ...] = ()  # of each board, where several shared the suite; none for one

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Why the gate went no further, and then why others of its boards did not."""
        found = dict.fromkeys((self.stop, *(share.facts.stop for share in self.shares)))
        return tuple(stop for stop in found if stop is not None)

    @property
    def hint(self) -> str:
        """What to do about the gravest stop, the first of equals; "" where nothing stopped the gate."""
        return max(self.stops, key=lambda stop: stop.verdict.severity).hint if self.stops else ""


@dataclass(frozen=True, slots=True)
class ShareFact:
    """What one of several boards had to do with a suite that they shared.

    ``tests_sha256``: of the tests that there were to take, "" where it never told. ``every_board``: how many
    of them each board was to run. ``facts``: what is of this board alone, with the tests that it took.
    """

    board: str
    tests_sha256: str
    every_board: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against a pass."""

    verdict: Verdict  # never PASS
    reason: str
    rule: Waives | None = None  # what could waive it
    name: str = ""  # of what the rule is about, as a waiver names it


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reasons, the deciding ones first, and what it leaves open."""

    verdict: Verdict
    rung: Rung | None  # the highest that stands on passed rungs only
    reasons: tuple[str, ...]
    open: tuple[str, ...]  # what the verdict does not establish
    waived: tuple[WaivedFact, ...] = ()  # what spoke against a pass, and somebody answers for


@dataclass(frozen=True, slots=True)
class GateResult:
    """One run of the gate, complete."""

    run_id: str
    env: str
    board: str
    rules: Rules
    facts: Facts
    decision: Decision
    evidence: str  # directory
    evidence_sha256: str  # of evidence.json, which holds the hash of every other file
    ledger_seq: int  # 0 when nothing was written to the ledger
    seconds: Mapping[str, float]  # stage -> duration
    parents: tuple[str, ...] = ()  # of a merge commit, the one that was merged onto first

"""What a report says of one run: the record behind every format, and the JSON that programs read.

Everything in it was read from the run's evidence; nothing is worked out anew. ``hostkit verify`` is what
tells whether the evidence deserves belief.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from hostkit.hil.observations import Outcome
from hostkit.store.model import Verdict

SCHEMA = "hostkit.report/1"
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

SCHEMA_ID = "urn:hostkit:report:1"

RungWord = Literal["built", "booted", "linked", "rendered", "wired", "timed", "soaked"]
FidelityWord = Literal["virtual", "simulated", "board"]
Standing = Literal["reached", "missed", "beyond"]

_CONFIG = ConfigDict(use_attribute_docstrings=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class RungRecord:
    """One rung of the ladder."""

    __pydantic_config__ = _CONFIG

    rung: RungWord
    standing: Standing
    """``missed``: the rules ask for it, and it was not reached; ``beyond``: they do not ask for it."""
    shows: str
    """What a passed rung shows, in words."""
    leaves_open: str
    """What it does not show, however many of its tests passed."""
    tests: int
    """How many tests of this rung apply to the board."""
    passed: int


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test of the suite."""

    __pydantic_config__ = _CONFIG
    __test__ = False  # pytest collects what is called Test...

    test: str
    """pytest's node id."""
    outcome: Outcome
    rung: RungWord | None
    pattern: str | None
    seconds: float
    message: str
    """First line of why it did not pass; empty for a pass."""
    detail: str
    """All of why it did not pass, at most 20,000 characters."""
    file: str | None
    """Where the expectation is that did not hold, relative to the project; null where that is not known."""
    line: int | None
    """From 1."""
    numbers: dict[str, float | None]
    """What it measured: name with unit, ``live rate [Hz]``; null for what is no finite number."""


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A line of the firmware's sources."""

    __pydantic_config__ = _CONFIG

    function: str
    file: str
    """As the build named it: relative to the project where it lies inside."""
    line: int


@dataclass(frozen=True, slots=True)
class CrashRecord:
    """A crash that was seen in what the board sent."""

    __pydantic_config__ = _CONFIG

    reason: str
    blames_firmware: bool
    """False: its supply is to blame."""
    calls: tuple[PlaceRecord, ...]
    """Where it was, innermost first; calls whose line is not known are left out."""
    times: int
    """How often it was seen, in the same place."""


@dataclass(frozen=True, slots=True)
class DiagnosticRecord:
    """A complaint of the compiler or linker."""

    __pydantic_config__ = _CONFIG

    message: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class BoardRecord:
    """The board as boards.toml had it."""

    __pydantic_config__ = _CONFIG

    name: str
    kind: str
    chip: str
    mac: str
    profile: str


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """What was built. Sizes in bytes; a budget of 0 is none."""

    __pydantic_config__ = _CONFIG

    build_id: str
    commit: str
    dirty: bool
    version: str
    flash_bytes: int
    flash_budget: int
    ram_bytes: int
    ram_budget: int


@dataclass(frozen=True, slots=True)
class RegionRecord:
    """A region of flash and its MD5 as read back from the chip."""

    __pydantic_config__ = _CONFIG

    role: str
    offset: int
    size: int
    md5_expected: str
    md5_read: str


@dataclass(frozen=True, slots=True)
class FlashRecord:
    """What was written to the board, and what it said afterwards."""

    __pydantic_config__ = _CONFIG

    bytes: int
    seconds: float
    skipped: bool
    """True: the board had it already, so it was only read back."""
    mac: str
    esptool: str
    regions: tuple[RegionRecord, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One run, whole. Paths are as they were where the run was made; times are in seconds."""

    __pydantic_config__ = _CONFIG

    schema: Literal["hostkit.report/1"]
    run: str
    when: str
    """When the run began: ISO 8601, UTC."""
    verdict: Verdict
    exit_code: int
    rung: RungWord | None
    """The highest rung that was reached."""
    ladder: tuple[RungRecord, ...]
    reasons: tuple[str, ...]
    """The deciding ones first."""
    hint: str
    not_established: tuple[str, ...]
    """What the verdict leaves open."""
    waived: tuple[str, ...]
    """What spoke against a pass and somebody answers for, with who, why and until when."""
    env: str
    board: BoardRecord | None
    also: tuple[BoardRecord, ...]
    """Boards that shared the suite with it; none where one board ran all of it."""
    fidelity: FidelityWord | None
    commit: str
    tree: str
    dirty: bool
    parents: tuple[str, ...]
    """Of a merge commit, the one that was merged onto first; none for any other."""
    build: BuildRecord | None
    identity: str | None
    """Build id that the board named to the suite."""
    flash: FlashRecord | None
    selection: str
    """The -k expression; empty when the whole suite ran."""
    stopped_at: str | None
    rules: dict[str, Any]
    counts: dict[str, int]
    """How many tests ended in each way that occurred."""
    patterns: dict[str, dict[str, int]]
    """The same for each pattern."""
    tests: tuple[TestRecord, ...]
    crashes: tuple[CrashRecord, ...]
    diagnostics: tuple[DiagnosticRecord, ...]
    tools: dict[str, str]
    suite_sha256: str
    seconds: dict[str, float]
    """How long each stage took."""
    evidence: str
    """The directory that this was read from."""
    evidence_sha256: str
    """SHA-256 of evidence.json, which holds the hash of every other file."""
    changed_files: tuple[str, ...]
    """What is wrong with the evidence by its own hashes; empty when every file is as it was sealed."""

    @property
    def failed(self) -> tuple[TestRecord, ...]:
        """The tests that failed, ended in an error, lost the board or are flaky, in their order."""
        bad = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.FLAKY)
        return tuple(test for test in self.tests if test.outcome in bad)

    @property
    def numbers(self) -> dict[tuple[str, float | None], list[str]]:
        """What was measured, and the tests that measured just that; of the highest rungs first.

        Those are what no model predicts.
        """
        order = {rung.rung: number for number, rung in enumerate(self.ladder)}
        found: dict[tuple[str, float | None], list[str]] = {}
        for test in sorted(self.tests, key=lambda test: -order.get(test.rung or "built", 0)):
            for name, value in test.numbers.items():
                found.setdefault((name, value), []).append(test.test)
        return found

    @property
    def boards(self) -> tuple[BoardRecord, ...]:
        """The board, or those that shared the suite; none where none was taken."""
        return () if self.board is None else (self.board, *self.also)

    @property
    def where(self) -> str:
        """Their names; "" where none was taken."""
        return ", ".join(board.name for board in self.boards)

    @property
    def title(self) -> str:
        """One line: verdict, env and board."""
        where = f" on {self.where}" if self.where else ""
        return f"{self.verdict.value}: {self.env}{where}" + (f" ({self.fidelity})" if self.fidelity else "")


def applied(outcomes: Mapping[str, int]) -> int:
    """Return how many tests apply to the board, of counts by outcome."""
    return sum(number for outcome, number in outcomes.items() if outcome != Outcome.NOT_APPLICABLE.value)


REPORT: TypeAdapter[Report] = TypeAdapter(Report)
"""Checks a value against the record and turns the record into JSON."""


def as_json(report: Report) -> dict[str, Any]:
    """Return the record as JSON-ready values."""
    value: dict[str, Any] = REPORT.dump_python(report, mode="json")
    return value


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of :func:`as_json`. Fields may be added, so others are allowed."""
    schema = REPORT.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}

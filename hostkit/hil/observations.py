"""What the suite saw, as a file of JSON lines that is readable up to wherever the suite came.

Lines, each with ``type``: ``session`` (schema, board, expected build), ``collected`` (tests, left_out; where
several boards share a suite, tests_sha256: of which tests, every_board: how many each board runs),
``identity`` (what the board says of itself), one ``test`` for each test, and ``summary`` at the end.
A file without a summary is of a suite that was cut off. Fields that a reader does not know are left
aside: a newer writer may say more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import IO, Any, ClassVar

from hostkit.errors import ToolError
from hostkit.files import disk_error, strict_json

SCHEMA = 1

MOST_VALUES = 2_000
"""So long a series may be: enough for a histogram, and a run's file stays readable."""


class Outcome(Enum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"  # the board did the wrong thing
    ERROR = "error"  # the test could not be set up or torn down, or the board runs another build
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"  # this kind of board cannot be treated so; never on a virtual board
    LOST = "lost"  # the link or the board went away: inconclusive, says nothing of the firmware
    FLAKY = "flaky"  # it did not pass, was tried again, and then did: no pass


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with its unit."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one kind in the order in which they were measured, :data:`MOST_VALUES` at most."""

    name: str
    unit: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse more than a file should hold; raises :class:`ValueError`."""
        if len(self.values) > MOST_VALUES:
            raise ValueError(f"series {self.name!r} has {len(self.values)} values, {MOST_VALUES} at most")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a test ended before it was tried again; ``message`` is the first line of why."""

    outcome: Outcome
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class TestSeen:
    """What one test saw. ``message`` is the first line of why it did not pass, ``detail`` all of it.

    ``attempts``: the ones before the last, oldest first; all else is of the last, but for a flaky test, whose
    ``message`` and ``detail`` are of the first.
    """

    __test__: ClassVar[bool] = False  # pytest collects what is called Test...

    test: str  # pytest's node id
    outcome: Outcome
    rung: str  # a word of hostkit.store.model.Rung
    seconds: float
    message: str = ""
    detail: str = ""
    pattern: str = ""
    build: str = ""  # build id that the board named, "" when it was never asked
    invalid: bool = False  # the board runs another firmware than was to be tested
    measurements: tuple[Measurement, ...] = ()
    series: tuple[Series, ...] = ()
    where: str = ""  # file:line of the expectation that did not hold, relative to pytest's root
    pictures: tuple[str, ...] = ()  # files of hostkit.hil.picture, relative to the evidence
    attempts: tuple[Attempt, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """The measurements by name and unit."""
        return {f"{m.name} [{m.unit}]" if m.unit else m.name: m.value for m in self.measurements}


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line: how many tests were collected and how each outcome was counted; pytest's exit code.

    ``nonce``: the boot nonce that the board named last, 0 when it named none.
    """

    collected: int
    counts: Mapping[str, int]
    exit_code: int
    seconds: float
    nonce: int = 0

    @property
    def nothing_ran(self) -> bool:
        """True when no test gave an answer about the board: none there, all skipped or all lost."""
        executed = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.FLAKY)
        return not any(self.counts.get(outcome.value, 0) for outcome in executed)


@dataclass(frozen=True, slots=True)
class Observations:
    """A whole file. ``summary`` is None when the suite was cut off.

    ``left_out``: tests that were found and then taken out; ``broken``: lines that are no records.
    ``tests_sha256``: of the tests of a suite that several boards share, "" where one runs all of it;
    ``every_board``: how many of them each board runs.
    """

    session: Mapping[str, Any] = field(default_factory=dict)
    collected: int | None = None
    left_out: int = 0
    identity: Mapping[str, Any] | None = None
    tests: tuple[TestSeen, ...] = ()
    summary: Summary | None = None
    broken: int = 0
    tests_sha256: str = ""
    every_board: int = 0


class ObservationFile:
    """Writes the lines as they come; each is in the file when its call returns."""

    def __init__(self, path: Path) -> None:
        """Begin a new file, in place of an old one. Raises :class:`ToolError` when the disk refuses."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[str] = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise disk_error(error, path) from error

    def session(self, board: str, expect_build: str) -> None:
        """Write the first line."""
        self._write({"type": "session", "schema": SCHEMA, "board": board, "expect_build": expect_build})

    def collected(self, tests: int, left_out: int = 0, **shared: int | str) -> None:
        """Write how many tests are to run, and how many were found besides; ``shared``: of a shared suite."""
        self._write({"type": "collected", "tests": tests, "left_out": left_out, **shared})

    def identity(self, identity: Mapping[str, Any]) -> None:
        """Write what the board says of itself."""
        self._write({"type": "identity", **identity})

    def test(self, seen: TestSeen) -> None:
        """Write one test."""
        attempts = [{**asdict(each), "outcome": each.outcome.value} for each in seen.attempts]
        self._write({"type": "test", **asdict(seen), "outcome": seen.outcome.value, "attempts": attempts})

    def summary(self, summary: Summary) -> None:
        """Write the last line."""
        self._write({"type": "summary", **asdict(summary), "nothing_ran": summary.nothing_ran})

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._stream.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        try:
            self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise disk_error(error, self._path) from error


def read_observations(path: Path) -> Observations:
    """Read a file, as far as it was written. Raises :class:`ToolError` when it cannot be read at all."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}", hint="did the suite start?") from error
    return parse_observations(data)


class ObservationTail:
    """Reads a file while it is written: each call gives what came since the one before."""

    def __init__(self, path: Path) -> None:
        """Begin at the file's start; it need not be there yet."""
        self._path = path
        self._stream: IO[bytes] | None = None
        self._rest = b""

    def new(self) -> Observations:
        """Return the whole lines that came; what cannot be read is nothing new."""
        try:
            if self._stream is None:
                self._stream = self._path.open("rb")
            *lines, self._rest = (self._rest + self._stream.read()).split(b"\n")
        except OSError:
            return Observations()
        return parse_observations(b"\n".join(lines))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def parse_observations(data: bytes) -> Observations:
    """Return what a file's bytes say. Never raises: what is no record, or not of its types, is counted."""
    found: dict[str, Any] = {}
    tests: list[TestSeen] = []
    broken = 0
    text = data.decode(errors="replace")
    for line in text.removesuffix("\n").split("\n") if text else ():  # messages may hold other separators
        try:
            _take(strict_json(line), found, tests)
        except (ValueError, KeyError, TypeError, AttributeError):
            broken += 1
    return Observations(**found, tests=tuple(tests), broken=broken)


def _take(record: dict[str, Any], found: dict[str, Any], tests: list[TestSeen]) -> None:
    kind = record.pop("type")
    if kind == "test":
        measured = tuple(Measurement(**_known(Measurement, m)) for m in record["measurements"])
        series = tuple(_series(given) for given in record.get("series", ()))
        said = {"outcome": Outcome(record["outcome"]), "measurements": measured, "series": series}
        said["pictures"] = tuple(map(str, record.get("pictures", ())))
        said["attempts"] = tuple(_attempt(given) for given in record.get("attempts", ()))
        tests.append(TestSeen(**{**_known(TestSeen, record), **said}))
    elif kind == "summary":
        found["summary"] = Summary(**_known(Summary, record))
    elif kind == "collected":
        found["collected"] = _whole(record["tests"])
        found["left_out"] = _whole(record.get("left_out", 0))
        found["every_board"] = _whole(record.get("every_board", 0))
        found["tests_sha256"] = str(record.get("tests_sha256", ""))
    elif kind in ("identity", "session"):
        found[kind] = record
    else:
        raise ValueError(f"unknown record {kind!r}")


def _series(record: Mapping[str, Any]) -> Series:
    values = record["values"]
    if not all(type(value) in (int, float) for value in values):
        raise TypeError("a series is of numbers")
    return Series(**_known(Series, {**record, "values": tuple(values)}))


def _attempt(record: Mapping[str, Any]) -> Attempt:
    return Attempt(Outcome(record["outcome"]), float(record["seconds"]), str(record["message"]))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value


_PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "Mapping[str, int]": (dict,),
}


def _known(
    kind: type[Measurement] | type[Series] | type[TestSeen] | type[Summary], record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fields that this version knows. Raises :class:`TypeError` for one of another type."""
    known = {each.name: str(each.type) for each in fields(kind)}
    for name, value in record.items():
        wanted = _PLAIN.get(known.get(name, ""))
        if wanted is not None and type(value) not in wanted:
            raise TypeError(f"{name} is {value!r}")
    if kind is Summary:
        for count in record["counts"].values():
            _whole(count)
    return {name: value for name, value in record.items() if name in known}

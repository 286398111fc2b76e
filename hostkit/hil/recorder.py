"""Turns pytest's reports into observations, and errors of the board into the outcome that they are."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hostkit.errors import HostkitError, InconclusiveError, InvalidError, ToolError
from hostkit.hil.drawn import keyword, pattern_of
from hostkit.hil.observations import (
    Attempt,
    Measurement,
    ObservationFile,
    Outcome,
    Series,
    Summary,
    TestSeen,
)
from hostkit.hil.session import Expectation, HilSession
from hostkit.hil.share import plan_of
from hostkit.link.bodies import Identity
from hostkit.words import counted

_LONGEST_DETAIL = 20_000  # characters
_IN_VAIN = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST)
_NO_ANSWER = {each.value for each in (Outcome.SKIPPED, Outcome.NOT_APPLICABLE, Outcome.LOST)}


@dataclass(slots=True)
class _Running:
    """What is known so far of the test that runs."""

    rung: str
    pattern: str
    outcome: Outcome = Outcome.PASSED
    seconds: float = 0.0
    message: str = ""
    detail: str = ""
    invalid: bool = False
    where: str = ""
    applies: bool = True
    measurements: list[Measurement] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    before: list[_Running] = field(default_factory=list)  # when it was tried before


class Recorder:
    """A pytest plugin of its own, registered when observations or a board are asked for."""

    def __init__(self, path: Path | None, expectation: Expectation) -> None:
        """Write to ``path``, or only keep count when it is None. Raises :class:`ToolError`."""
        self._file = None if path is None else ObservationFile(path)
        self._running: dict[str, _Running] = {}
        self._counts: Counter[str] = Counter()
        self._collected = 0
        self._left_out = 0
        self._began = time.monotonic()
        self.session: HilSession | None = None
        if self._file is not None:
            self._file.session(expectation.board, expectation.build)

    def on_identity(self, identity: Identity) -> None:
        """Write down who the board says it is."""
        if self._file is not None:
            self._file.identity(asdict(identity))

    def measured(self, test: str, name: str, value: float, unit: str) -> None:
        """Keep a number for a running test. Raises :class:`ValueError` for NaN and infinities."""
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}: that measures nothing")
        self._running[test].measurements.append(Measurement(name, float(value), unit))

    def measured_series(self, test: str, series: Series) -> None:
        """Keep many numbers of one kind for a running test. Raises :class:`ValueError` for NaN."""
        if not all(map(math.isfinite, series.values)):
            raise ValueError(f"{series.name} holds NaN or infinities: that measures nothing")
        self._running[test].series.append(series)

    def pictured(self, test: str, name: str) -> None:
        """Keep the name of a picture that a running test took."""
        self._running[test].pictures.append(name)

    def not_applicable(self, test: str) -> None:
        """Note that a running test is about to be skipped as its board cannot be treated so."""
        self._running[test].applies = False

    def tried_in_vain(self, test: str) -> bool:
        """Tell whether a test that just ran may be tried again; if so, what it saw is one of its attempts.

        Not so when it passed or was skipped, nor when the board runs another firmware or is given up.
        """
        running = self._running[test]
        lost = self.session is not None and self.session.failure is not None
        if running.outcome not in _IN_VAIN or running.invalid or lost:
            return False
        before = [*running.before, running]
        self._running[test] = _Running(running.rung, running.pattern, before=before)
        return True

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._file is not None:
            self._file.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        """Count what options, settings and conftest files take out of the tests that were found."""
        found = len(items)
        result = yield
        self._left_out = found - len(items)
        return result

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down how many tests are to run."""
        self._collected = len(session.items)
        if self._file is not None:
            shared = plan_of(session.items) if session.config.getoption("share") else {}
            self._file.collected(self._collected, self._left_out, **shared)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let ``-k`` find the tests of a pattern, and those that name none."""
        item.extra_keyword_matches.add(keyword(pattern_of(item)))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Bracket one test; a test that is cut off by Ctrl-C is not written down."""
        marker = item.get_closest_marker("rung")
        running = _Running(str(marker.args[0]) if marker else "", pattern_of(item))
        self._running[item.nodeid] = running
        if self.session is not None:
            self.session.begin(item.nodeid)
        result = yield
        running = self._running.pop(item.nodeid)
        self._finish(item.nodeid, running)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Look at the exception itself: whose fault is it?"""
        report = yield
        running = self._running.get(item.nodeid)
        if running is not None:
            running.seconds += call.duration
            if report.passed and call.excinfo is not None:
                running.outcome = Outcome.ERROR
                running.message = f"another hook made a pass of {call.excinfo.exconly().splitlines()[0]}"
            elif report.skipped or report.failed:
                self._blame(running, report, call)
                running.where = running.where or _place(item, call)
                if self.session is not None and self.session.failure is not None:
                    item.session.shouldfail = f"no use going on: {self.session.failure.message}"
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the last line. A flaky test is no pass, so the run is none either."""
        if self._counts[Outcome.FLAKY.value] and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._file is not None:
            seconds = time.monotonic() - self._began
            nonce = self.session.nonce if self.session is not None else 0
            self._file.summary(Summary(self._collected, dict(self._counts), int(exitstatus), seconds, nonce))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how many tests lost the board, and that nothing ran if so."""
        lost = self._counts[Outcome.LOST.value]
        if lost:
            terminalreporter.write_line(
                f"{counted(lost, 'test')} lost the board: inconclusive, not failed", yellow=True
            )
        flaky = self._counts[Outcome.FLAKY.value]
        if flaky:
            terminalreporter.write_line(
                f"{counted(flaky, 'test')} passed only when tried again: flaky, that is no pass", red=True
            )
        if self._collected and set(self._counts) <= _NO_ANSWER:
            terminalreporter.write_line("nothing was shown: no test was executed to its end", red=True)

    def _blame(self, running: _Running, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        if running.outcome in (Outcome.FAILED, Outcome.LOST, Outcome.ERROR):
            return  # what came first stands; a broken teardown after it is a consequence
        error = call.excinfo.value if call.excinfo is not None else None
        running.outcome = self._outcome(running, report, error)
        running.detail = report.longreprtext[-_LONGEST_DETAIL:]
        if not running.message:
            running.message = _reason(report, error)

    def _outcome(self, running: _Running, report: pytest.TestReport, error: BaseException | None) -> Outcome:
        if report.skipped:
            return Outcome.SKIPPED if running.applies else Outcome.NOT_APPLICABLE
        meaning = self.session.blame(error) if self.session is not None and error is not None else None
        if isinstance(meaning, HostkitError):
            running.message = meaning.message
            report.longrepr = str(meaning)  # where in hostkit it was noticed tells a reader nothing
            running.invalid = isinstance(meaning, InvalidError)
            if isinstance(meaning, InconclusiveError):
                return Outcome.LOST
            if not running.invalid:
                return Outcome.FAILED
        if isinstance(error, ToolError):  # a full disk, say: that says nothing of the firmware
            return Outcome.LOST
        if isinstance(error, HostkitError) and error.exit_code == 1:
            return Outcome.FAILED  # also in the setup: the board was asked and did the wrong thing
        return Outcome.FAILED if report.when == "call" and not running.invalid else Outcome.ERROR

    def _finish(self, test: str, running: _Running) -> None:
        if running.before and running.outcome is Outcome.PASSED:
            first = running.before[0]
            running.outcome, running.detail, running.where = Outcome.FLAKY, first.detail, first.where
            running.message = f"passed at attempt {len(running.before) + 1}, at first: {first.message}"
        self._counts[running.outcome.value] += 1
        if self._file is None:
            return
        build = self.session.build if self.session is not None else ""
        self._file.test(
            TestSeen(
                test,
                running.outcome,
                running.rung,
                round(running.seconds, 6),
                running.message,
                running.detail,
                running.pattern,
                build,
                running.invalid,
                tuple(running.measurements),
                tuple(running.series),
                running.where,
                tuple(running.pictures),
                tuple(Attempt(one.outcome, round(one.seconds, 6), one.message) for one in running.before),
            )
        )


def _reason(report: pytest.TestReport, error: BaseException | None) -> str:
    """Return one line that says why: the error's own, without pytest's dressing."""
    if isinstance(error, HostkitError):
        return error.message
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    said = str(error).strip().splitlines() if error is not None else []
    return said[0] if said else type(error).__name__


def _place(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """Return file:line of the innermost call in the test's own file: the expectation that did not hold."""
    if call.excinfo is None:
        return ""
    mine = [entry for entry in call.excinfo.traceback if Path(entry.path) == item.path]
    root = item.config.rootpath
    if not mine or not item.path.is_relative_to(root):
        return ""
    return f"{item.path.relative_to(root).as_posix()}:{mine[-1].lineno + 1}"

"""The suite on the screen: on a real terminal with colours and without, and in a log file."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from hostkit.cli.suite_progress import SuiteProgress
from hostkit.hil.observations import Outcome, TestSeen
from hostkit.hil.picture import Picture, write_picture
from hostkit.link.messages import Tap

TRUE_COLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def seen(name: str, outcome: Outcome = Outcome.PASSED, message: str = "", *pictures: str) -> TestSeen:
    return TestSeen(name, outcome, "wired", 0.1, message, pictures=pictures)


class Terminal:
    """A pty of 60 columns, and everything that was written to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self._file = os.fdopen(slave, "w")
        self.console = Console(
            file=self._file, width=60, soft_wrap=True, highlight=False, _environ=environment
        )
        self._written = b""

    def text(self) -> str:
        """Return what came out, after each write of it was read at once."""
        self._file.flush()
        with_more = True
        while with_more:
            try:
                self._written += os.read(self._master, 1 << 16)
            except BlockingIOError:
                with_more = False
        return self._written.decode()

    def close(self) -> None:
        self._file.close()
        os.close(self._master)


@contextmanager
def terminal(environment: dict[str, str]) -> Iterator[Terminal]:
    opened = Terminal(environment)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Evidence with a picture: the first strip red, the second one blue."""
    pixels = np.zeros((3, 20, 3), dtype=np.int64)
    pixels[:, :10] = (255, 0, 0)
    pixels[:, 10:] = (0, 0, 255)
    drawn = Picture("t", "lava", "lava", Tap.FRAME, (10, 10), 0, (0, 1, 2), pixels, pixels)
    write_picture(tmp_path / "pictures" / "lava.json", drawn)
    return tmp_path


def test_a_terminal_shows_a_bar_the_last_test_and_the_strip_in_its_colours(evidence: Path) -> None:
    with terminal(TRUE_COLOUR) as tty:
        progress = SuiteProgress(tty.console)
        progress.collected(4)
        progress.ended(seen("h/t.py::a[lava]", Outcome.PASSED, "", "pictures/lava.json"), evidence)
        progress.ended(seen("h/t.py::b"), evidence)
        progress.close()
        shown = tty.text()
    assert "2/4" in shown
    assert "  b" in shown
    assert "\x1b[38;2;255;0;0;48;2;0;0;255m▀" in shown
    assert "lava" in shown
    assert shown.rstrip().endswith("\x1b[2K")  # nothing of it stays


def test_a_test_that_did_not_pass_stays_on_the_screen(evidence: Path) -> None:
    with terminal(TRUE_COLOUR) as tty:
        progress = SuiteProgress(tty.console)
        progress.collected(4)
        progress.ended(seen("h/t.py::b[x]", Outcome.FAILED, "LED \x1b[2J[red]7"), evidence)
        progress.ended(seen("h/t.py::c", Outcome.LOST, "gone"), evidence)
        progress.close()
        shown = tty.text()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "✘ failed h/t.py::b[x]: LED \ufffd[2J[red]7" in plain
    assert "✘ lost h/t.py::c: gone" in plain
    assert "2 not passed" in plain


@pytest.mark.parametrize("environment", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "xterm"}])
def test_without_colours_enough_there_is_a_bar_and_no_strip(
    evidence: Path, environment: dict[str, str]
) -> None:
    with terminal(environment) as tty:
        progress = SuiteProgress(tty.console)
        progress.collected(1)
        progress.ended(seen("h/t.py::a", Outcome.PASSED, "", "pictures/lava.json"), evidence)
        progress.close()
        shown = tty.text()
    assert "1/1" in shown
    assert "▀" not in shown


def test_a_picture_that_cannot_be_read_is_not_shown_and_no_trouble(evidence: Path) -> None:
    (evidence / "pictures" / "lava.json").write_text("{}")
    with terminal(TRUE_COLOUR) as tty:
        progress = SuiteProgress(tty.console)
        progress.ended(seen("h/t.py::a", Outcome.PASSED, "", "pictures/lava.json"), evidence)
        progress.close()
        assert "▀" not in tty.text()


def test_a_long_test_says_how_it_goes(evidence: Path) -> None:
    with terminal(TRUE_COLOUR) as tty:
        progress = SuiteProgress(tty.console)
        progress.collected(2)
        progress.ended(seen("h/t.py::a"), evidence)
        progress.note("soak 3 of 10 minutes")
        progress.close()
        assert "soak 3 of 10 minutes" in tty.text()


def test_a_log_has_one_line_for_each_file_and_for_each_failure_and_no_colours(evidence: Path) -> None:
    log = io.StringIO()
    progress = SuiteProgress(Console(file=log, width=200, soft_wrap=True, highlight=False))
    progress.collected(4)
    progress.ended(seen("h/one.py::a", Outcome.PASSED, "", "pictures/lava.json"), evidence)
    progress.ended(seen("h/one.py::b", Outcome.FAILED, "LED 7"), evidence)
    progress.ended(seen("h/two.py::c"), evidence)
    progress.ended(seen("h/two.py::d"), evidence)
    progress.close()
    progress.close()
    assert log.getvalue().splitlines() == [
        "hil    ✘ failed h/one.py::b: LED 7",
        "hil    2 of 4  h/one.py: 1 passed",
        "hil    4 of 4  h/two.py: 2 passed",
    ]


def test_of_boards_that_share_a_suite_a_file_is_told_when_both_are_through_and_a_test_of_both_counts_once(
    evidence: Path,
) -> None:
    log = io.StringIO()
    progress = SuiteProgress(Console(file=log, width=200, soft_wrap=True, highlight=False))
    progress.collected(4)
    other = evidence / "boards" / "virt1"
    progress.ended(seen("h/one.py::a"), evidence)
    progress.ended(seen("h/one.py::b"), other)
    progress.ended(seen("h/two.py::c"), evidence)
    progress.ended(seen("h/two.py::d"), other)
    progress.ended(seen("h/two.py::d"), evidence)
    progress.close()
    assert log.getvalue().splitlines() == [
        "hil    3 of 4  h/one.py: 2 passed",
        "hil    4 of 4  h/two.py: 2 passed",
    ]

"""What a person sees while a gate builds and flashes: on a terminal of 80 columns, and in a log."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console

from hostkit.build.service import BuildEvent, EventKind
from hostkit.cli.context import Context
from hostkit.cli.gate_progress import GateProgress
from hostkit.clock import SystemClock
from hostkit.flash.model import Progress
from hostkit.flash.model import Stage as Step
from hostkit.gate.model import Stage
from hostkit.gate.request import Listener
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths

WORDS = "76784 bytes, read back, the board says so"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(tmp_path, Paths(tmp_path, tmp_path), SystemClock(), SystemRunner())


class Screen:
    """A terminal of 80 columns as standard error."""

    def __init__(self, context: Context) -> None:
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self._file: TextIO = os.fdopen(slave, "w")
        console = Console(file=self._file, width=80, soft_wrap=True, _environ={"TERM": "xterm-256color"})
        context.__dict__["err_console"] = console

    def __enter__(self) -> Screen:
        self._before, sys.stderr = sys.stderr, self._file
        return self

    def new(self) -> str:
        """Return what was written since it was asked last, without colours, one frame after another."""
        self._file.flush()
        written = b""
        while True:
            try:
                written += os.read(self._master, 1 << 16)
            except BlockingIOError:
                return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode()).replace("\r", "")

    def __exit__(self, *exc: object) -> None:
        sys.stderr = self._before
        self._file.close()
        os.close(self._master)


def _begin(listener: Listener, *boards: str) -> None:
    listener.stage(Stage.FLASH, "")
    for board in boards:
        _go(listener, board, Step.IDENTIFY, 0.0)


def _go(listener: Listener, board: str, step: Step, fraction: float) -> None:
    assert listener.flash is not None
    listener.flash(Progress(step, fraction), board)


def _end(listener: Listener, board: str, words: str) -> None:
    assert listener.flash is not None
    listener.flash(None, board)
    listener.stage(Stage.FLASH, f"{board}: {words}")


def _rows(progress: GateProgress) -> list[str]:
    """What stands beside the spinner now."""
    assert progress._status is not None
    return [row.rstrip() for row in str(progress._status.status).splitlines()]


def test_a_terminal_has_a_row_for_each_board_that_is_at_it_and_a_line_for_each_that_is_through(
    context: Context,
) -> None:
    with Screen(context) as screen, GateProgress(context, verbose=False) as progress:
        listener = progress.listener()
        _begin(listener, "virt0", "desk-left")
        _go(listener, "desk-left", Step.WRITE, 0.25)
        assert _rows(progress) == ["flash  virt0      identify", "         desk-left  write     25%"]
        _end(listener, "virt0", WORDS)
        assert screen.new().rstrip().endswith(f"flash  virt0: {WORDS}")
        assert _rows(progress) == ["flash  desk-left  write     25%"]


def test_when_all_are_through_nothing_but_their_lines_stays(context: Context) -> None:
    with Screen(context) as screen, GateProgress(context, verbose=False) as progress:
        listener = progress.listener()
        _begin(listener, "virt0", "virt1")
        _end(listener, "virt1", "nobody answers")
        screen.new()
        _end(listener, "virt0", WORDS)
        assert screen.new().strip().splitlines()[-1] == f"flash  virt0: {WORDS}"


def test_a_log_has_a_line_for_each_board_when_it_is_through(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with GateProgress(context, verbose=False) as progress:
        listener = progress.listener()
        _begin(listener, "virt0", "virt1")
        _go(listener, "virt0", Step.WRITE, 0.5)
        _end(listener, "virt1", "nobody answers")
        _end(listener, "virt0", WORDS)
    assert log.getvalue() == f"flash  virt1: nobody answers\nflash  virt0: {WORDS}\n"


def test_one_board_is_shown_as_ever(context: Context) -> None:
    with Screen(context) as screen, GateProgress(context, verbose=False) as progress:
        listener = progress.listener()
        listener.stage(Stage.FLASH, "")
        _go(listener, "", Step.WRITE, 0.5)
        assert _rows(progress) == ["flash  write 50%"]
        listener.stage(Stage.FLASH, WORDS)
        assert screen.new().rstrip().endswith(f"flash  {WORDS}")


def test_a_note_is_written_by_what_draws_the_spinner_and_has_a_line_of_its_own(context: Context) -> None:
    with Screen(context) as screen, GateProgress(context, verbose=False) as progress:
        listener = progress.listener()
        listener.stage(Stage.BUILD, "")
        sys.stderr = other = io.StringIO()  # written beside it, one in six notes stood behind the spinner
        assert listener.build is not None
        listener.build(BuildEvent(EventKind.NOTE, "git is not [installed]"))
        assert "note: git is not [installed]" in screen.new().splitlines()
        assert other.getvalue() == ""

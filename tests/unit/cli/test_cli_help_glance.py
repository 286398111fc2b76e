"""`hostkit --help` before click: the same words as click's, wherever it answers at all."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from hostkit.cli import help_glance, main

ROOT = Path(__file__).resolve().parents[3]


def _both(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str) -> list[str]:
    monkeypatch.setenv("COLUMNS", columns)
    assert main.run(["--help"]) == 0
    said = [capsys.readouterr().out]
    if help_glance.answered(["--help"], os.environ):
        said.append(capsys.readouterr().out)
    return said


@pytest.mark.parametrize("columns", ["80", "81", "200", "0", "-1", "x", ""])
def test_where_there_is_room_the_help_is_what_click_says(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_click, here = _both(monkeypatch, capsys, columns)
    assert here == of_click


@pytest.mark.parametrize("columns", ["1", "40", "79"])
def test_a_narrow_terminal_is_left_to_click(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(_both(monkeypatch, capsys, columns)) == 1


@pytest.mark.parametrize("words", [[], ["--version"], ["--help", "more"], ["gate", "--help"], ["-h"]])
def test_other_words_are_left_to_click(words: list[str]) -> None:
    assert not help_glance.answered(words, {})


def test_a_shell_that_completes_is_left_to_click() -> None:
    assert not help_glance.answered(["--help"], {"_HOSTKIT_COMPLETE": "bash_source"})


def test_the_help_fits_into_the_room_that_it_takes() -> None:
    lines = Path(help_glance.PLACE).read_text().splitlines()
    assert max(map(len, lines)) <= help_glance.COLUMNS


def test_a_page_that_is_not_there_is_left_to_click(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(help_glance, "PLACE", str(tmp_path / "gone.txt"))
    assert not help_glance.answered(["--help"], {})


def test_the_width_of_a_terminal_is_asked_of_the_terminal() -> None:
    ours, theirs = pty.openpty()
    code = "from hostkit.cli import help_glance; import sys; sys.stderr.write(str(help_glance._columns({})))"
    try:
        for columns in (61, 132):
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            done = subprocess.run(
                [sys.executable, "-c", code], stdout=theirs, stderr=subprocess.PIPE, text=True, check=True
            )
            assert done.stderr == str(columns)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_command_answers_without_click() -> None:
    code = (
        "import atexit, sys; from hostkit.cli.main import entry; sys.argv = ['hostkit', '--help'];"
        "atexit.register(lambda: print([name for name in ('click', 'shutil') if name in sys.modules]));"
        "entry()"
    )
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == Path(help_glance.PLACE).read_text() + "[]\n"


def test_a_reader_that_went_away_is_no_bug() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hostkit", "--help"],
            check=False,
            cwd=ROOT,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr
    assert "BrokenPipeError" not in done.stderr

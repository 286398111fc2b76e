"""Workflow commands: the right line, and nothing that a text could break out of."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from report_bundle import PASSED, failed

from hostkit.gate.waived import WaiverFact, Waives
from hostkit.report.annotations import MOST, Annotation, Level, annotations_of
from hostkit.report.read import read_report

Write = Callable[..., Path]
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)", re.DOTALL)


def undone(text: str) -> str:
    """What the runner makes of escapes: its own order, the percent sign last."""
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def test_a_failed_expectation_is_shown_at_its_line(written: Write) -> None:
    report = read_report(written(observations=(*PASSED[:3], failed("LED 7: red, 50%"))))
    verdict, test = map(str, annotations_of(report, "led"))
    assert verdict.startswith("::error title=hostkit fail%3A virtual on virt0 (virtual)::h/test_w.py::wire")
    assert test == "::error file=led/h/test_w.py,line=12,title=wire[lava] failed::LED 7: red, 50%25"


def test_what_is_waived_is_a_warning_of_its_own(written: Write) -> None:
    waiver = WaiverFact("waivers/w.json", Waives.TEST, "*", "", "the rig", "ada", "2026-01-09", "5f" * 32)
    run = written(observations=(*PASSED, failed("LED 7", test="h/test_w.py::dim")), waivers=(waiver,))
    verdict, waived, _ = annotations_of(read_report(run))
    assert (verdict.level, waived.level, waived.title) == (Level.NOTICE, Level.WARNING, "waived")
    assert "waived until 2026-01-09 by ada" in waived.message


def test_a_panic_is_shown_at_the_first_line_inside_the_repository(written: Write) -> None:
    places = [("memset", "/usr/include/string.h", 9), ("f", "../../x.h", 3), ("hk::draw", "lib/lava.cpp", 26)]
    calls = [{"places": [{"function": f, "file": path, "line": line}]} for f, path, line in places]
    crash = {"reason": "panic: X", "blames_firmware": True, "calls": calls}
    found = annotations_of(read_report(written(files={"crashes.json": [crash]})))[1]
    assert (found.level, found.file, found.line) == (Level.ERROR, "lib/lava.cpp", 26)
    assert found.message.splitlines()[0] == "panic: X"


def test_a_compile_error_is_shown_at_its_line(written: Write) -> None:
    report = read_report(written(files={"diagnostics.txt": b"lib/a.cpp:3:7: unknown type\nno main"}))
    _, first, second = annotations_of(report)
    assert (first.file, first.line, second.file) == ("lib/a.cpp", 3, "")


def test_what_several_tests_met_at_one_line_is_shown_once(written: Write) -> None:
    bad = [failed("LED 7", test=f"h/test_w.py::w[{number}]") for number in range(3)]
    _, only = annotations_of(read_report(written(observations=[*bad])))
    assert (only.title, only.message, only.line) == ("w[0] and 2 more tests failed", "LED 7", 12)


def test_a_crash_that_came_twice_is_shown_once(written: Write) -> None:
    crash = {"reason": "panic: X", "blames_firmware": True, "calls": []}
    _, only = annotations_of(read_report(written(files={"crashes.json": [crash, crash]})))
    assert only.title == "crash, 2 times"


def test_a_pass_is_one_notice(written: Write) -> None:
    (only,) = annotations_of(read_report(written()))
    assert only.level is Level.NOTICE


def test_what_github_would_not_show_is_counted(written: Write) -> None:
    bad = [failed(f"LED {number}", test=f"h/test_w.py::w[{number}]") for number in range(30)]
    found = annotations_of(read_report(written(observations=bad)))
    assert len(found) == MOST
    assert found[-1].message.startswith("22 more annotations left out")


@settings(deadline=None)
@given(file=st.text(min_size=1), line=st.integers(1, 99), title=st.text(), message=st.text(max_size=200))
def test_no_text_breaks_out_of_its_command(file: str, line: int, title: str, message: str) -> None:
    said = str(Annotation(Level.ERROR, title, message, file, line))
    assert "\n" not in said
    assert "\r" not in said
    found = COMMAND.fullmatch(said)
    assert found is not None
    parts = dict(part.split("=", 1) for part in found[2].split(","))
    assert parts.keys() == {"file", "line", "title"}
    assert (undone(parts["file"]), undone(parts["title"])) == (file, title)
    assert undone(found[3]) == message

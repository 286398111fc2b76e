"""Evidence read back as a report, and the schema that it keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from report_bundle import BUILD, PASSED, failed

from hostkit.errors import InvalidError, UsageError
from hostkit.hil.observations import Outcome
from hostkit.report.markdown import markdown
from hostkit.report.read import read_report
from hostkit.report.record import as_json, json_schema
from hostkit.report.runs import find_run, run_lines

Write = Callable[..., Path]
CRASH = {
    "reason": "panic: StoreProhibited in hk::draw, firmware/lib/pattern/lava.cpp:26",
    "blames_firmware": True,
    "calls": [
        {"address": "0x0", "places": []},
        {"address": "0x1", "places": [{"function": "hk::draw", "file": "firmware/lib/x.cpp", "line": 26}]},
        {"address": "0x2", "places": [{"function": "?", "file": "", "line": 0}]},
    ],
}


def test_a_run_is_read_back_as_the_gate_judged_it(written: Write) -> None:
    report = read_report(written())
    assert (report.title, report.exit_code, report.rung) == ("pass: virtual on virt0 (virtual)", 0, "timed")
    assert report.when == "2026-01-01T00:00:00+00:00"
    assert [rung.standing for rung in report.ladder] == ["reached"] * 6 + ["beyond"]
    assert report.counts == {"passed": 5}
    assert report.patterns == {"solid": {"passed": 1}, "lava": {"passed": 2}}
    assert report.build is not None
    assert (report.build.build_id, report.build.flash_bytes) == (BUILD, 70_192)
    assert report.tests[4].numbers == {"rate [Hz]": 190.25}
    assert report.seconds == {"hil": 4.5}
    assert report.changed_files == ()


def test_a_failed_test_has_its_place_and_all_that_was_said(written: Write) -> None:
    bad = failed("LED 7 is green")
    report = read_report(written(observations=(*PASSED[:3], bad), details={bad.test: "line 1\nline 2"}))
    (test,) = report.failed
    assert (test.file, test.line, test.detail) == ("h/test_w.py", 12, "line 1\nline 2")
    assert [rung.standing for rung in report.ladder][3:5] == ["reached", "missed"]


def test_a_test_that_does_not_apply_to_a_board_takes_nothing_from_a_pattern(written: Write) -> None:
    other = replace(PASSED[3], test="h/test_w.py::wire[x]", outcome=Outcome.NOT_APPLICABLE)
    report = read_report(written(observations=(*PASSED, other)))
    assert [(rung.rung, rung.passed, rung.tests) for rung in report.ladder][4] == ("wired", 1, 1)
    assert "| ✔ `lava` | 2 | 2 |" in markdown(report)


def test_a_crash_keeps_the_calls_whose_line_is_known(written: Write) -> None:
    (crash,) = read_report(written(files={"crashes.json": [CRASH]})).crashes
    assert [(call.file, call.line) for call in crash.calls] == [("firmware/lib/x.cpp", 26)]


def test_what_the_compiler_said_has_its_line(written: Write) -> None:
    said = b"lib/a.cpp:3:7: unknown type 'x'\nundefined reference to `f'"
    first, second = read_report(written(files={"diagnostics.txt": said})).diagnostics
    assert (first.file, first.line, first.message) == ("lib/a.cpp", 3, "unknown type 'x'")
    assert (second.file, second.message) == (None, "undefined reference to `f'")


def test_a_number_that_is_none_is_null_in_json(written: Write) -> None:
    odd = replace(PASSED[4], numbers={"rate [Hz]": float("inf"), "x": float("nan"), "y": 1.0})
    record = as_json(read_report(written(observations=(odd,))))
    assert record["tests"][0]["numbers"] == {"rate [Hz]": None, "x": None, "y": 1.0}
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_what_several_tests_measured_alike_is_one_number_the_highest_rung_first(written: Write) -> None:
    low = [replace(PASSED[0], test=f"h::{n}", numbers={"most [frames]": 6.0, "n": n}) for n in range(2)]
    report = read_report(written(observations=(*low, PASSED[4])))
    assert report.numbers == {
        ("rate [Hz]", 190.25): [PASSED[4].test],
        ("most [frames]", 6.0): ["h::0", "h::1"],
        ("n", 0): ["h::0"],
        ("n", 1): ["h::1"],
    }
    assert next(iter(report.numbers)) == ("rate [Hz]", 190.25)


def test_an_edited_file_is_named(written: Write) -> None:
    run = written()
    (run / "tools.json").write_text("{}")
    assert read_report(run).changed_files == ("tools.json was changed",)


@pytest.mark.parametrize("name", ["verdict.json", "run.json"])
def test_a_directory_without_a_verdict_is_no_run(written: Write, name: str) -> None:
    run = written()
    (run / name).unlink()
    with pytest.raises(InvalidError, match=f"is no run: it has no {name}") as caught:
        read_report(run)
    assert "report list" in caught.value.hint


@pytest.mark.parametrize("text", ["[]", '{"verdict": "good"}', '{"verdict": "pass", "facts": {}}', "null x"])
def test_evidence_that_makes_no_sense_is_invalid_and_no_bug(written: Write, text: str) -> None:
    run = written()
    (run / "verdict.json").write_text(text)
    with pytest.raises(InvalidError) as caught:
        read_report(run)
    assert "run the gate again" in caught.value.hint


def test_every_report_keeps_the_schema(written: Write) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    bad = failed("LED 7")
    stopped = written(observations=(), files={"crashes.json": [CRASH], "diagnostics.txt": b"a:1:1: x"})
    for run in (written(), written(observations=(bad,), details={bad.test: "all"}), stopped):
        validator.validate(json.loads(json.dumps(as_json(read_report(run)))))


def test_the_schema_refuses_what_is_no_report(written: Write) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    record = as_json(read_report(written()))
    for wrong in ({"verdict": "good"}, {"schema": "hostkit.report/2"}, {"tests": [{}]}, {"exit_code": "0"}):
        assert not validator.is_valid(record | wrong)
    del record["verdict"]
    assert not validator.is_valid(record)


def test_runs_are_listed_newest_first_and_broken_ones_too(written: Write, runs: Path) -> None:
    first, second, third = written(), written(observations=(failed("x"),)), written(board="desk")
    (first / "verdict.json").write_text("[1")
    lines = list(run_lines(runs))
    assert [line.run for line in lines] == [third.name, second.name, first.name]
    assert [line.verdict for line in lines] == ["pass", "fail", ""]
    assert (lines[1].board, lines[1].tests, lines[1].passed) == ("virt0", 1, 0)
    assert [line.run for line in run_lines(runs, "virt0", newest=second.name)] == [second.name, first.name]


def test_a_run_is_found_by_the_start_of_its_name(written: Write, runs: Path) -> None:
    run = written()
    assert find_run(runs, run.name[:16]) == run
    with pytest.raises(UsageError, match=r"no run is in .*/nowhere") as caught:
        find_run(runs / "nowhere", "latest")
    assert caught.value.hint == "hostkit gate makes one"
    with pytest.raises(UsageError, match="no run is called") as caught:
        find_run(runs, "2031")
    assert run.name in caught.value.hint

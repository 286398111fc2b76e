"""Checks that run tests: a least number of them, a floor of coverage. Real pytest, real coverage.py."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.clock import SystemClock
from hostkit.process import SystemRunner
from hostkit.store.model import Verdict
from hostkit.tasks.checking.covering import (
    Covered,
    Means,
    ReportError,
    check_coverage,
    judge_coverage,
    read_report,
)
from hostkit.tasks.checking.suite import Counts, check_suite, judge_suite, read_counts
from hostkit.tasks.checks import CoverageCheck, PytestCheck

CHECK = PytestCheck(60, (), 2)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(work)
    return work


TESTS = """
import pytest, shop
def test_one(): assert shop.add(1, 2) == 3
def test_two(): pass
@pytest.mark.skip
def test_three(): pass
@pytest.mark.xfail
def test_four(): assert False
"""
SHOP = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"


def test_pytest_passes_when_enough_tests_ran_and_skipped_ones_did_not(place: Path) -> None:
    (place / "test_shop.py").write_text(TESTS)
    (place / "shop.py").write_text(SHOP)
    (place / "pytest.py").write_text("raise SystemExit(0)")  # stands in for nothing
    env = dict(os.environ) | {"PYTEST_ADDOPTS": "-k nothing_at_all"}
    finding = check_suite(CHECK, SystemRunner(), env, place.parent / "scratch")
    assert (finding.verdict, finding.reason) == (Verdict.PASS, "2 run, 2 wanted")
    assert not (place / "junit.xml").exists()


@pytest.mark.parametrize(
    ("code", "counts", "verdict", "reason"),
    [
        (0, Counts(5, 3, 0), Verdict.PASS, "2 run, 2 wanted"),
        (0, Counts(5, 4, 0), Verdict.FAIL, "too few tests: 1 run, 2 wanted"),
        (5, Counts(0, 0, 0), Verdict.FAIL, "too few tests: 0 run, 2 wanted"),
        (1, Counts(5, 0, 2), Verdict.FAIL, "2 of 5 tests failed"),
        (2, Counts(1, 0, 1), Verdict.FAIL, "1 of 1 test failed"),
        (0, None, Verdict.INCONCLUSIVE, "pytest left no report that can be read"),
        (1, None, Verdict.INCONCLUSIVE, "pytest ended with exit 1"),
        (2, Counts(5, 0, 0), Verdict.INCONCLUSIVE, "pytest ended with exit 2"),
        (4, None, Verdict.INCONCLUSIVE, "pytest ended with exit 4"),
        (-9, None, Verdict.INCONCLUSIVE, "pytest ended with exit -9"),
    ],
)
def test_each_end_of_pytest_has_its_verdict(
    code: int, counts: Counts | None, verdict: Verdict, reason: str
) -> None:
    finding = judge_suite(CHECK, code, counts)
    assert (finding.verdict, finding.reason) == (verdict, reason)


@pytest.mark.parametrize("text", ["", "<x", "<x/>", '<testsuite tests="1"/>', "<testsuites/>"])
def test_a_report_that_is_none_counts_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "junit.xml").write_text(text)
    assert read_counts(tmp_path / "junit.xml") is None
    assert read_counts(tmp_path / "absent.xml") is None


def means(place: Path) -> Means:
    return Means(SystemRunner(), SystemClock(), dict(os.environ), place.parent / "scratch")


def coverage(script: str, floor: float = 60.0, include: tuple[str, ...] = ()) -> CoverageCheck:
    return CoverageCheck(60, ("sh", "-c", script, "sh", "{report}", sys.executable), floor, include)


def test_coverage_is_measured_by_the_command_and_compared_with_the_floor(place: Path) -> None:
    (place / "shop.py").write_text(SHOP)
    (place / "main.py").write_text("import shop\nshop.add(1, 2)\n")
    measure = '"$2" -m coverage run main.py && "$2" -m coverage json -q -o "$1"'
    every = check_coverage(coverage(measure, 80.0), means(place))
    assert (every.verdict, every.reason) == (Verdict.PASS, "83.33 % (5 of 6), 80 % wanted")
    only = check_coverage(coverage('"$2" -m coverage xml -q -o "$1"', 80.0, ("shop.py",)), means(place))
    assert (only.verdict, only.reason) == (Verdict.FAIL, "75.00 % (3 of 4), 80 % wanted")


def report(run: int, there: int, **meta: str) -> str:
    return json.dumps(
        {"meta": meta, "files": {"a.py": {"summary": {"covered_lines": run, "num_statements": there}}}}
    )


@pytest.mark.parametrize(
    ("script", "verdict", "reason"),
    [
        ("cp full.json $1", Verdict.PASS, "100.00 % (5 of 5), 60 % wanted"),
        ("cp full.json $1; exit 3", Verdict.FAIL, "the command that measures ended with exit 3"),
        ("kill -9 $$", Verdict.INCONCLUSIVE, "the command was ended by signal 9"),
        ("cp full.json coverage.json", Verdict.INCONCLUSIVE, "the command left no report"),
        ("cp old.json $1", Verdict.INCONCLUSIVE, "the report is "),
        ("cp -p full.json $1; touch -d 2020-01-01 $1", Verdict.INCONCLUSIVE, "the report is "),
        ("cp empty.json $1", Verdict.INCONCLUSIVE, "the report has nothing of what is asked for"),
        ("echo '{}' > $1", Verdict.INCONCLUSIVE, "the report cannot be read: no coverage report: KeyError"),
    ],
    ids=[
        "full",
        "failing tests",
        "killed",
        "written elsewhere",
        "dated earlier",
        "touched",
        "nothing",
        "no report",
    ],
)
def test_a_report_counts_only_when_this_command_wrote_it_now(
    place: Path, script: str, verdict: Verdict, reason: str
) -> None:
    (place / "full.json").write_text(report(5, 5))
    (place / "old.json").write_text(report(5, 5, timestamp="2020-01-01T00:00:00"))
    (place / "empty.json").write_text(report(0, 0))
    finding = check_coverage(coverage(script), means(place))
    assert finding.verdict is verdict
    assert finding.reason.startswith(reason)


XML = """<?xml version="1.0" ?><coverage timestamp="{made}"><packages><package><classes>
<class filename="a.py"><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
<class filename="a.py"><lines><line number="2" hits="4"/></lines></class>
<class filename="b.py"><lines><line number="1" hits="1" condition-coverage="50% (1/2)"/></lines></class>
</classes></package></packages></coverage>"""


def test_xml_counts_a_line_once_and_branches_beside_lines() -> None:
    covered = read_report(XML.format(made="1700000000123"))
    assert covered == Covered({"a.py": (2, 2), "b.py": (2, 3)}, 1_700_000_000)
    assert covered.of(("b.py",)) == (2, 3)
    assert read_report(XML.format(made="1700000000")).made_s == 1_700_000_000


@pytest.mark.parametrize(
    "text", ["", "[]", "<a/>", "<a", report(6, 5), report(-1, 5), '{"files": {"a": 1}}', '{"files": []}']
)
def test_a_text_that_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ReportError):
        read_report(text)


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.5, 100))
def test_the_floor_is_met_exactly_when_the_share_is_no_smaller(run: int, more: int, floor: float) -> None:
    there = run + more - 1 or 1
    finding = judge_coverage(CoverageCheck(1, (), floor, ()), Covered({"a": (run, there)}, None))
    assert (finding.verdict is Verdict.PASS) == (100 * run >= floor * there)

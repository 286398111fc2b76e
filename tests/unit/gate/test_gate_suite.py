"""The suite's command, and what is read of what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from hostkit.gate.model import IdentityFact
from hostkit.gate.observations import read_suite
from hostkit.gate.suite import SuiteCall, suite_command, suite_places
from hostkit.hil.observations import ObservationFile, Outcome, Summary, TestSeen
from hostkit.process import Finished, SystemRunner
from hostkit.store.model import Rung

CALL = SuiteCall(Path("/p"), "virt0", "a" * 64, "", Path("/e"), 30.0)
ENDED = Finished(("pytest",), 0, "x\n12 passed in 1 s\n\n", 1.0)


def test_the_suite_is_plain_pytest_in_the_checkout_with_its_time_out() -> None:
    command = suite_command(CALL, {"HOSTKIT_LEASE_TOKEN": "t"})
    assert command.argv[:3] == (sys.executable, "-P", "-c")
    assert command.argv[4:7] == ("hil_tests", "--board", "virt0")
    assert command.argv[-2:] == ("--expect-build", "a" * 64)
    assert (command.cwd, command.timeout_s) == (Path("/p"), 30.0)
    assert command.env is not None
    assert command.env["HOSTKIT_LEASE_TOKEN"] == "t"
    assert command.env["PYTHONDONTWRITEBYTECODE"] == "1"


def test_a_soak_is_asked_for_and_the_time_that_it_takes_is_given_on_top() -> None:
    command = suite_command(replace(CALL, soak_s=600.0), {})
    assert command.argv[command.argv.index("--soak") + 1] == "600.000s"
    assert command.timeout_s == 630.0
    assert "--soak" not in suite_command(CALL, {}).argv


def test_a_selection_is_passed_on_and_options_from_outside_are_not() -> None:
    selected = SuiteCall(Path("/p"), "virt0", "", "solid and not wire", Path("/e"), 30.0)
    foreign = {
        "PYTEST_ADDOPTS": "-k one",
        "PYTEST_PLUGINS": "evil",
        "PYTHONPATH": "/evil",
        "PYTHONOPTIMIZE": "2",
    }
    command = suite_command(selected, foreign | {"PYTHONUTF8": "1"})
    assert command.argv[-2:] == ("-k", "solid and not wire")
    assert "--expect-build" not in command.argv
    assert command.env is not None
    assert not set(foreign) & set(command.env)
    assert command.env["PYTHONUTF8"] == "1"


def test_a_pytest_that_lies_in_the_checkout_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "pytest.py").write_text("print('all passed'); raise SystemExit(0)\n")
    (tmp_path / "hil_tests").mkdir()
    (tmp_path / "hil_tests" / "test_it.py").write_text("def test_one(): assert False\n")
    call = SuiteCall(tmp_path, "virt0", "", "", tmp_path / "e", 30.0)
    ended = SystemRunner().run(suite_command(call, os.environ))
    assert "all passed" not in ended.output
    assert (ended.returncode, "1 failed" in ended.output) == (1, True)


@pytest.mark.parametrize(
    "settings",
    [
        "addopts = -k one",
        "addopts = --deselect test_it.py::test_two",
        "python_functions = test_one",
        "python_files = other.py",
        "norecursedirs = deep",
    ],
)
def test_settings_of_the_checkout_leave_no_test_out(tmp_path: Path, settings: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_it.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    given = suite_command(CALL, {}).argv
    options = [word for flag, word in pairwise(given) if flag == "-o"]
    overrides = [word for option in options for word in ("-o", option)]
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *overrides, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 tests collected" in listed.stdout, listed.stdout


def test_a_checkout_that_carries_hostkit_is_judged_by_its_own_models(tmp_path: Path) -> None:
    installed = suite_places(tmp_path)[1]
    assert installed.name == "hil"
    (tmp_path / "hostkit" / "hil").mkdir(parents=True)
    assert suite_places(tmp_path)[1] == tmp_path / "hostkit" / "hil" != installed


def test_a_whole_file_gives_suite_identity_and_observations(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    file = ObservationFile(path)
    file.session("virt0", "a" * 64)
    file.collected(1)
    file.identity({"build": "a" * 64, "mac": "02:00:00:00:00:01"})
    file.test(TestSeen("t::a", Outcome.FAILED, "wired", 0.5, "LED 7", pattern="solid", build="a" * 64))
    file.summary(Summary(1, {"failed": 1}, 1, 0.5))
    file.close()
    suite, identity, (seen,) = read_suite(path, ENDED)
    assert (suite.collected, suite.finished, suite.broken_records) == (1, True, 0)
    assert suite.said == "12 passed in 1 s"
    assert identity == IdentityFact("a" * 64, "02:00:00:00:00:01")
    assert (seen.outcome, seen.rung, seen.message, seen.pattern) == (
        Outcome.FAILED,
        Rung.WIRED,
        "LED 7",
        "solid",
    )


def test_records_that_the_last_one_does_not_count_are_told_from_those_that_it_does(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    file = ObservationFile(path)
    file.collected(2, left_out=3)
    file.test(TestSeen("t::a", Outcome.FAILED, "wired", 0.5))
    file.test(TestSeen("t::b", Outcome.PASSED, "wired", 0.5))
    file.summary(Summary(2, {"failed": 1, "passed": 1}, 1, 0.5))
    file.close()
    suite, _, _ = read_suite(path, ENDED)
    assert (suite.agrees, suite.left_out) == (True, 3)
    path.write_text(path.read_text().replace('"outcome": "failed"', '"outcome": "passed"'))
    suite, _, _ = read_suite(path, ENDED)
    assert not suite.agrees


def test_a_suite_that_never_wrote_is_unfinished_not_an_error(tmp_path: Path) -> None:
    suite, identity, seen = read_suite(tmp_path / "none", ENDED)
    assert (suite.collected, suite.finished, identity, seen) == (None, False, None, ())


def test_a_cut_line_and_a_rung_that_there_is_not_are_counted_as_broken(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    record = {
        "type": "test",
        "test": "t",
        "outcome": "passed",
        "rung": "high",
        "seconds": 1,
        "measurements": [],
    }
    path.write_text('{"type": "collected", "tests": 2}\n' + json.dumps(record) + '\n{"type": "te')
    suite, _, seen = read_suite(path, ENDED)
    assert (suite.broken_records, seen, suite.finished) == (2, (), False)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "E   ImportError: no such\nE   SyntaxError: bad\nERROR hil_tests/test_a.py\n1 error\n",
            "SyntaxError: bad",
        ),
        ("no tests ran\nERROR: test_x needs a mark\n\n", "ERROR: test_x needs a mark"),
        ("12 passed in 1 s\n", "12 passed in 1 s"),
        ("....F.. [ 12%]\nno space left on device\n.....  [ 99%]\n...\n", "no space left on device"),
        ("", ""),
    ],
)
def test_of_what_pytest_printed_the_line_that_says_most_is_kept(
    tmp_path: Path, output: str, said: str
) -> None:
    suite, _, _ = read_suite(tmp_path / "none", Finished(("pytest",), 2, output, 1.0))
    assert suite.said == said

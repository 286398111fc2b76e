"""Does pytest pass, and did enough tests run? By pytest's own report, written outside of the worktree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hostkit.process import Command, Runner
from hostkit.tasks.checking.finding import Finding, failed, passed, unknown
from hostkit.tasks.checks import PytestCheck
from hostkit.words import counted

# The tests' own directory joins the path when pytest is there already: no file of theirs stands in for it.
_START = "import sys, pytest; sys.path.insert(0, ''); sys.exit(pytest.main(sys.argv[1:]))"
_STEERS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")  # a plan says what runs, not whoever's shell it is
_PASSED, _FAILED, _NONE = 0, 1, 5


@dataclass(frozen=True, slots=True)
class Counts:
    """What a JUnit report counts."""

    tests: int
    skipped: int
    bad: int

    @property
    def executed(self) -> int:
        """Return how many tests ran: a skipped one, or one expected to fail, shows nothing."""
        return self.tests - self.skipped


def check_suite(check: PytestCheck, runner: Runner, env: Mapping[str, str], scratch: Path) -> Finding:
    """Run pytest in the working directory; ``scratch`` is an empty directory outside of it."""
    report = scratch / "junit.xml"
    argv = (sys.executable, "-P", "-c", _START, *check.args, "-p", "no:cacheprovider", f"--junitxml={report}")
    clean = {name: value for name, value in env.items() if name not in _STEERS}
    done = runner.run(Command(argv, env=clean | {"PYTHONDONTWRITEBYTECODE": "1"}), on_text=_show)
    return judge_suite(check, done.returncode, read_counts(report))


def judge_suite(check: PytestCheck, code: int, counts: Counts | None) -> Finding:
    """Return what an exit code of pytest and its report say. Pure."""
    if counts is not None and (counts.bad or code == _FAILED):
        return failed(f"{counts.bad} of {counted(counts.tests, 'test')} failed")
    if code not in (_PASSED, _NONE):
        return unknown(f"pytest ended with exit {code}")
    executed = 0 if code == _NONE else -1 if counts is None else counts.executed
    if executed < 0:
        return unknown("pytest left no report that can be read")
    ran = f"{executed} run, {check.min_executed} wanted"
    return passed(ran) if executed >= check.min_executed else failed(f"too few tests: {ran}")


def read_counts(report: Path) -> Counts | None:
    """Return what a JUnit report counts, or None where there is none that can be read."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
        if not suites:
            return None
        tests, skipped, errors, failures = (
            sum(int(suite.attrib[name]) for suite in suites)
            for name in ("tests", "skipped", "errors", "failures")
        )
    except (OSError, ElementTree.ParseError, KeyError, ValueError):
        return None
    return Counts(tests, skipped, errors + failures)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()

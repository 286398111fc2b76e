"""One run of the suite on one mutant: how it is called, and what its end means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.gate.suite import FOLDER, OBSERVATIONS, SuiteCall, suite_command
from hostkit.hil.observations import Observations, Outcome, TestSeen, read_observations
from hostkit.mutants.order import VARIABLE
from hostkit.process import Command, Finished

_PYTEST_OK = 0
_FAILURES = (Outcome.FAILED, Outcome.ERROR)


class Ended(Enum):
    """How a run of the suite ended."""

    PASSED = "passed"  # every test that was collected ran and passed
    FAILED = "failed"  # a test says that the firmware does the wrong thing
    LOST = "lost"  # the board went silent
    TIMED_OUT = "timed out"
    BROKEN = "broken"  # none of these: pytest or the machine


@dataclass(frozen=True, slots=True)
class SuiteEnd:
    """``test``: the test that decided it, ``message``: in one line; ``seconds``: of each test that ran.

    ``skipped``: tests that did not want to run on this board; the clean tree says which may.
    """

    ended: Ended
    test: str = ""
    rung: str = ""
    message: str = ""
    seconds: tuple[tuple[str, float], ...] = ()
    skipped: tuple[str, ...] = ()


def mutant_command(
    call: SuiteCall, env: dict[str, str], *, quick: Path | None, first: bool, only: str = ""
) -> Command:
    """Return the gate's own command for the suite, in another order and up to the ``first`` failure.

    ``quick``: a file for :mod:`hostkit.mutants.order`; ``only``: a node id in place of the whole folder.
    """
    command = suite_command(call, env)
    argv = tuple(only if only and word == FOLDER else word for word in command.argv)
    environment = dict(command.env or {})
    # Compiled once for all mutants, outside of the checkout.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(call.into.with_name(f"{call.into.name}-pycache"))
    if first:
        argv += ("-x",)
    if quick is not None:
        argv += ("-p", "hostkit.mutants.order")
        environment[VARIABLE] = str(quick)
    return replace(command, argv=argv, env=environment)


def read_end(into: Path, finished: Finished) -> SuiteEnd:
    """Return what a run left in its directory as its end. Never raises: what is not there is BROKEN."""
    try:
        seen = read_observations(into / OBSERVATIONS)
    except ToolError:
        seen = Observations()
    return judge(seen, finished)


def judge(seen: Observations, finished: Finished) -> SuiteEnd:
    """Say what a run means. A pass needs the whole suite: collected, ended, and pytest's word for it."""
    seconds = tuple((test.test, test.seconds) for test in seen.tests)
    failed = _first(seen, *_FAILURES)
    if failed is not None:
        return SuiteEnd(Ended.FAILED, failed.test, failed.rung, _line(failed.message), seconds)
    if finished.timed_out:
        last = seen.tests[-1].test if seen.tests else "before the first test"
        message = f"ended after {finished.seconds:.0f} s, {len(seen.tests)} tests; the last was {last}"
        return SuiteEnd(Ended.TIMED_OUT, "", "", message, seconds)
    lost = _first(seen, Outcome.LOST)
    if lost is not None:
        return SuiteEnd(Ended.LOST, lost.test, lost.rung, _line(lost.message), seconds)
    skipped = tuple(sorted(test.test for test in seen.tests if test.outcome is Outcome.SKIPPED))
    passed = len(seen.tests) - len(skipped)
    if finished.returncode == _PYTEST_OK and seen.summary and passed and len(seen.tests) == seen.collected:
        return SuiteEnd(Ended.PASSED, seconds=seconds, skipped=skipped)
    tail = (finished.output.strip().splitlines() or ["no output"])[-1]
    what = f"pytest exit {finished.returncode}: {_line(tail)}"
    return SuiteEnd(Ended.BROKEN, message=what, seconds=seconds)


def _first(seen: Observations, *outcomes: Outcome) -> TestSeen | None:
    return next((test for test in seen.tests if test.outcome in outcomes), None)


def _line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:300]

"""A step that runs, with a process and without."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.jobs.child import ChildLauncher, Running, Shell
from hostkit.jobs.model import Attempt, Ending, Job, Outcome, State, Step
from hostkit.process import Command
from hostkit.testing.jobs import FakeLauncher, a_wish_for

JOB = Job(1, a_wish_for(build=False), State.RUNNING)
ATTEMPT = Attempt(7, 1, Step.GATE, 1, board="02686b000000", token="t" * 32)

Launch = Callable[[bool], Running]


@pytest.fixture(params=["process", "fake"])
def launch(request: pytest.FixtureRequest, tmp_path: Path) -> Launch:
    """Start a step that runs until it is told to end, or one that ends at once with exit 0."""

    def real(endless: bool) -> Running:
        script = "while :; do sleep 0.01; done" if endless else "true"
        shell = Shell(lambda job, attempt: Command(("sh", "-c", script)), lambda board: False)
        return ChildLauncher(tmp_path, shell, SystemClock()).launch(JOB, ATTEMPT)

    def fake(endless: bool) -> Running:
        answer = None if endless else Ending(Outcome.PASS)
        return FakeLauncher(lambda job, attempt: answer).launch(JOB, ATTEMPT)

    return real if request.param == "process" else fake


def settled(running: Running) -> Ending:
    while (ending := running.poll()) is None:
        os.waitid(os.P_PID, running.process[0], os.WEXITED | os.WNOWAIT)
    return ending


def test_a_step_runs_until_it_is_asked_to_end_and_the_first_cause_counts(launch: Launch) -> None:
    running = launch(True)
    assert running.poll() is None
    running.end(Outcome.STOPPED, "cancelled")
    running.end(Outcome.TIMED_OUT, "took too long")
    ending = settled(running)
    assert (ending.outcome, ending.reason) == (Outcome.STOPPED, "cancelled")


def test_the_end_stays_the_same_however_often_one_asks(
    launch: Launch,
) -> None:
    running = launch(False)
    first = settled(running)
    running.end(Outcome.STOPPED, "cancelled")
    assert first.outcome is Outcome.PASS
    assert running.poll() == first

"""The runner is killed with -9 at its worst moments; the next run goes on and nothing is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostkit.clock import SystemClock
from hostkit.store.attempts import Attempts
from hostkit.store.database import open_database
from hostkit.store.model import Attempt, Phase
from hostkit.tasks.agent import end_marked, marked_processes

PLAN = """
version: 1
agents:
  a: {{argv: [sh, -c, "{agent}"]}}
tasks:
  - {{id: a, title: a, attempts: 2, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
  - {{id: b, title: b, needs: [a], attempts: 2, agent: a, checks: [{{type: command, argv: ["true"]}}]}}
"""
COMMIT = "git commit -q --allow-empty -m {task}"
# Tells the test that it runs (the write ends when the test reads), with a grandchild in a session of its own.
HANG = "setsid sleep 300 & echo here > $PIPE; sleep 300"


class Killed:
    """A runner that a test starts and kills."""

    def __init__(self, bench: Any, tmp_path: Path, environment: dict[str, str]) -> None:
        self.bench = bench
        self.pipe = tmp_path / "pipe"
        self.flag = tmp_path / "flag"
        os.mkfifo(self.pipe)
        self.environment = environment | {
            "PIPE": str(self.pipe),
            "FLAG": str(self.flag),
            "HOSTKIT_STATE_DIR": str(bench.state),
        }

    def plan(self, *, agent: str, check: str) -> None:
        (self.bench.repository / "tasks.yaml").write_text(PLAN.format(agent=agent, check=check))

    def start(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "hostkit", "tasks", "run"]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(argv, cwd=self.bench.repository, env=self.environment, **pipes)

    def kill_when_here(self) -> None:
        runner = self.start()
        assert self.pipe.read_text() == "here\n"
        runner.send_signal(signal.SIGKILL)
        runner.communicate()

    def attempts(self) -> tuple[Attempt, ...]:
        with open_database(self.bench.state) as database:
            return Attempts(database, str(self.bench.git.common_dir())).all()


@pytest.fixture
def killed(bench: Any, tmp_path: Path, hostkit_environment: dict[str, str]) -> Iterator[Killed]:
    made = Killed(bench, tmp_path, hostkit_environment)
    yield made
    for attempt in made.attempts():
        end_marked(attempt.token, SystemClock())


def test_killed_while_an_agent_works_the_attempt_counts_and_the_next_run_goes_on(killed: Killed) -> None:
    killed.plan(agent=f"if [ -f $FLAG ]; then {COMMIT}; else {HANG}; fi", check="true")
    killed.kill_when_here()
    (first,) = killed.attempts()
    assert first.phase is Phase.RUNNING
    killed.flag.touch()
    runner = killed.start()
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    assert out.count(b"verified") == 2
    attempts = killed.attempts()
    assert [(a.task, a.number, a.phase) for a in attempts] == [
        ("a", 1, Phase.ENDED),
        ("a", 2, Phase.PROVED),
        ("b", 1, Phase.PROVED),
    ]
    assert "the runner died" in attempts[0].why
    assert marked_processes(first.token) == ()


def test_killed_while_a_commit_is_proved_the_agent_is_not_asked_again(killed: Killed) -> None:
    killed.plan(agent=COMMIT, check=f"if [ -f $FLAG ]; then exit 0; else {HANG}; fi")
    killed.kill_when_here()
    (first,) = killed.attempts()
    assert first.phase is Phase.PROVING
    killed.flag.touch()
    runner = killed.start()
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    assert out.count(b"verified") == 2
    assert [(a.task, a.number, a.phase) for a in killed.attempts()] == [
        ("a", 1, Phase.PROVED),
        ("b", 1, Phase.PROVED),
    ]
    assert marked_processes(first.token) == ()


def test_interrupted_by_ctrl_c_it_exits_130_ends_its_agents_and_records_it(killed: Killed) -> None:
    killed.plan(agent=HANG, check="true")
    runner = killed.start()
    assert killed.pipe.read_text() == "here\n"
    runner.send_signal(signal.SIGINT)
    _, err = runner.communicate(timeout=60)
    assert runner.returncode == 130, err
    (first,) = killed.attempts()
    assert (first.phase, first.why) == (Phase.ENDED, "the runner was stopped")
    assert marked_processes(first.token) == ()

"""The runner is killed with -9 at its worst moments; the next run goes on and nothing is left over."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from hostkit.store.model import End, Phase
from hostkit.tasks.agent import marked_processes

PLAN = """
version: 1
agents:
  a: {{argv: [sh, -c, "{agent}"]}}
tasks:
  - {{id: a, title: a, attempts: 2, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
  - {{id: b, title: b, needs: [a], attempts: 2, agent: a, checks: [{{type: command, argv: ["true"]}}]}}
"""
COMMIT = "git commit -q --allow-empty -m {task}"


def plan(*, agent: str, check: str) -> str:
    return PLAN.format(agent=agent, check=check)


def test_killed_while_an_agent_works_the_attempt_counts_and_the_next_run_goes_on(runs: Any) -> None:
    runs.plan(plan(agent=f"if [ -f $FLAG ]; then {COMMIT}; else {runs.hang}; fi", check="true"))
    runs.kill_when_here()
    (first,) = runs.attempts()
    assert first.phase is Phase.RUNNING
    runs.flag.touch()
    runner = runs.start()
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    assert out.count(b"verified") == 2
    attempts = runs.attempts()
    assert [(a.task, a.number, a.phase) for a in attempts] == [
        ("a", 1, Phase.ENDED),
        ("a", 2, Phase.PROVED),
        ("b", 1, Phase.PROVED),
    ]
    assert "the runner died" in attempts[0].why
    assert marked_processes(first.token) == ()


def test_killed_while_a_commit_is_proved_the_agent_is_not_asked_again(runs: Any) -> None:
    runs.plan(plan(agent=COMMIT, check=f"if [ -f $FLAG ]; then exit 0; else {runs.hang}; fi"))
    runs.kill_when_here()
    (first,) = runs.attempts()
    assert first.phase is Phase.PROVING
    runs.flag.touch()
    runner = runs.start()
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    assert out.count(b"verified") == 2
    assert [(a.task, a.number, a.phase) for a in runs.attempts()] == [
        ("a", 1, Phase.PROVED),
        ("b", 1, Phase.PROVED),
    ]
    assert marked_processes(first.token) == ()


def test_interrupted_by_ctrl_c_it_exits_130_ends_its_agents_and_records_it(runs: Any) -> None:
    runs.plan(plan(agent=runs.hang, check="true"))
    runner = runs.started_and_here()
    runner.send_signal(signal.SIGINT)
    _, err = runner.communicate(timeout=60)
    assert runner.returncode == 130, err
    (first,) = runs.attempts()
    assert (first.phase, first.why) == (Phase.ENDED, "the runner was stopped")
    assert marked_processes(first.token) == ()


def test_an_agent_that_is_killed_has_used_an_attempt_and_nothing_of_it_is_left(runs: Any) -> None:
    hang = f"echo $$ > $FLAG.pid; {runs.hang}"
    runs.plan(plan(agent=f"if [ -f $FLAG ]; then {COMMIT}; else {hang}; fi", check="true"))
    runner = runs.started_and_here()
    (first,) = runs.attempts()
    runs.flag.touch()
    os.kill(int(Path(f"{runs.flag}.pid").read_text()), signal.SIGKILL)  # not all that started is written yet
    _, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    ends = [(a.task, a.number, a.end, a.why) for a in runs.attempts() if a.end is not End.NONE]
    assert ends == [("a", 1, End.AGENT_FAILED, "exit -9")]
    assert marked_processes(first.token) == ()


def test_a_task_that_takes_its_runner_down_each_time_is_not_started_for_ever(runs: Any) -> None:
    kills = "kill -9 $PPID; sleep 300"
    runs.plan(plan(agent=kills, check="true").replace("attempts: 2", "attempts: 9"))
    for number in (1, 2, 3):
        runner = runs.start()
        runner.communicate(timeout=60)
        assert runner.returncode == -signal.SIGKILL
        assert len(runs.attempts()) == number
    runner = runs.start()
    out, _ = runner.communicate(timeout=60)
    assert runner.returncode == 1
    assert b"3 attempts in a row ended alike, so no more are made: interrupted: the runner died" in out
    assert len(runs.attempts()) == 3

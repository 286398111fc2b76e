"""A person stops, retries and reads along: real runners, agents that hang, and what the record says of it."""

from __future__ import annotations

import getpass
import subprocess
import sys
from typing import Any

import pytest

from hostkit.cli.main import run
from hostkit.store.model import End, OrderKind, Phase
from hostkit.tasks.agent import marked_processes
from hostkit.tasks.lock import runner_pid
from hostkit.tasks.model import State

PLAN = """
version: 1
agents:
  hangs: {{argv: [sh, -c, "echo began {{task}}; if [ -f $FLAG ]; then {commit}; else {hang}; fi"]}}
  works: {{argv: [sh, -c, "{commit}"]}}
tasks:
  - {{id: a, title: a, agent: {agent}, attempts: 1, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
  - {{id: b, title: b, agent: works, attempts: 1, checks: [{{type: command, argv: ["true"]}}]}}
"""
COMMIT = "git commit -q --allow-empty -m {task}"


@pytest.fixture
def cli(runs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a verb of ``hostkit tasks`` on the project, in this process."""
    for name, value in runs.environment.items():
        monkeypatch.setenv(name, value)

    def call(*words: str) -> int:
        return run(["-C", str(runs.bench.repository), "tasks", *words])

    return call


def plan(runs: Any, agent: str = "hangs", check: str = "true") -> None:
    runs.plan(PLAN.format(commit=COMMIT, hang=runs.hang, agent=agent, check=check))


def test_one_task_is_stopped_the_others_go_on_and_a_retry_lets_it_go_on_too(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(runs)
    runner = runs.started_and_here()
    assert cli("stop", "a") == 0
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 1, err
    who = getpass.getuser()
    assert f"failed        called off: by {who}; try again: hostkit tasks retry a".encode() in out
    assert b"b  verified" in out
    (stopped,) = (each for each in runs.attempts() if each.task == "a")
    assert (stopped.end, stopped.why) == (End.CALLED_OFF, f"by {who}")
    assert marked_processes(stopped.token) == ()
    runs.flag.touch()
    assert cli("retry", "a") == 0
    assert "a: 1 more attempt allowed; ready; go on: hostkit tasks run" in capsys.readouterr().out
    assert cli("run") == 0
    assert [(each.number, each.phase) for each in runs.attempts() if each.task == "a"] == [
        (1, Phase.ENDED),
        (2, Phase.PROVED),
    ]
    assert cli("show", "a") == 0
    shown = capsys.readouterr().out
    assert f"stop ordered by {who}" in shown
    assert f"retry ordered by {who}, 1 more allowed" in shown


def test_a_run_is_stopped_with_its_agents_the_state_says_by_whom_and_the_next_one_goes_on(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(runs)
    runs.plan((runs.bench.repository / "tasks.yaml").read_text().replace("attempts: 1", "attempts: 2"))
    runner = runs.started_and_here()
    assert cli("stop") == 0
    assert f"the run (pid {runner.pid}) has ended" in capsys.readouterr().out
    runner.communicate(timeout=60)
    assert runner.returncode == 130
    assert cli("status") == 0
    said = f"attempt 1 of 2: stopped: the runner was stopped by {getpass.getuser()}"
    assert said in capsys.readouterr().out
    for attempt in runs.attempts():
        assert marked_processes(attempt.token) == ()
    runs.flag.touch()
    assert cli("run") == 0


def test_a_proof_that_is_stopped_is_no_fail_and_is_made_again_by_the_next_run(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(runs, agent="works", check=f"if [ -f $FLAG ]; then exit 0; else {runs.hang}; fi")
    runner = runs.started_and_here()
    assert cli("stop", "a") == 0
    out, _ = runner.communicate(timeout=60)
    assert runner.returncode == 3
    assert f"a  inconclusive  called off by {getpass.getuser()}".encode() in out
    runs.flag.touch()
    assert cli("run") == 0
    assert [each.number for each in runs.attempts() if each.task == "a"] == [1]


def test_orders_that_make_no_sense_are_usage_errors_and_are_not_kept(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(runs)
    for words, said in (
        (("stop",), "no run of this project is at work"),
        (("stop", "a"), "a is not at work: it is ready"),
        (("retry", "a"), "a did not fail: it is ready"),
        (("retry", "c"), "there is no task 'c' in tasks.yaml"),
        (("log", "c"), "there is no task 'c' in tasks.yaml"),
    ):
        assert cli(*words) == 2
        assert said in capsys.readouterr().err
    with runs.bench.shop(
        "\n  - {id: a, title: a, agent: good, checks: [{type: command, argv: [x]}]}"
    ) as shop:
        assert shop.attempts.orders() == ()
        assert runner_pid(shop.folders.lock) == 0


def test_the_log_has_what_agent_and_checks_printed_and_what_came_of_it(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(runs, check="echo LED 7 is green; exit 4")
    runs.flag.touch()
    assert cli("run") == 1
    capsys.readouterr()
    assert cli("log", "a") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("── attempt 1 agent hangs 20")
    assert lines[1] == "began a"
    assert lines[2].startswith("── attempt 1 command sh -c echo LED 7 is green")
    assert lines[3] == "LED 7 is green"
    assert lines[4].startswith("attempt 1: ")
    assert "fail: exit 4: LED 7 is green" in lines[5]
    assert lines[6].startswith("── failed: command sh -c echo LED 7 is green")
    assert cli("log", "a", "--attempt", "2") == 0
    assert "began" not in capsys.readouterr().out


def test_a_log_is_followed_until_the_task_is_no_longer_at_work(runs: Any, cli: Any) -> None:
    plan(runs)
    runner = runs.started_and_here()
    argv = [sys.executable, "-u", "-m", "hostkit", "tasks", "log", "a", "--follow"]
    follower = subprocess.Popen(
        argv, cwd=runs.bench.repository, env=runs.environment, stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert follower.stdout.readline().startswith("── attempt 1 agent hangs")
    assert follower.stdout.readline() == "began a\n"
    assert cli("stop", "a") == 0
    rest, _ = follower.communicate(timeout=60)
    assert rest.splitlines()[-1].startswith("── failed: called off: by")
    runner.communicate(timeout=60)


def test_a_retry_closes_the_breaker_of_an_agent(bench: Any) -> None:
    agents = '\n  broken: {argv: [sh, -c, "echo no key; exit 4"]}\n'
    check = "checks: [{type: command, argv: ['true']}]"
    graph = "".join(f"\n  - {{id: {n}, title: x, agent: broken, attempts: 1, {check}}}" for n in "abcd")
    now = bench.run(graph, agents, head="limits: {concurrent: 1}", merging=False)
    assert now["d"].hold is not None
    with bench.shop(graph, agents) as shop:
        assert len(shop.attempts.all()) == 3
        shop.attempts.order("d", OrderKind.RETRY, "al", shop.clock.wall_ns(), more=1)
        assert shop.standings(running=False)["d"].state is State.READY


MERGED_TOGETHER = """
version: 1
agents:
  works: {{argv: [sh, -c, "echo {{task}} > {{task}}.txt; git add -A; git commit -qm {{task}}"]}}
tasks:
  - {{id: a, title: a, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
  - {{id: b, title: b, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
"""


def test_stopped_while_it_is_merged_it_leaves_the_merge_and_the_others_go_without_it(
    runs: Any, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each passes alone; what checks them together hangs, as a gate does that waits for a board."""
    runs.plan(MERGED_TOGETHER.format(check=f"if [ -f a.txt ] && [ -f b.txt ]; then {runs.hang}; fi"))
    runner = runs.started_and_here()

    def merged() -> set[str]:
        return set(runs.bench.git.run("ls-tree", "--name-only", "main").split()) & {"a.txt", "b.txt"}

    stays, goes = ("b", "a") if "a.txt" in merged() else ("a", "b")  # the first may have gone alone
    assert cli("stop", stays) == 0
    assert f"{stays}: taken out of the merge" in capsys.readouterr().out
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 1, err
    assert f"not merged: stopped by {getpass.getuser()}".encode() in out
    assert merged() == {f"{goes}.txt"}

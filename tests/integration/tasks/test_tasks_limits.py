"""Profiles, budgets and breakers at work: real agents, and time that only the test moves."""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hostkit.cli.main import run
from hostkit.store.model import Attempt, End
from hostkit.tasks.brief import FLASHES_COUNTED
from hostkit.tasks.model import State
from hostkit.tasks.runner import TaskRunner
from hostkit.testing.clock import FakeClock

COMMIT = "git commit -q --allow-empty -m {task}"


def task(name: str, *needs: str, agent: str = "good", extra: str = "gate: {env: virtual}") -> str:
    wants = f", needs: [{', '.join(needs)}]" if needs else ""
    return f"\n  - {{id: {name}, title: {name}, agent: {agent}{wants}, {extra}}}"


CHECKED = "checks: [{type: command, argv: ['true']}]"


def overlaps(attempts: tuple[Attempt, ...]) -> bool:
    row = sorted(attempts, key=lambda attempt: attempt.began_ns)
    return any(second.began_ns < first.left_ns for first, second in pairwise(row))


def test_an_agent_with_an_allow_list_sees_what_it_names_and_what_programs_need(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    monkeypatch.setenv("MODEL_NAME", "small")
    agents = (
        f'\n  shy: {{argv: [sh, -c, "env > seen; git add -A; {COMMIT}"], env: ["GIT_*", "MODEL_*"]}}'
        f'\n  open: {{argv: [sh, -c, "env > seen; git add -A; {COMMIT}"]}}\n'
    )
    now = bench.run(task("a", agent="shy") + task("b", agent="open"), agents, merging=False)
    shy, free = (bench.git.run("show", f"{now[name].commit}:seen").splitlines() for name in "ab")
    assert "SECRET_KEY=s3cret" in free
    assert "MODEL_NAME=small" in shy
    assert not [line for line in shy if line.startswith(("SECRET_KEY", "PYTEST"))]
    assert {"PATH", "HOSTKIT_TASK", "HOSTKIT_ATTEMPT"} <= {line.split("=")[0] for line in shy}


def test_of_an_agent_no_more_than_its_limit_are_at_work_at_once(bench: Any) -> None:
    agents = f'\n  one: {{argv: [sh, -c, "{COMMIT}"], concurrent: 1}}\n'
    graph = "".join(task(name, agent="one", extra=CHECKED) for name in "abc")
    now = bench.run(graph, agents, merging=False)
    assert {each.state for each in now.values()} == {State.VERIFIED}
    with bench.shop(graph, agents) as shop:
        assert not overlaps(shop.attempts.all())


def test_a_plan_may_limit_how_many_tasks_are_at_work_whatever_is_asked_for(bench: Any) -> None:
    graph = "".join(task(name, extra=CHECKED) for name in "ab")
    bench.run(graph, head="limits: {concurrent: 1}", merging=False)
    with bench.shop(graph) as shop:
        assert not overlaps(shop.attempts.all())


def test_a_run_waits_until_there_are_flashes_again_and_says_so(bench: Any) -> None:
    bench.clock = FakeClock()
    graph = task("a") + task("b", "a")
    now = bench.run(graph, head="limits: {flashes_per_hour: 1}", merging=False)
    assert {each.state for each in now.values()} == {State.VERIFIED}
    said = [line for line in bench.told if ": waits: " in line]
    assert said == ["b: waits: the plan has used its 1 flashes an hour; the next in 60 min"]
    assert 3600 <= sum(bench.clock.slept) < 3620


def test_a_claim_waits_for_a_flash_too_and_its_status_says_why(bench: Any) -> None:
    bench.clock = FakeClock()
    head = "limits: {flashes_per_hour: 1, wall_s: 60}"
    graph = task("a") + task("b")
    with bench.shop(graph, head=head) as shop:
        TaskRunner(shop, jobs=2, merging=None).run()
        now = shop.standings(running=False)
    assert sorted(each.state.value for each in now.values()) == ["claimed", "verified"]
    (held,) = (each for each in now.values() if each.state is State.CLAIMED)
    assert "the plan has used its 1 flashes an hour; the next in" in held.why
    bench.clock.advance(3600)
    now = bench.run(graph, head=head, merging=False)
    assert [(each.state, each.attempts) for each in now.values()] == [(State.VERIFIED, 1)] * 2


def test_time_that_an_agent_has_used_up_stops_its_tasks_with_the_reason_and_those_behind(bench: Any) -> None:
    agents = f'\n  dear: {{argv: [sh, -c, "{COMMIT}"], budget: {{wall_s: 0.000001}}}}\n'
    graph = task("a", agent="dear", extra=CHECKED) + task("b", "a", agent="dear", extra=CHECKED)
    graph += task("c", "b", extra=CHECKED)
    now = bench.run(graph, agents, merging=False)
    assert [now[name].state for name in "abc"] == [State.VERIFIED, State.PLANNED, State.PLANNED]
    assert now["b"].why.startswith("agent dear has used its time: ")
    assert now["b"].why.endswith(" of 1e-06 s; raise budget.wall_s of agents.dear")
    assert now["c"].why == "will not start: b is held"
    assert all(now[name].dead for name in "bc")


def test_when_the_time_of_a_run_is_used_up_nothing_starts_and_the_next_run_goes_on(
    bench: Any,
) -> None:
    bench.clock = FakeClock()
    graph = task("a") + task("b", "a")
    with bench.shop(graph, head="limits: {wall_s: 60}") as shop:
        ask = shop.gate_argv

        def slow(check: Any) -> Any:
            bench.clock.advance(61)
            return ask(check)

        object.__setattr__(shop, "gate_argv", slow)
        now = TaskRunner(shop, jobs=2, merging=None).run()
    assert [now[name].state for name in "ab"] == [State.VERIFIED, State.READY]
    assert "b: not started: the run's time (60 s) is used up" in bench.told
    assert {each.state for each in bench.run(graph).values()} == {State.VERIFIED}


def test_an_agent_whose_program_is_broken_is_not_started_for_one_task_after_the_other(bench: Any) -> None:
    agents = '\n  broken: {argv: [sh, -c, "echo no key; exit 4"]}\n'
    graph = "".join(task(name, agent="broken", extra=CHECKED) for name in "abcdef")
    now = bench.run(graph, agents, head="defaults: {attempts: 9}", merging=False)
    with bench.shop(graph, agents) as shop:
        assert len(shop.attempts.all()) <= 4  # three that ended alike, and one that was under way
    assert all(each.dead for each in now.values())
    assert any(
        "ended 3 attempts in a row alike (agent failed: exit 4: no key)" in s.why for s in now.values()
    )


def test_the_same_failure_again_and_again_ends_a_task_before_its_attempts_are_used_up(bench: Any) -> None:
    graph = task("a", agent="again", extra="attempts: 9, gate: {env: virtual}")
    script = f"echo fail LED 7 > verdict.txt; git add -A; {COMMIT}"
    now = bench.run(graph, f'\n  again: {{argv: [sh, -c, "{script}"]}}\n')
    assert (now["a"].state, now["a"].attempts) == (State.FAILED, 3)
    assert now["a"].why.startswith(
        "3 attempts in a row ended alike, so no more are made: gate virtual on any: LED 7"
    )


def test_what_is_at_work_when_the_time_is_used_up_is_stopped_by_the_limit_and_gone_on_with(
    bench: Any, tmp_path: Path
) -> None:
    """Both hang; when both have said so, the run's clock passes the limit."""
    bench.clock = clock = FakeClock()
    flag, there = tmp_path / "flag", tmp_path / "there"
    hang = f"if [ -f {flag} ]; then {COMMIT}; else echo here > {there}; sleep 300; fi"
    agents = f'\n  hangs: {{argv: [sh, -c, "{hang}"]}}\n'
    command = f"if [ -f {flag} ]; then exit 0; fi; echo here > {there}; sleep 300"
    graph = task("a", agent="hangs", extra=f"attempts: 1, {CHECKED}") + (
        f'\n  - {{id: c, title: c, run: {{argv: [sh, -c, "{command}"], inputs: [verdict.txt]}}}}'
    )
    os.mkfifo(there)

    def watch() -> None:
        heard = ""
        while heard.count("here") < 2:  # both at once, or one after the other
            heard += there.read_text()
        clock.advance(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with bench.shop(graph, agents, head="limits: {wall_s: 0.2}") as shop:
        now = TaskRunner(shop, jobs=2, merging=None).run()
        watcher.join()
        (agent,), (run,) = shop.tried("a"), shop.tried("c")
    for each in (agent, run):
        assert (each.end, each.why) == (End.STOPPED, "the run's time (0.2 s) is used up")
    assert [now[name].state for name in "ac"] == [State.READY, State.READY]
    flag.touch()
    assert {each.state for each in bench.run(graph, agents, merging=False).values()} == {State.VERIFIED}


def test_an_agent_with_a_budget_of_flashes_cannot_flash_past_it(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told so by its environment, which the verb heeds: what leaves no verdict cannot be counted."""
    argv = f'argv: [sh, -c, "env > seen; git add -A; {COMMIT}"]'
    agents = f"\n  counted: {{{argv}, budget: {{flashes_per_hour: 2}}}}\n  free: {{{argv}}}\n"
    graph = task("a", agent="counted", extra=CHECKED) + task("b", agent="free", extra=CHECKED)
    now = bench.run(graph, agents, merging=False)
    counted, free = (bench.git.run("show", f"{now[name].commit}:seen") for name in "ab")
    assert f"{FLASHES_COUNTED}=1" in counted
    assert FLASHES_COUNTED not in free
    monkeypatch.setenv(FLASHES_COUNTED, "1")
    assert run(["flash", "-e", "virtual", "-b", "virt0"]) == 2
    said = capsys.readouterr().err
    assert "a flash alone leaves nothing to be counted by" in said
    assert "hostkit gate -e ENV -b BOARD" in said

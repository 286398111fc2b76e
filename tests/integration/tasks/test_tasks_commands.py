"""Plain commands as tasks: what they rest on, what fails closed, and what a run that was killed leaves."""

from __future__ import annotations

import getpass
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hostkit.cli.main import run
from hostkit.errors import ToolError, UsageError
from hostkit.store.commands import CommandBook
from hostkit.store.model import Attempt, End, OrderKind, Phase
from hostkit.tasks.agent import marked_processes
from hostkit.tasks.model import Standing, State
from hostkit.tasks.workshop import Folders


def book(bench: Any) -> Path:
    return Folders.of_project(bench.state, bench.git.common_dir()).commands


def attempts(bench: Any) -> tuple[Attempt, ...]:
    return CommandBook(book(bench)).all()


def states(now: dict[str, Standing]) -> dict[str, str]:
    return {task: standing.state.value for task, standing in now.items()}


def layered(layers: int, wide: int, failing: tuple[str, ...] = ()) -> str:
    lines = []
    for layer in range(layers):
        for number in range(wide):
            name = f"L{layer}-{number}"
            needs = [f"L{layer - 1}-{number}", f"L{layer - 1}-{(number + 1) % wide}"] if layer else []
            argv = "false" if name in failing else "true"
            lines.append(f'\n  - {{id: {name}, title: t, needs: [{", ".join(needs)}], run: ["{argv}"]}}')
    return "".join(lines)


def test_a_thousand_commands_are_verified_each_with_a_log_and_an_attempt_in_the_book(bench: Any) -> None:
    now = bench.run(layered(10, 100))
    assert set(states(now).values()) == {"verified"}
    tried = attempts(bench)
    assert len({each.task for each in tried}) == len(tried) == 1000
    assert all(each.phase is Phase.PROVED and each.pid and each.pid_start for each in tried)
    assert all(Path(each.log).is_file() for each in tried)
    assert not bench.git.worktrees().keys() - {bench.repository.resolve()}
    assert bench.git.state().changed == ()


def test_a_failure_blocks_exactly_what_needs_it(bench: Any) -> None:
    now = bench.run(layered(3, 4, failing=("L0-1",)))
    blocked = {task for task, standing in now.items() if standing.blocked}
    assert blocked == {"L1-0", "L1-1", "L2-3", "L2-0", "L2-1"}
    assert [task for task, standing in now.items() if standing.state is State.FAILED] == ["L0-1"]
    assert now["L0-1"].why == "command failed: exit 1"
    assert sum(standing.state is State.VERIFIED for standing in now.values()) == 12 - 6
    assert {each.task for each in attempts(bench)}.isdisjoint(blocked)


def test_what_a_command_needs_is_in_the_book_as_proved_before_it_starts(bench: Any) -> None:
    """The child itself looks, through a connection of its own: what was not committed it cannot see."""
    look = (
        f"import sqlite3; rows = sqlite3.connect({str(book(bench))!r}).execute("
        "'select task, phase from attempts order by id').fetchall(); print(rows)"
    )
    now = bench.run(
        f"""
  - {{id: a, title: a, run: ["true"]}}
  - {{id: b, title: b, needs: [a], run: [python3, -c, "{look}"]}}"""
    )
    assert set(states(now).values()) == {"verified"}
    (_, told) = attempts(bench)
    assert Path(told.log).read_text() == "[('a', 'proved'), ('b', 'running')]\n"


def test_each_transaction_is_flushed_to_the_disk(bench: Any) -> None:
    bench.run("\n  - {id: a, title: a, run: ['true']}")
    with closing(CommandBook(book(bench))) as opened, closing(opened._connection()) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_second_run_redoes_what_changed_and_what_rests_on_it_and_nothing_else(bench: Any) -> None:
    plan = """
  - {id: a, title: a, files: [out/a], run: {argv: [sh, -c, "mkdir -p out; cat in/a > out/a"], inputs: [in/a]}}
  - {id: b, title: b, needs: [a], run: {argv: ["true"], inputs: [in/b]}}
  - {id: c, title: c, run: {argv: ["true"], inputs: [in/c]}}"""
    (bench.repository / "in").mkdir()
    for name in "abc":
        (bench.repository / "in" / name).write_text("1")

    def ran(plan: str = plan) -> list[str]:
        before = len(attempts(bench))
        assert set(states(bench.run(plan)).values()) == {"verified"}
        return [each.task for each in attempts(bench)[before:]]

    assert ran() == ["a", "c", "b"]
    assert ran() == []
    (bench.repository / "in/c").write_text("2")
    assert ran() == ["c"]
    (bench.repository / "in/a").write_text("2")
    assert ran() == ["a", "b"]
    (bench.repository / "out/a").unlink()
    assert ran() == ["a"]
    assert ran(plan.replace('argv: ["true"], inputs: [in/b]', 'argv: ["true", x], inputs: [in/b]')) == ["b"]


def test_without_inputs_any_change_of_the_checkout_or_its_commit_counts(bench: Any) -> None:
    plan = "\n  - {id: a, title: a, files: [made], run: [touch, made]}"

    def ran() -> int:
        before = len(attempts(bench))
        assert bench.run(plan)["a"].state is State.VERIFIED
        return len(attempts(bench)) - before

    assert (ran(), ran()) == (1, 0)
    (bench.repository / "verdict.txt").write_text("pass again")
    assert (ran(), ran()) == (1, 0)
    bench.git.run("commit", "-qam", "edit")
    assert (ran(), ran()) == (1, 0)
    with bench.shop(plan) as shop:
        (bench.repository / "new").touch()
        assert shop.standings(running=False)["a"].why == "changed since attempt 3: its inputs"


def test_two_commands_that_write_the_same_file_do_not_chase_each_other_in_one_run(bench: Any) -> None:
    now = bench.run(
        """
  - {id: a, title: a, files: [f], run: [sh, -c, "echo a > f"]}
  - {id: b, title: b, files: [f], run: [sh, -c, "echo b > f"], needs: [a]}"""
    )
    assert states(now) == {"a": "ready", "b": "planned"}
    assert [each.task for each in attempts(bench)] == ["a", "b"]
    assert any("not run again in this run" in line for line in bench.told)


def test_commands_whose_files_overlap_are_never_at_work_at_once(bench: Any) -> None:
    alone = "mkdir x.lock && sleep 0.05 && rmdir x.lock"
    run = f'{{argv: [sh, -c, "{alone}"], inputs: [verdict.txt]}}'
    tasks = "".join(f'\n  - {{id: t{n}, title: t, files: ["x.*"], run: {run}}}' for n in range(4))
    now = bench.run(tasks)
    assert set(states(now).values()) == {"verified"}


def test_checks_of_a_command_are_made_in_the_checkout_and_a_failing_one_fails_it(bench: Any) -> None:
    now = bench.run(
        """
  - id: good
    title: t
    files: [made]
    run: {argv: [sh, -c, "echo hello > made; exit 3"], exit: 3}
    checks: [{type: file_exists, files: [made]}, {type: command, argv: [grep, -q, hello, made]}]
  - {id: none, title: t, run: ["true"], checks: [{type: file_exists, files: [nothing]}]}
  - {id: bad, title: t, run: ["true"], checks: [{type: command, argv: [sh, -c, "echo no; exit 1"]}]}"""
    )
    assert now["good"].why == "exit 3; file_exists made; command grep -q hello made: exit 0"
    assert now["none"].why == "check failed: file_exists nothing: there is no nothing"
    assert now["bad"].why == "check failed: command sh -c echo no; exit 1: exit 1: no"


def test_a_typed_check_looks_at_the_checkout_as_it_is(bench: Any) -> None:
    (bench.repository / "test_it.py").write_text("def test_it():\n    assert True\n")
    now = bench.run(
        """
  - {id: a, title: a, run: ["true"], checks: [{type: pytest, args: [test_it.py], min_executed: 1}]}"""
    )
    assert now["a"].state is State.VERIFIED, now["a"].why
    assert now["a"].why.startswith("exit 0; pytest test_it.py (at least 1 run): ")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("[no-such-program-here]", "command failed: cannot be started: no-such-program-here: No such file"),
        ("[sh, -c, 'echo oh; kill -9 $$']", "command failed: exit -9: oh"),
        ("{argv: [sleep, '300'], timeout_s: 0.05}", "command timed out: after 0.05 s"),
        ("{argv: ['true'], exit: 1}", "command failed: exit 0, 1 wanted"),
    ],
)
def test_what_does_not_end_as_wanted_has_failed_and_says_how(bench: Any, command: str, why: str) -> None:
    now = bench.run(f"\n  - {{id: a, title: a, run: {command}}}")
    assert now["a"].state is State.FAILED
    assert now["a"].why.startswith(why)
    again = bench.run(f"\n  - {{id: a, title: a, run: {command}}}")
    assert again["a"].state is State.FAILED
    assert len(attempts(bench)) == 1


def test_a_failed_command_is_tried_as_often_as_the_task_says_and_again_when_a_person_orders_it(
    bench: Any,
) -> None:
    plan = "\n  - {id: a, title: a, attempts: 2, run: [sh, -c, 'exit 4']}"
    assert bench.run(plan)["a"].state is State.FAILED
    assert [each.number for each in attempts(bench)] == [1, 2]
    with bench.shop(plan) as shop:
        shop.order("a", OrderKind.RETRY, "tester", more=1)
        assert shop.standings(running=False)["a"].state is State.READY
    assert bench.run(plan)["a"].state is State.FAILED
    assert [each.number for each in attempts(bench)] == [1, 2, 3]


def test_commands_and_agents_may_need_each_other(bench: Any) -> None:
    now = bench.run(
        """
  - {id: first, title: t, run: {argv: ["true"], inputs: [verdict.txt]}}
  - {id: work, title: t, agent: good, needs: [first], checks: [{type: command, argv: ["true"]}]}
  - {id: last, title: t, needs: [work], run: [test, -f, work.txt]}"""
    )
    assert set(states(now).values()) == {"verified"}
    assert (bench.repository / "work.txt").exists()


def test_a_command_waits_for_the_work_that_it_needs_until_the_checkout_has_it(bench: Any) -> None:
    plan = """
  - {id: work, title: t, agent: good, checks: [{type: command, argv: ["true"]}]}
  - {id: last, title: t, needs: [work], run: [test, -f, work.txt]}"""
    now = bench.run(plan, merging=False)
    assert states(now) == {"work": "verified", "last": "planned"}
    assert now["last"].why.startswith("waits until what is checked out has the work of work, ")
    assert not attempts(bench)


def test_a_plan_of_commands_alone_needs_no_branch_to_merge_into(bench: Any) -> None:
    assert states(bench.run(layered(1, 1), head="target: nowhere")) == {"L0-0": "verified"}
    with pytest.raises(UsageError, match="there is no branch nowhere"):
        bench.run(
            """
  - {id: work, title: t, agent: good, checks: [{type: command, argv: ["true"]}]}""",
            head="target: nowhere",
        )


def test_an_unreadable_book_stops_the_run_and_verifies_nothing(bench: Any) -> None:
    bench.run("\n  - {id: a, title: a, run: ['true']}")
    for kept in book(bench).parent.glob("commands.db-*"):
        kept.unlink()
    book(bench).write_bytes(b"no database" * 1000)
    with pytest.raises(ToolError, match="refuses") as caught:
        bench.run("\n  - {id: a, title: a, run: ['true']}")
    assert "all commands are run again" in caught.value.hint


def test_an_attempt_that_is_taken_out_of_the_book_no_longer_counts(bench: Any) -> None:
    plan = "\n  - {id: a, title: a, run: ['true']}\n  - {id: b, title: b, needs: [a], run: ['true']}"
    bench.run(plan)
    with closing(sqlite3.connect(book(bench))) as connection, connection:
        connection.execute("delete from attempts where task = 'a'")
    with bench.shop(plan) as shop:
        assert states(shop.standings(running=False)) == {"a": "ready", "b": "planned"}


HANG = "version: 1\ntasks:\n" + "".join(
    f'  - {{id: t{n}, title: t, run: [sh, -c, "if [ -f $FLAG ]; then exit 0; fi; {{hang}}"]}}\n'
    if n == 5
    else f"  - {{id: t{n}, title: t, run: ['true']}}\n"
    for n in range(10)
)


def command_plan(hang: str) -> str:
    return HANG.replace("{hang}", hang)


def test_killed_with_9_nothing_is_left_running_and_the_next_run_goes_on(runs: Any) -> None:
    runs.plan(command_plan(runs.hang))
    runs.bench.git.run("add", "-A")
    runs.bench.git.run("commit", "-qm", "plan")
    runs.kill_when_here()
    tried = {each.task: each for each in attempts(runs.bench)}
    assert tried["t5"].phase is Phase.RUNNING
    done = {task for task, each in tried.items() if each.phase is Phase.PROVED}
    runs.flag.touch()
    runner = runs.start()
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 0, err
    assert out.count(b"verified") == 10
    assert marked_processes(tried["t5"].token) == ()
    rows = attempts(runs.bench)
    assert [each.number for each in rows if each.task == "t5"] == [1, 2]
    interrupted = next(each for each in rows if each.task == "t5")
    assert interrupted.end is End.INTERRUPTED
    assert all(sum(each.task == task for each in rows) == 1 for task in done)


def test_interrupted_by_ctrl_c_the_commands_end_and_are_recorded_as_stopped(runs: Any) -> None:
    runs.plan(command_plan(runs.hang))
    runner = runs.started_and_here()
    runner.send_signal(signal.SIGINT)
    _, err = runner.communicate(timeout=60)
    assert runner.returncode == 130, err
    (stopped,) = [each for each in attempts(runs.bench) if each.task == "t5"]
    assert (stopped.end, stopped.why) == (End.STOPPED, "the runner was stopped")
    assert marked_processes(stopped.token) == ()


def test_whose_foreman_is_killed_the_run_ends_with_an_error_and_nothing_is_left(runs: Any) -> None:
    runs.plan(command_plan("echo $PPID > $FLAG.pid; " + runs.hang))
    runner = runs.started_and_here()
    os.kill(int(Path(f"{runs.flag}.pid").read_text()), signal.SIGKILL)
    _, err = runner.communicate(timeout=60)
    assert runner.returncode == 5, err
    assert b"the process that starts commands ended by itself (exit -9)" in err
    (hung,) = [each for each in attempts(runs.bench) if each.task == "t5"]
    assert marked_processes(hung.token) == ()
    assert hung.end is End.STOPPED


def test_one_command_is_stopped_by_a_person_and_the_others_go_on(
    runs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in runs.environment.items():
        monkeypatch.setenv(name, value)
    runs.plan(command_plan(runs.hang))
    runner = runs.started_and_here()
    assert run(["-C", str(runs.bench.repository), "tasks", "stop", "t5"]) == 0
    out, err = runner.communicate(timeout=60)
    assert runner.returncode == 1, err
    assert out.count(b"verified") == 9
    assert f"called off: by {getpass.getuser()}; try again: hostkit tasks retry t5".encode() in out
    (stopped,) = [each for each in attempts(runs.bench) if each.task == "t5"]
    assert stopped.end is End.CALLED_OFF
    assert marked_processes(stopped.token) == ()


def test_the_log_of_a_command_is_shown_with_how_it_ended(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(bench.state))
    text = "\n  - {id: a, title: a, run: [echo, hello there]}"
    (bench.repository / "tasks.yaml").write_text(f"version: 1\ntasks:{text}\n")
    words = ["-C", str(bench.repository), "tasks"]
    assert run([*words, "run"]) == 0
    capsys.readouterr()
    assert run([*words, "log", "a"]) == 0
    shown = capsys.readouterr().out
    assert "hello there\nattempt 1: proved\n" in shown
    assert shown.endswith("verified: exit 0\n")


def test_no_more_are_at_work_than_the_plan_and_the_run_allow(bench: Any) -> None:
    run_alone = '{argv: [sh, -c, "mkdir lock && rmdir lock"], inputs: [verdict.txt]}'
    tasks = "".join(f"\n  - {{id: t{n}, title: t, run: {run_alone}}}" for n in range(6))
    now = bench.run(tasks, head="limits: {concurrent: 1}")
    assert set(states(now).values()) == {"verified"}

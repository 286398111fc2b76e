"""A merge train on a bare repository: real git, real child processes, a gate that is a script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hostkit.clock import SystemClock
from hostkit.errors import UsageError
from hostkit.tasks.lock import runner_lock
from hostkit.tasks.model import GateCheck
from hostkit.train.machine import Limits
from hostkit.train.run import TrainRunner
from hostkit.train.yard import Demand

RUNNER = """
import sys
from pathlib import Path
from conftest import Station
root = Path(sys.argv[1])
Station(root / "repo.git", root / "clone", root / "state").run()
"""


def test_innocent_changes_merge_in_order_a_failing_one_drops_out_and_the_tip_has_its_own_pass(
    station: Any,
) -> None:
    a = station.submit("a", "a.txt")
    station.submit("b", "fail.txt", "LED 7 is green")
    c = station.submit("c", "c.txt")
    assert station.run(boards=3) == ""
    assert station.ends() == {"a": "merged", "b": "failed", "c": "merged"}
    assert station.line.of("2").why == "LED 7 is green"
    assert station.main in station.passed()
    assert station.git.is_ancestor(a, station.main)
    assert station.git.is_ancestor(c, station.main)
    assert len(station.git.worktrees()) == 1


def test_one_board_tests_a_good_batch_once(station: Any) -> None:
    for name in "abcd":
        station.submit(name, f"{name}.txt")
    assert station.run() == ""
    assert set(station.ends().values()) == {"merged"}
    assert [(verdict, commit) for verdict, _, commit in station.asked()] == [("pass", station.main)]


def test_board_trouble_is_tried_again_and_ejects_nobody(station: Any) -> None:
    station.submit("a", "a.txt")
    (station.state / "trouble").write_text("2")
    assert station.run() == ""
    assert station.ends() == {"a": "merged"}
    assert [verdict for verdict, *_ in station.asked()] == ["inconclusive", "inconclusive", "pass"]


def test_trouble_beyond_the_budget_holds_the_train_and_the_next_run_goes_on(station: Any) -> None:
    before = station.main
    station.submit("a", "a.txt")
    (station.state / "trouble").write_text("2")
    said = station.run(limits=Limits(tries=2))
    assert said == "1 was inconclusive 2 times: neither its fault nor a pass: link lost"
    assert (station.main, station.ends()) == (before, {"a": "waiting"})
    assert station.run() == ""
    assert station.ends() == {"a": "merged"}


def test_a_change_that_does_not_merge_drops_out_with_the_conflict(station: Any) -> None:
    station.submit("a", "same.txt", "1")
    station.submit("b", "same.txt", "2")
    assert station.run(boards=2) == ""
    assert station.ends() == {"a": "merged", "b": "conflict"}
    assert "CONFLICT" in station.line.of("2").why


def test_a_pass_whose_evidence_is_not_intact_moves_nothing(station: Any) -> None:
    before = station.main
    station.broken.add(station.submit("a", "a.txt"))
    assert "the evidence of its pass is not intact: a file was changed" in station.run()
    assert (station.main, station.ends()) == (before, {"a": "waiting"})


def test_a_target_that_fails_itself_ejects_nobody(station: Any) -> None:
    station.branch("red", "fail.txt", "was red before")
    station.git.run("update-ref", "refs/heads/main", station.git.resolve("red"))
    station.submit("a", "a.txt")
    assert station.run().startswith("the target itself fails, and no change repairs it")
    assert station.ends() == {"a": "waiting"}


def test_a_second_runner_is_refused_and_told_of_the_first(station: Any) -> None:
    with (
        runner_lock(station.state / "train" / "runner.lock", SystemClock(), "merges"),
        pytest.raises(
            UsageError, match=f"merges of this project are being run already, by pid {os.getpid()}"
        ),
    ):
        station.run()


def test_a_killed_runner_leaves_the_target_at_a_tested_commit_and_the_next_one_goes_on(
    station: Any, tmp_path: Path
) -> None:
    before = station.main
    station.submit("a", "a.txt")
    os.mkfifo(station.state / "slow")
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": str(here.parents[1])}
    child = subprocess.Popen([sys.executable, "-c", RUNNER, str(tmp_path)], cwd=here, env=env)
    with (station.state / "slow").open("w"):  # opens once a gate reads: it is under way
        child.send_signal(signal.SIGKILL)
        child.wait(30)
    (station.state / "slow").unlink()
    assert (station.main, station.ends()) == (before, {"a": "waiting"})
    assert station.run() == ""
    assert station.ends() == {"a": "merged"}
    assert station.main in station.passed()
    assert len(station.git.worktrees()) == 1


def test_a_kill_after_the_target_moved_and_before_it_was_noted_costs_nothing(station: Any) -> None:
    commit = station.submit("a", "a.txt")
    station.git.run("update-ref", "refs/heads/main", commit)  # as the runner does, then died
    assert station.run() == ""
    assert station.ends() == {"a": "merged"}
    assert station.asked() == []


def test_the_same_commit_is_not_in_line_twice(station: Any) -> None:
    commit = station.submit("a", "a.txt")
    with pytest.raises(UsageError, match="is in line already, as change 1") as caught:
        station.line.submit("again", commit, "again")
    assert caught.value.hint == "see `hostkit merge list`"


def test_a_change_merges_only_with_a_pass_of_every_env_that_is_demanded(station: Any) -> None:
    station.submit("a", "a.txt")
    station.submit("b", "esp32c3-fail.txt", "the simulator shows LED 7 dark")
    demands = (
        Demand(GateCheck("virtual"), station.argv_of("virtual")),
        Demand(GateCheck("esp32c3", "sim0"), station.argv_of("esp32c3")),
    )
    with station.yard() as yard:
        assert TrainRunner(replace(yard, demands=lambda _: demands), Limits()).run() == ""
        assert {e.record.env for e in yard.ledger.of_commit(station.main)} == {"virtual", "esp32c3"}
    assert station.ends() == {"a": "merged", "b": "failed"}
    assert station.line.of("2").why == "the simulator shows LED 7 dark"
    assert {board for _, board, commit in station.asked() if commit == station.main} == {"virt0", "sim0"}

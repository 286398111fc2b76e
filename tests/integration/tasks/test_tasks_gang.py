"""The process that starts commands: what it says of them, and that nothing outlives whoever it works for."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.process import process_start_ticks
from hostkit.tasks.agent import marked_processes
from hostkit.tasks.gang import Began, Gang, Job, Over

RUN = "feedbeef" * 4


@pytest.fixture
def gang(tmp_path: Path) -> Iterator[Gang]:
    made = Gang(RUN, tmp_path, os.environ, 8)
    yield made
    made.close()


def job(tmp_path: Path, name: str, *argv: str, timeout_s: float = 60) -> Job:
    return Job(name, argv, str(tmp_path / f"{name}.log"), f"{RUN}.{name}", {"TASK": name}, timeout_s)


def until_over(gang: Gang, names: set[str]) -> dict[str, Over]:
    over: dict[str, Over] = {}
    while names - over.keys():
        over |= {told.name: told for told in gang.heard() if isinstance(told, Over)}
    return over


def wait_until_gone(pid: int) -> None:
    """It was killed: here the kernel is given the time to see to it, and no more is asked."""
    with suppress(ProcessLookupError):  # gone already
        left = os.pidfd_open(pid)
        select.select([left], (), ())  # readable once it has ended
        os.close(left)


def test_output_of_both_kinds_goes_to_the_log_and_the_exit_code_is_told(gang: Gang, tmp_path: Path) -> None:
    gang.start([job(tmp_path, "a", "sh", "-c", "echo $TASK; echo err >&2; pwd; cat; exit 7")])
    assert until_over(gang, {"a"}) == {"a": Over("a", 7)}
    assert (tmp_path / "a.log").read_text() == f"a\nerr\n{tmp_path}\n"


def test_it_says_which_process_it_started(gang: Gang, tmp_path: Path) -> None:
    gang.start([job(tmp_path, "a", "sleep", "300")])
    (began,) = gang.heard()
    assert isinstance(began, Began)
    assert process_start_ticks(began.pid) == began.start_ticks
    assert os.getpgid(began.pid) == began.pid
    gang.end(["a"])
    assert until_over(gang, {"a"}) == {"a": Over("a", -signal.SIGTERM)}


def test_one_that_takes_too_long_is_ended_and_said_to_have(gang: Gang, tmp_path: Path) -> None:
    gang.start([job(tmp_path, "a", "sh", "-c", "sleep 300 & sleep 300", timeout_s=0.05)])
    assert until_over(gang, {"a"}) == {"a": Over("a", -signal.SIGTERM, True)}


def test_what_a_command_left_in_its_group_ends_with_it(gang: Gang, tmp_path: Path) -> None:
    gang.start([job(tmp_path, "a", "sh", "-c", "sleep 300 & echo $!")])
    assert until_over(gang, {"a"}) == {"a": Over("a", 0)}
    wait_until_gone(int((tmp_path / "a.log").read_text()))


def test_what_cannot_be_started_is_refused_with_the_reason(gang: Gang, tmp_path: Path) -> None:
    away = Job("b", ("true",), str(tmp_path / "away" / "b.log"), f"{RUN}.b", {}, 1)
    gang.start([job(tmp_path, "a", "no-such-program"), away])
    over = until_over(gang, {"a", "b"})
    assert over["a"].refused == "no-such-program: No such file or directory"
    assert over["b"].refused == f"its log {tmp_path}/away/b.log: No such file or directory"


def test_no_more_are_at_work_at_once_than_it_was_told_and_the_others_wait_their_turn(tmp_path: Path) -> None:
    gang = Gang(RUN, tmp_path, os.environ, 1)
    alone = "mkdir lock && rmdir lock"
    gang.start([job(tmp_path, name, "sh", "-c", alone) for name in "abcd"])
    assert set(until_over(gang, set("abcd")).values()) == {Over(name, 0) for name in "abcd"}
    gang.start([job(tmp_path, name, "sleep", "300") for name in "ef"])
    gang.end(["e", "f"])
    assert set(until_over(gang, {"e", "f"})) == {"e", "f"}
    gang.close()


def test_closed_it_ends_everything_also_what_left_its_group(gang: Gang, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "there")
    gang.start([job(tmp_path, "a", "sh", "-c", "setsid sh -c 'echo here > there; sleep 300' & wait")])
    assert (tmp_path / "there").read_text() == "here\n"
    gang.close()
    assert marked_processes(f"{RUN}.a") == ()


def test_told_something_once_it_was_killed_it_is_an_error_with_a_way_out(gang: Gang, tmp_path: Path) -> None:
    os.kill(gang._foreman.pid, signal.SIGKILL)
    with pytest.raises(ToolError, match="ended by itself") as caught:
        list(gang.heard())
    assert "run again" in caught.value.hint


def test_whoever_it_works_for_is_killed_and_all_of_it_ends(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "there")
    code = f"""
import os
from pathlib import Path
from hostkit.tasks.gang import Gang, Job
gang = Gang({RUN!r}, Path({str(tmp_path)!r}), os.environ, 8)
argv = ("sh", "-c", "trap '' TERM; setsid sleep 300 & echo $PPID > there; sleep 300")
gang.start([Job("a", argv, {str(tmp_path)!r} + "/log", {RUN!r} + ".a", {{}}, 60)])
input()
"""
    worker = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    foreman = int((tmp_path / "there").read_text())
    watched = os.pidfd_open(foreman)
    worker.kill()
    worker.communicate()
    select.select([watched], (), ())  # readable once it has ended
    os.close(watched)
    assert marked_processes(f"{RUN}.a") == ()

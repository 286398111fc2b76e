"""Boards at work at the same time: threads, what is heard of them, and how all of it is given up."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from hostkit.errors import InconclusiveError, ToolError
from hostkit.gate.abreast import Abreast
from hostkit.halt import HaltedError
from hostkit.process import Command, SystemRunner, start

SLEEPS = Command(("sh", "-c", "echo $$; sleep 600"))


@pytest.fixture
def abreast() -> Iterator[Abreast]:
    with Abreast(2) as threads:
        yield threads


def _gone(descriptor: int) -> bool:
    ready = select.select([descriptor], [], [], 10)[0]
    os.close(descriptor)
    return bool(ready)


def test_all_is_at_work_at_the_same_time_and_what_it_says_is_said_here_in_order(abreast: Abreast) -> None:
    together, here = threading.Barrier(2, timeout=10), threading.current_thread()
    said: list[tuple[str, int]] = []
    threads: set[threading.Thread] = set()

    def say(name: str, number: int) -> None:
        assert threading.current_thread() is here
        said.append((name, number))

    def work(name: str) -> None:
        threads.add(threading.current_thread())
        together.wait()
        for number in range(20):
            abreast.say(partial(say, name, number))

    abreast.run([partial(work, "left"), partial(work, "right")])
    assert len(threads | {here}) == 3
    for name in ("left", "right"):
        assert [number for who, number in said if who == name] == list(range(20))


def test_a_child_outlives_the_work_that_started_it_until_all_is_closed() -> None:
    children: list[subprocess.Popen[bytes]] = []

    def work() -> None:
        child = start(SLEEPS)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
        children.append(child)

    with Abreast(1) as threads:
        threads.run([work])
        assert children[0].poll() is None
    assert children[0].wait(10) == -signal.SIGKILL


def test_an_error_that_was_foreseen_lets_the_others_go_on_and_the_first_in_order_is_raised(
    abreast: Abreast,
) -> None:
    second_failed, done = threading.Event(), []

    def first() -> None:
        assert second_failed.wait(10)
        abreast.halt.check()
        done.append("first")
        raise ToolError("of the first")

    def second() -> None:
        second_failed.set()
        raise InconclusiveError("of the second")

    with pytest.raises(ToolError, match="of the first"):
        abreast.run([first, second])
    assert done == ["first"]


def test_an_error_that_nobody_foresaw_ends_what_the_others_run_and_is_raised(abreast: Abreast) -> None:
    children: list[int] = []
    runner, at_work = abreast.runner(SystemRunner()), threading.Event()

    def listen(text: str) -> None:
        children.append(os.pidfd_open(int(text)))
        at_work.set()

    def broken() -> None:
        assert at_work.wait(10)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        abreast.run([partial(runner.run, SLEEPS, on_text=listen), broken])
    assert _gone(children[0])


def test_ctrl_c_ends_what_all_run_and_is_raised_when_all_have_ended(abreast: Abreast) -> None:
    children: list[int] = []
    runner, ended = abreast.runner(SystemRunner()), []

    def heard(text: str) -> None:
        children.append(os.pidfd_open(int(text)))
        if len(children) == 2:
            signal.raise_signal(signal.SIGINT)

    def work() -> None:
        try:
            runner.run(SLEEPS, on_text=lambda text: abreast.say(partial(heard, text)))
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        abreast.run([work, work])
    assert ended == [True, True]
    assert [_gone(child) for child in children] == [True, True]


def test_ctrl_c_that_comes_again_while_others_end_waits_until_they_have(abreast: Abreast) -> None:
    at_work, ended = threading.Barrier(3, timeout=10), []

    def work() -> None:
        at_work.wait()
        select.select([abreast.halt], [], [], 10)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        ended.append(True)

    def interrupted() -> None:
        at_work.wait()
        raise KeyboardInterrupt

    abreast.say(interrupted)
    with pytest.raises(KeyboardInterrupt):
        abreast.run([work, work])
    assert ended == [True, True]


def test_what_says_how_it_goes_may_fail_and_all_is_given_up(abreast: Abreast) -> None:
    ended: list[str] = []

    def pipe_is_broken() -> None:
        raise BrokenPipeError

    def work() -> None:
        abreast.say(pipe_is_broken)
        select.select([abreast.halt], [], [], 10)
        try:
            abreast.halt.check()
        except HaltedError:
            ended.append("halted")
            raise

    with pytest.raises(BrokenPipeError):
        abreast.run([work, work])
    assert ended == ["halted", "halted"]


def test_nothing_is_begun_once_all_is_given_up(abreast: Abreast) -> None:
    abreast.halt.call()
    missing = Command(("hostkit-has-no-such-program",))
    with pytest.raises(HaltedError):
        abreast.runner(SystemRunner()).run(missing)
    with pytest.raises(HaltedError):
        abreast.runner(SystemRunner()).run_all([missing])

"""Work that a Ctrl-C does not cut in two."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from hostkit.tasks.calm import calm


def test_a_signal_waits_until_the_work_is_done_and_is_heard_then() -> None:
    done = []

    def work() -> None:
        with calm():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_nobody_heeds_stays_unheeded() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with calm():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_on_another_thread_it_changes_nothing() -> None:
    seen = []

    def look() -> None:
        with calm():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]

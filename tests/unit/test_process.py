from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit.process import Command, SystemRunner, boot_id, end_group, process_start_ticks, start


def _gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def _wait_until_gone(pid: int) -> bool:
    descriptor = os.pidfd_open(pid) if not _gone(pid) else None
    if descriptor is None:
        return True
    import select  # noqa: PLC0415

    ready, _, _ = select.select([descriptor], [], [], 10)
    os.close(descriptor)
    return bool(ready)


def test_a_timeout_ends_the_whole_process_group() -> None:
    finished = SystemRunner().run(Command(("sh", "-c", "sleep 600 & echo $!; wait"), timeout_s=0.5))
    assert finished.timed_out
    assert not finished.ok
    assert _wait_until_gone(int(finished.output))


def test_an_error_in_the_listener_ends_the_child() -> None:
    pids: list[int] = []

    def listen(text: str) -> None:
        pids.append(int(text))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SystemRunner().run(Command(("sh", "-c", "echo $$; sleep 600")), on_text=listen)
    assert _wait_until_gone(pids[0])


def test_a_child_that_ignores_term_is_killed() -> None:
    child = start(Command(("sh", "-c", "trap '' TERM; echo up; while :; do sleep 600; done")))
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    assert end_group(child, grace_s=0.2) == -signal.SIGKILL
    child.stdout.close()


def test_a_child_dies_when_its_parent_is_killed() -> None:
    program = (
        "from hostkit.process import Command, start\n"
        "child = start(Command(('sleep', '600')))\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert _wait_until_gone(pid)


def test_a_process_is_named_by_pid_and_start_time() -> None:
    mine = process_start_ticks(os.getpid())
    assert mine is not None
    assert mine == process_start_ticks(os.getpid())
    child = start(Command(("true",)))
    child.communicate()
    assert process_start_ticks(child.pid) is None


def test_the_boot_id_is_stable() -> None:
    assert boot_id() == boot_id()
    assert len(boot_id()) == 36


def test_a_process_that_ended_is_gone_though_its_parent_has_not_asked_how() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_start_ticks(child.pid) is None
    child.wait()

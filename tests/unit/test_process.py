from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit import process
from hostkit.errors import MissingToolError
from hostkit.halt import Halt, HaltedError
from hostkit.process import (
    Command,
    SystemRunner,
    boot_id,
    end_group,
    process_start_ticks,
    start,
)


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


def test_a_halt_ends_the_process_groups_of_all_that_run() -> None:
    halt = Halt()
    pids: dict[int, int] = {}

    def listen(number: int, text: str) -> None:
        pids[number] = int(text)
        if len(pids) == 2:
            halt.call()

    sleeps = Command(("sh", "-c", "sleep 600 & echo $!; wait"), halt=halt)
    with pytest.raises(HaltedError):
        SystemRunner().run_all([sleeps, sleeps], on_text=listen)
    assert all(_wait_until_gone(pid) for pid in pids.values())
    halt.close()


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


@pytest.fixture(params=["by setpriv", "by code of ours after a fork"])
def any_pact(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "by setpriv":
        if not process._setpriv():
            pytest.skip("not run: no setpriv of util-linux 2.33 or newer")
    else:
        monkeypatch.setattr(process, "_setpriv", lambda: "")
    return str(request.param)


@pytest.mark.usefixtures("any_pact")
def test_a_program_is_found_as_ever_and_gets_its_arguments_directory_and_environment_as_they_are(
    tmp_path: Path,
) -> None:
    program = tmp_path / "bin" / "tell"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "$PWD" "$WORD"\n')
    program.chmod(0o755)
    env = {"PATH": str(program.parent), "WORD": "$(x) 'y'"}
    for name in ("tell", "bin/tell", str(program)):
        done = SystemRunner().run(Command((name, "a b", "", "$HOME"), cwd=tmp_path, env=env))
        assert (done.returncode, done.output) == (0, f"a b||$HOME|{tmp_path}|$(x) 'y'|"), name
        assert done.argv[0] == name


@pytest.mark.usefixtures("any_pact")
def test_a_program_that_is_not_there_or_may_not_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    for name, said in {
        "no-such": "no such program",
        "./none": "no such program",
        "./plain": "denied",
    }.items():
        with pytest.raises(MissingToolError, match=said):
            SystemRunner().run(Command((name,), cwd=tmp_path))


@pytest.mark.usefixtures("any_pact")
def test_a_child_is_to_be_killed_with_its_parent_and_stays_in_a_group_of_its_own() -> None:
    ask = (
        "import ctypes, os\n"
        "told = ctypes.c_int()\n"
        "ctypes.CDLL(None).prctl(2, ctypes.byref(told))  # PR_GET_PDEATHSIG\n"
        "print(told.value, os.getpid() == os.getpgrp())\n"
    )
    done = SystemRunner().run(Command((sys.executable, "-c", ask)))
    assert done.output.split() == [str(int(signal.SIGKILL)), "True"]


def test_without_its_parent_the_program_is_not_even_begun() -> None:
    argv = process._pact_argv(Command(("/bin/echo",)))
    if not argv:
        pytest.skip("not run: no setpriv of util-linux 2.33 or newer")
    done = subprocess.run(
        (*argv[:-1], "1", "/bin/echo", "begun"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")

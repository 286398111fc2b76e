"""Several monitors of one board, as users run them: one owns the port, all give way, any takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostkit.boards.lease import BusyError, LeaseOffice
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.clock import SystemClock
from hostkit.testing.boards import ECHO_FIRMWARE, TEST_MAC, running_board
from hostkit.testing.clock import FakeClock

IDENTITY = TEST_MAC.replace(":", "")


class Watching:
    """A monitor as a child process, whose lines are read one by one."""

    def __init__(self, project: Path, env: dict[str, str], *arguments: str) -> None:
        argv = [sys.executable, "-m", "hostkit", "-C", str(project), "monitor", "-b", "bench", *arguments]
        self.child = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.seen: list[str] = []

    def until(self, wanted: str) -> str:
        """Read on to the line with these words; return it without its stamp."""
        assert self.child.stdout is not None
        while line := self.child.stdout.readline():
            assert line[5] == "."
            assert line[6:12].isdigit()
            self.seen.append(line[13:].rstrip())
            if wanted in line:
                return self.seen[-1]
        raise AssertionError(f"no {wanted!r} in {self.seen}: {self.child.communicate()}")

    def end(self) -> None:
        self.child.kill()
        self.child.communicate()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "platformio.ini").write_text("")
    (root / "boards.toml").write_text(
        f'[boards.bench]\nkind = "virtual"\nchip = "esp32"\nmac = "{TEST_MAC}"\n'
    )
    return root


@pytest.fixture
def board(state_dir: Path) -> Iterator[VirtualBoard]:
    with running_board(state_dir / "boards", firmware=ECHO_FIRMWARE) as running:
        yield running


@pytest.fixture
def office(state_dir: Path) -> LeaseOffice:
    return LeaseOffice(state_dir / "leases", SystemClock())


@pytest.fixture
def watch(project: Path, hostkit_environment: dict[str, str]) -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def watch(*arguments: str) -> Watching:
        started.append(Watching(project, hostkit_environment, *arguments))
        return started[-1]

    yield watch
    for each in started:
        each.end()


def test_monitors_share_a_port_give_way_come_back_and_follow_one_another(
    board: VirtualBoard, watch: Callable[..., Watching], office: LeaseOffice, state_dir: Path
) -> None:
    first = watch()
    first.until("- bench on ")
    others = [watch(), watch()]
    for other in others:
        assert other.until("- bench on ").endswith("monitor.sock")
    assert (state_dir / "boards" / "bench" / "monitor.sock").stat().st_mode & 0o077 == 0
    monitors = [first, *others]
    board.run_application()
    for monitor in monitors:
        monitor.until("< up esp32 ")

    with office.take(IDENTITY, "the test itself"):
        for monitor in monitors:
            assert monitor.until("taken by") == f"-- taken by pid {os.getpid()}: the test itself --", (
                monitor.seen
            )
        assert office.watcher(IDENTITY) is None
    for monitor in monitors:
        assert monitor.until("back") == "-- back --"

    owner = next(each for each in monitors if each.child.pid == office.watcher(IDENTITY).pid)  # type: ignore[union-attr]
    owner.child.send_signal(signal.SIGKILL)
    owner.end()
    left = [each for each in monitors if each is not owner]
    for monitor in left:
        assert monitor.until("-- the monitor") == "-- the monitor that shared the port let it go --"
        monitor.until("-- back --")
    board.run_application()
    for monitor in left:
        monitor.until("< up esp32 ")
    assert office.watcher(IDENTITY).pid in {each.child.pid for each in left}  # type: ignore[union-attr]


def test_a_monitor_that_is_stopped_is_named_to_who_needs_the_board(
    board: VirtualBoard, watch: Callable[..., Watching], office: LeaseOffice, state_dir: Path
) -> None:
    monitor = watch()
    monitor.until("- bench on ")
    monitor.child.send_signal(signal.SIGSTOP)
    with pytest.raises(BusyError) as caught:  # a fake clock: nothing would change in real seconds
        LeaseOffice(state_dir / "leases", FakeClock()).take(IDENTITY, "a flash")
    assert (
        f"read by pid {monitor.child.pid}: hostkit monitor -b bench, which does not" in caught.value.message
    )
    assert f"kill {monitor.child.pid}" in caught.value.hint
    assert office.holder(IDENTITY) is None
    monitor.child.send_signal(signal.SIGCONT)
    office.take(IDENTITY, "a flash").close()


def test_who_types_has_the_board_for_itself_and_the_others_see_what_comes_of_it(
    board: VirtualBoard, watch: Callable[..., Watching], office: LeaseOffice
) -> None:
    reader = watch()
    reader.until("- bench on ")
    typist = watch("--type")
    typist.until("- bench on ")
    assert reader.until("taken by").startswith(f"-- taken by pid {typist.child.pid}: hostkit monitor")
    reader.until("-- back --")
    with pytest.raises(BusyError, match="hostkit monitor -b bench"):
        office.take(IDENTITY, "a flash")
    board.run_application()
    reader.until("< up esp32 ")
    typist.until("< up esp32 ")


def test_a_reset_is_for_one_alone_and_watching_goes_on_for_all(
    board: VirtualBoard, watch: Callable[..., Watching], office: LeaseOffice
) -> None:
    reader = watch()
    reader.until("- bench on ")
    resetting = watch("--reset")
    resetting.until("< up esp32 ")
    reader.until("-- back --")
    assert office.holder(IDENTITY) is None
    office.take(IDENTITY, "a flash").close()  # both give way


def test_another_program_at_the_port_is_named_with_pid_and_command(
    board: VirtualBoard, project: Path, hostkit: Callable[..., object]
) -> None:
    script = (
        "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(flush=True); sys.stdin.read()"
    )
    terminal = subprocess.Popen(
        [sys.executable, "-c", script, board.link_port(), "pio device monitor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert terminal.stdout is not None
        terminal.stdout.readline()
        ran = hostkit("-C", str(project), "monitor", "-b", "bench", "--for", "5")
    finally:
        terminal.communicate()
    assert ran.code == 3  # type: ignore[attr-defined]
    assert f"in use by pid {terminal.pid}, which holds no lease: " in ran.err  # type: ignore[attr-defined]
    assert "pio device monitor has " in ran.err  # type: ignore[attr-defined]
    assert f"kill {terminal.pid}" in ran.err  # type: ignore[attr-defined]


def test_the_reset_button_of_a_virtual_board_does_not_take_it_from_its_monitors(
    board: VirtualBoard, watch: Callable[..., Watching], hostkit: Callable[..., object], project: Path
) -> None:
    monitor = watch()
    monitor.until("- bench on ")
    assert hostkit("-C", str(project), "boards", "reset", "bench").code == 0  # type: ignore[attr-defined]
    monitor.until("< rst:0x")
    assert not [line for line in monitor.seen if "taken by" in line]

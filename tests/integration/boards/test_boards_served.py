"""A served board from outside: real ports, real children, real signals."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import serial

from hostkit.boards.lease import BusyError, LeaseOffice
from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.open import open_board
from hostkit.boards.served import ControlClient, ServedBoard, read_record, write_record
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.boards.virtual.serve import spec_to_json
from hostkit.boards.virtual.server import BoardServer, ServeSpec
from hostkit.clock import SystemClock
from hostkit.errors import InconclusiveError, InvalidError, ToolError, UsageError
from hostkit.files import atomic_write, short_path
from hostkit.process import boot_id, process_start_ticks
from hostkit.testing.boards import ECHO_FIRMWARE, TEST_MAC, flash_content, running_board, virtual_spec

SPEC = ServeSpec("bench", Chip.ESP32, TEST_MAC)


def until(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for something that another process does; fail when it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        select.select([], [], [], 0.01)


def gone(pid: int) -> bool:
    """True when a process is dead, or dead and not yet collected by whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Line:
    """A port as a program opens it."""

    def __init__(self, board: VirtualBoard) -> None:
        self.port = serial.Serial(board.link_port(), 921_600, timeout=10)
        self.seen = b""

    def until(self, words: bytes) -> bytes:
        """Read until ``words`` came; return all up to and with them."""
        end = time.monotonic() + 20
        while words not in self.seen:
            assert time.monotonic() < end, f"{words!r} never came, but {self.seen[-300:]!r}"
            self.seen += self.port.read(max(1, self.port.in_waiting))
        cut = self.seen.index(words) + len(words)
        found, self.seen = self.seen[:cut], self.seen[cut:]
        return found

    def close(self) -> None:
        self.port.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    with running_board(tmp_path, firmware=ECHO_FIRMWARE) as board:
        yield board


@pytest.fixture
def line(board: VirtualBoard) -> Iterator[Line]:
    line = Line(board)
    yield line
    line.close()


def test_bytes_of_all_values_pass_unchanged(board: VirtualBoard, line: Line) -> None:
    data = bytes(range(256)) * 16
    line.port.write(data)
    assert line.until(data).endswith(data)


def test_a_reset_shows_boot_text_and_starts_the_application_again(board: VirtualBoard, line: Line) -> None:
    board.run_application()
    said = line.until(b"up esp32 external\r\n")
    assert b"rst:0x1 (POWERON_RESET),boot:0x13" in said
    assert board.state().resets == 2


def test_what_nobody_read_is_not_kept_for_the_next_one(board: VirtualBoard) -> None:
    for _ in range(3):
        board.enter_download()  # prints, then waits in silence
    late = os.open(board.link_port(), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    board.state()
    assert select.select([late], [], [], 0)[0] == []
    os.close(late)


def test_unplugging_hangs_up_and_replugging_gives_another_pty_under_the_same_name(
    board: VirtualBoard, line: Line
) -> None:
    before = board.state().pty
    keep = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)  # so that the number cannot be had again at once
    board.fault("unplug")
    with pytest.raises((serial.SerialException, OSError)):
        line.port.read(1000)
    assert board.state().pty == ""
    with pytest.raises(InconclusiveError, match="unplugged"):
        board.link_port()
    board.fault("replug")
    assert board.state().pty not in ("", before)
    again = Line(board)
    again.port.write(b"hello")
    again.until(b"hello")
    again.close()
    os.close(keep)


def test_a_hung_application_is_silent_until_a_reset(board: VirtualBoard, line: Line) -> None:
    line.port.write(b"one")
    line.until(b"one")
    board.fault("hang")
    assert board.state().mode == "hung"
    line.port.write(b"two")
    line.port.timeout = 0.2
    assert line.port.read(3) == b""
    line.port.timeout = 10
    board.run_application()
    line.until(b"up esp32 external")


def test_noise_on_the_line_damages_and_clears(board: VirtualBoard, line: Line) -> None:
    line.port.write(b"start")
    line.until(b"start")
    board.fault("duplicate", 100)
    line.port.write(b"a")
    assert line.until(b"aaaa") == b"aaaa"  # doubled on the way there and on the way back
    board.fault("clear")
    line.port.write(b"bc")
    assert line.until(b"bc") == b"bc"


def test_a_payload_that_floods_neither_fills_memory_nor_blocks_the_board(tmp_path: Path) -> None:
    flood = b"#!/bin/sh\nexec yes flooding flooding flooding\n"
    with running_board(tmp_path, firmware=flood) as board:
        line = Line(board)
        line.until(b"flooding")
        # The line is open and not read now: the board must go on answering, with bounded buffers.
        for _ in range(20):
            assert board.state().mode == "running"
        board.run_application()
        assert board.state().resets == 2
        line.close()


def test_a_burst_reaches_a_slow_reader_whole(tmp_path: Path) -> None:
    burst = b"#!/bin/sh\nread line\nhead -c 1500000 /dev/zero | tr '\\0' x\necho end\nexec cat\n"
    with running_board(tmp_path, firmware=burst) as board:
        line = Line(board)
        line.port.write(b"go\n")
        for _ in range(20):  # not reading: the application has to wait, not to lose
            board.state()
        assert line.until(b"end\n").count(b"x") == 1_500_000
        line.close()


def test_a_host_that_never_stops_sending_does_not_stop_the_board(board: VirtualBoard, line: Line) -> None:
    board.enter_download()
    stop = threading.Event()

    def send() -> None:
        line.port.write_timeout = 0.2
        while not stop.is_set():
            try:
                line.port.write(bytes(1 << 16))
            except serial.SerialTimeoutException:
                continue

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(10):
            assert board.state().mode == "download"
        board.run_application()
        assert board.state().mode == "running"
    finally:
        stop.set()
        sender.join()


def test_an_application_that_dies_is_a_panic_and_comes_back(tmp_path: Path) -> None:
    crash = b"#!/bin/sh\necho up $HK_RESET_REASON\nread line\nexit 3\n"
    with running_board(tmp_path, firmware=crash) as board:
        line = Line(board)
        line.port.write(b"die\n")
        said = line.until(b"up panic")
        assert b"Guru Meditation Error" in said
        line.close()


def test_storage_survives_a_software_restart_and_the_server(tmp_path: Path) -> None:
    counting = (
        b"#!/bin/sh\nn=$(head -c 1 $HK_NVS_FILE)\ncase $n in [0-8]) n=$((n+1));; *) n=1;; esac\n"
        b"printf $n > $HK_NVS_FILE.new && mv $HK_NVS_FILE.new $HK_NVS_FILE\n"
        b"echo boot $n $HK_RESET_REASON\nread line\nexit 82\n"
    )
    with running_board(tmp_path, firmware=counting) as board:
        line = Line(board)
        line.port.write(b"\n")
        line.until(b"boot 2 software")
        line.close()
    with running_board(tmp_path) as board:
        line = Line(board)
        line.port.write(b"\n")
        line.until(b"boot 4 software")
        line.close()


def test_firmware_stderr_goes_to_the_log_of_the_board(tmp_path: Path) -> None:
    loud = b"#!/bin/sh\necho from stderr >&2\nexec cat\n"
    with running_board(tmp_path, firmware=loud):
        log = tmp_path / "bench" / "board.log"
        until(lambda: "stderr: from stderr" in log.read_text(), "the line in the log")


def test_a_machine_that_cannot_run_the_firmware_is_an_error_of_the_machine_not_silence(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "bench"
    atomic_write(directory / "flash.bin", flash_content(ECHO_FIRMWARE))
    (directory / "application" / "in the way").mkdir(parents=True)
    with closing(open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock())) as board:
        with pytest.raises(ToolError, match=r"board bench: .*application") as caught:
            board.run_application()
        assert "free some space" in caught.value.hint


def test_ending_leaves_no_port_no_record_and_no_process(tmp_path: Path) -> None:
    with running_board(tmp_path, firmware=b"#!/bin/sh\necho $$ > pid\nexec cat\n") as board:
        pid_file = tmp_path / "bench" / "pid"
        until(lambda: pid_file.exists() and pid_file.read_text() != "", "the application's pid")
        assert Path(board.link_port()).is_symlink()
    assert gone(int(pid_file.read_text()))
    left = {each.name for each in (tmp_path / "bench").iterdir()}
    assert left <= {"flash.bin", "board.log", "lock", "application", "nvs.bin", "pid"}


def test_the_control_socket_and_its_directory_belong_to_the_owner(
    board: VirtualBoard, tmp_path: Path
) -> None:
    assert (tmp_path / "bench" / "control.sock").stat().st_mode & 0o077 == 0


def test_hostile_bytes_on_any_port_leave_the_board_alive(
    board: VirtualBoard, line: Line, tmp_path: Path
) -> None:
    noise = bytes(range(256)) * 40 + b"\xff\xfa" * 100 + b"\xff\xf0\xff\xfd\xff\xfb" + b"{" * 100
    url = board.state().rfc2217
    host, port = url.removeprefix("rfc2217://").split(":")
    for download in (True, False):
        if download:
            board.enter_download()
        else:
            board.run_application()
        with socket.create_connection((host, int(port))) as remote:
            remote.sendall(noise)
        with (
            short_path(tmp_path / "bench" / "control.sock") as name,
            socket.socket(socket.AF_UNIX) as control,
        ):
            control.connect(name)
            control.sendall(noise + b"\n")
            assert b'"ok": false' in control.recv(65536)
        line.port.write(noise)
        assert board.state().mode in ("download", "running")


def test_a_second_rfc2217_client_is_turned_away(board: VirtualBoard) -> None:
    host, port = board.state().rfc2217.removeprefix("rfc2217://").split(":")
    with socket.create_connection((host, int(port))) as first:
        assert first.recv(100)
        with socket.create_connection((host, int(port)), timeout=10) as second:
            assert second.recv(100) == b""


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial 3.5
def test_a_board_behind_a_port_server_is_reset_by_its_lines(board: VirtualBoard, tmp_path: Path) -> None:
    spec = BoardSpec("attic", Kind.RFC2217, Chip.ESP32, port=board.state().rfc2217)
    board.enter_download()
    remote = open_board(spec, boards_dir=tmp_path, clock=SystemClock())
    remote.run_application()
    remote.close()
    state = board.state()
    assert (state.mode, state.reason) == ("running", "external")


def test_a_board_behind_no_port_server_is_inconclusive(board: VirtualBoard, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = f"rfc2217://127.0.0.1:{unused.getsockname()[1]}"
        remote = open_board(
            BoardSpec("attic", Kind.RFC2217, Chip.ESP32, port=port), boards_dir=tmp_path, clock=SystemClock()
        )
        with pytest.raises(InconclusiveError, match="cannot open rfc2217://") as caught:
            remote.run_application()
    assert "is the board there?" in caught.value.hint


def test_a_second_server_for_the_same_board_is_refused_naming_the_first(
    board: VirtualBoard, tmp_path: Path
) -> None:
    with pytest.raises(BusyError, match=f"already served by pid {os.getpid()}"):
        BoardServer(SPEC, tmp_path / "bench", SystemClock())
    assert board.state().mode == "running"


def test_a_used_rfc2217_port_is_named_and_nothing_is_left(board: VirtualBoard, tmp_path: Path) -> None:
    port = int(board.state().rfc2217.rsplit(":", 1)[1])
    with pytest.raises(UsageError, match=f"port {port}"):
        BoardServer(
            ServeSpec("other", Chip.ESP32, TEST_MAC, rfc2217_port=port), tmp_path / "o", SystemClock()
        )
    assert not (tmp_path / "o" / "board.json").exists()


def test_flash_of_another_size_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    atomic_write(tmp_path / "bench" / "flash.bin", b"\xff" * 1000)
    with pytest.raises(InvalidError, match="holds 1000 bytes"):
        BoardServer(SPEC, tmp_path / "bench", SystemClock())
    assert {each.name for each in (tmp_path / "bench").iterdir()} == {"flash.bin", "lock"}


def test_open_board_serves_for_its_own_time_and_keeps_the_flash(tmp_path: Path) -> None:
    atomic_write(tmp_path / "bench" / "flash.bin", flash_content(ECHO_FIRMWARE))
    board = open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock())
    assert isinstance(board, VirtualBoard)
    pid = board.state().pid
    assert pid != os.getpid()
    second = open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock(), autostart=False)
    assert isinstance(second, VirtualBoard)
    assert second.state().pid == pid
    second.close()
    assert board.state().mode == "running"
    board.close()
    assert gone(pid)
    assert read_record(tmp_path / "bench") is None


def test_open_board_without_a_server_is_inconclusive_when_it_may_not_start_one(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match="is not served") as caught:
        open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock(), autostart=False)
    assert caught.value.hint == "say: hostkit boards serve bench"


def test_open_board_reports_why_its_server_did_not_come_up(tmp_path: Path) -> None:
    atomic_write(tmp_path / "bench" / "flash.bin", b"\xff" * 1000)
    with pytest.raises(InvalidError, match="holds 1000 bytes"):
        open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock())


def test_a_board_that_is_served_as_another_chip_is_refused(board: VirtualBoard, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"boards\.toml says esp32s3"):
        open_board(virtual_spec(chip=Chip.ESP32S3), boards_dir=tmp_path, clock=SystemClock())


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    pidding = b"#!/bin/sh\necho $$ > pid\nexec cat\n"
    atomic_write(tmp_path / "bench" / "flash.bin", flash_content(pidding))
    child = subprocess.Popen(
        [sys.executable, "-m", "hostkit.boards.virtual.serve", str(tmp_path / "bench"), spec_to_json(SPEC)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert json.loads(child.stdout.readline())["ok"]
    yield child
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()


def test_killing_the_server_leaves_whole_flash_no_orphan_and_a_board_that_comes_back(
    server_process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    pid_file = tmp_path / "bench" / "pid"
    until(lambda: pid_file.exists() and pid_file.read_text() != "", "the application's pid")
    application = int(pid_file.read_text())
    before = (tmp_path / "bench" / "flash.bin").read_bytes()
    server_process.kill()
    server_process.wait()
    until(lambda: gone(application), "the end of the application")
    assert (tmp_path / "bench" / "flash.bin").read_bytes() == before
    assert (tmp_path / "bench" / "board.json").exists()
    assert read_record(tmp_path / "bench") is None
    with running_board(tmp_path) as board:
        assert board.state().mode == "running"


def test_a_server_that_is_just_dying_is_waited_for_and_replaced(tmp_path: Path) -> None:
    directory = tmp_path / "bench"
    atomic_write(directory / "flash.bin", flash_content(ECHO_FIRMWARE))
    with subprocess.Popen(["sleep", "0.3"]) as dying:  # its record is there, its socket is not
        ticks = process_start_ticks(dying.pid) or 0
        size = 4 << 20
        record = ServedBoard(
            "bench", "esp32", TEST_MAC, size, dying.pid, ticks, boot_id(), "p", "r", "s", paced=False
        )
        write_record(directory, record)
        assert read_record(directory) == record
        with closing(open_board(virtual_spec(), boards_dir=tmp_path, clock=SystemClock())) as board:
            assert isinstance(board, VirtualBoard)
            assert board.state().mode == "running"


def test_what_the_firmware_stored_survives_the_killing_of_its_server(
    server_process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "bench" / "nvs.bin").write_bytes(b"stored by the firmware")
    server_process.kill()
    server_process.wait()
    with running_board(tmp_path):
        assert (tmp_path / "bench" / "nvs.bin").read_bytes().startswith(b"stored by the firmware\xff")
    flash = (tmp_path / "bench" / "flash.bin").read_bytes()
    assert flash[0x9000:].startswith(b"stored by the firmware\xff")
    assert not (tmp_path / "bench" / "nvs.bin").exists()


def test_the_end_of_its_input_and_a_signal_end_a_server_cleanly(
    server_process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    server_process.send_signal(signal.SIGTERM)
    assert server_process.wait(20) == 0
    assert not (tmp_path / "bench" / "board.json").exists()


def test_the_control_channel_can_end_a_server(
    server_process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    ControlClient(tmp_path / "bench").stop()
    assert server_process.wait(20) == 0


HOLD = """
import sys
from pathlib import Path
from hostkit.boards.lease import LeaseOffice
from hostkit.clock import SystemClock
lease = LeaseOffice(Path(sys.argv[1]), SystemClock()).take("x", "holder of the test")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lease_is_free_once_its_holder_is_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    office = LeaseOffice(tmp_path, SystemClock())
    seen = office.holder("x")
    assert seen is not None
    assert (seen.pid, seen.start_ticks) == (holder.pid, process_start_ticks(holder.pid))
    with pytest.raises(BusyError, match=f"pid {holder.pid}: holder of the test"):
        office.take("x", "me")
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    office.take("x", "me").close()


def test_two_threads_never_hold_the_same_lease(tmp_path: Path) -> None:
    office = LeaseOffice(tmp_path, SystemClock())
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(5):
            with office.take("x", "thread", timeout_s=30):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20

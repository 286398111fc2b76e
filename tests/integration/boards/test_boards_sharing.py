"""`hostkit boards serve --device`: a pty as the device, stock pyserial as the client on the other host."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import threading
import tty
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.sharing import SharedDevice, ShareSpec
from hostkit.clock import SystemClock

MAC = "24:0a:c4:01:02:03"


@dataclass
class Device:
    """A serial device: ``master`` is the chip's side."""

    master: int
    path: str

    def says(self, data: bytes) -> None:
        os.write(self.master, data)

    def hears(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += os.read(self.master, size - len(data))
        return data

    @property
    def speed(self) -> int:
        return int(termios.tcgetattr(self.master)[5])


@pytest.fixture
def device() -> Iterator[Device]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)
    yield Device(master, path)
    os.close(master)


@pytest.fixture
def project(tmp_path: Path, device: Device) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "platformio.ini").write_text("")
    (root / "boards.toml").write_text(
        f'[boards.desk]\nkind = "serial"\nchip = "esp32"\nmac = "{MAC}"\nport = "{device.path}"\n'
    )
    return root


class Serving:
    """The server as a child process."""

    def __init__(self, project: Path, env: dict[str, str], *arguments: str) -> None:
        argv = [sys.executable, "-m", "hostkit", "-C", str(project), "boards", "serve", *arguments]
        self.child = subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.child.stdout is not None
        self.said = ""
        while "Ctrl-C ends it" not in self.said:
            line = self.child.stdout.readline()
            assert line, self.child.communicate()
            self.said += line
        self.url = self.said.split(" is at ")[1].split()[0]

    def note(self) -> str:
        """Return the next line on standard error."""
        assert self.child.stderr is not None
        return self.child.stderr.readline().rstrip()

    def end(self) -> int:
        self.child.send_signal(signal.SIGINT)
        self.child.communicate()
        return self.child.returncode


@pytest.fixture
def serve(project: Path, hostkit_environment: dict[str, str]) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def serve(*arguments: str) -> Serving:
        started.append(Serving(project, hostkit_environment, *arguments))
        return started[-1]

    yield serve
    for each in started:
        each.end()


def connect(url: str, **settings: object) -> serial.SerialBase:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"serial\.")
        return serial.serial_for_url(url, timeout=10, **settings)


def call(url: str) -> socket.socket:
    """Connect without speaking: pyserial leaves its socket open when it is turned away."""
    return socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), 10)


def test_bytes_and_speed_reach_the_device_and_its_words_the_client(
    device: Device, serve: Callable[..., Serving], state_dir: Path
) -> None:
    server = serve("--device", device.path)
    assert server.url.startswith("rfc2217://127.0.0.1:")
    office = LeaseOffice(state_dir / "leases", SystemClock())
    identity = MAC.replace(":", "")
    assert office.holder(identity) is None
    every = bytes(range(256)) * 8
    with connect(server.url, baudrate=460800) as port:
        assert server.note() == "client connected"
        port.write(every)
        assert device.hears(len(every)) == every
        assert device.speed == termios.B460800
        device.says(every)
        assert port.read(len(every)) == every
        port.baudrate = 115200
        port.dtr, port.rts = True, True  # a pty has no such lines: no error, and the bytes go on
        port.rts = False
        port.write(b"after")
        assert device.hears(5) == b"after"
        assert device.speed == termios.B115200
        holder = office.holder(identity)
        assert holder is not None
        assert holder.what == f"hostkit boards serve --device {device.path}"
    assert server.note() == "client gone"
    assert office.holder(identity) is None
    with connect(server.url) as again:
        again.write(b"again")
        assert device.hears(5) == b"again"
    assert server.end() == 130


def test_a_client_is_turned_away_while_somebody_here_has_the_board(
    device: Device, serve: Callable[..., Serving], state_dir: Path
) -> None:
    server = serve("--device", device.path)
    with LeaseOffice(state_dir / "leases", SystemClock()).take(MAC.replace(":", ""), "a gate here"):
        with call(server.url) as stream:
            assert stream.recv(1) == b""
        said = server.note()
    assert said.startswith(f"turned a client away: board desk is taken by pid {os.getpid()}: a gate here (")
    connect(server.url).close()
    assert server.note() == "client connected"


def test_a_second_client_is_turned_away_and_a_device_that_goes_ends_the_first(
    serve: Callable[..., Serving], tmp_path: Path
) -> None:
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    server = serve("--device", path)
    with call(server.url) as first:
        assert server.note() == "client connected"
        with call(server.url) as second:
            assert second.recv(1) == b""
        assert server.note() == "turned a second client away: one at a time"
        os.close(master)
        assert server.note().startswith(f"client gone: {path} vanished")
        while first.recv(4096):  # the greeting, and then the end
            pass


def test_listening_for_others_warns(device: Device, serve: Callable[..., Serving]) -> None:
    server = serve("--device", device.path, "--listen", "0.0.0.0")
    assert "0.0.0.0" not in server.url
    warning = server.note()
    assert warning.startswith("warning: whoever reaches 0.0.0.0 port ")
    assert "no password" in warning


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["--device", "/dev/nothing-there"], 3, "cannot open /dev/nothing-there", "plugged in?"),
        (
            ["virt0", "--device", "/dev/null"],
            2,
            "--device and the board virt0 exclude each other",
            "real port",
        ),
        (["--device", "/dev/null", "--chip", "esp32"], 2, "--device and --chip exclude", "virtual board"),
        ([], 2, "serve what?", "--device PORT"),
    ],
)
def test_what_cannot_be_shared_is_said_with_a_hint(
    hostkit: Callable[..., object], project: Path, arguments: list[str], code: int, message: str, hint: str
) -> None:
    ran = hostkit("-C", str(project), "boards", "serve", *arguments)
    assert ran.code == code  # type: ignore[attr-defined]
    assert message in ran.err  # type: ignore[attr-defined]
    assert hint in ran.err  # type: ignore[attr-defined]


def test_an_address_that_is_not_ours_is_refused(
    hostkit: Callable[..., object], project: Path, device: Device
) -> None:
    ran = hostkit("-C", str(project), "boards", "serve", "--device", device.path, "--listen", "192.0.2.1")
    assert ran.code == 2  # type: ignore[attr-defined]
    assert "cannot serve RFC 2217 on 192.0.2.1 port 0" in ran.err  # type: ignore[attr-defined]


class LinedDevice(serial.Serial):
    """A pty that remembers what was done to the lines that it does not have."""

    moved: list[tuple[str, bool]]

    def _update_dtr_state(self) -> None:
        self.moved.append(("dtr", bool(self._dtr_state)))

    def _update_rts_state(self) -> None:
        self.moved.append(("rts", bool(self._rts_state)))


def test_the_clients_lines_are_the_devices_lines_in_the_order_that_resets_a_board(device: Device) -> None:
    opened: list[LinedDevice] = []

    def opener(path: str) -> serial.Serial:
        lined = LinedDevice(exclusive=True, timeout=0)
        lined.moved = []
        lined.port = path
        lined.open()
        opened.append(lined)
        lined.moved.clear()
        return lined

    shared = SharedDevice(ShareSpec(device.path), lambda: lambda: None, lambda text: None, opener)
    thread = threading.Thread(target=shared.run)
    thread.start()
    try:
        with connect(shared.url) as port:
            port.rts = False
            port.dtr = False  # from here as esptool's classic reset into the loader
            port.rts = True
            port.dtr = True
            port.rts = False
            port.write(b".")
            assert device.hears(1) == b"."
            moved = [("dtr", False), ("rts", True), ("dtr", True), ("rts", False)]
            assert opened[0].moved[-4:] == moved
    finally:
        shared.stop()
        thread.join()
        shared.close()
    assert not opened[0].is_open

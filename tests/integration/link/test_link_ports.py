"""Real ports: who holds one, what a burst costs, what happens when both ends are full."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.errors import ExitCode
from hostkit.holders import find_holder
from hostkit.link import transport as transport_module
from hostkit.link.client import Link
from hostkit.link.errors import PortBusyError, PortGoneError, PortStuckError
from hostkit.link.framing import Frame, FrameDecoder, encode_frame
from hostkit.link.transport import DescriptorTransport, open_transport
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware

HOLDER = """
import sys, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print(1, flush=True)
input()
"""


@pytest.fixture
def pair() -> Iterator[tuple[int, str]]:
    """A pty: descriptor of the board's side, path of the host's."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


@pytest.fixture
def holder(pair: tuple[int, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the port open for itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, pair[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"1\n"
        yield child
        child.kill()


def test_a_port_in_use_names_the_process_that_holds_it(
    pair: tuple[int, str], holder: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(PortBusyError) as caught:
        open_transport(pair[1])
    assert caught.value.pid == holder.pid
    assert f"{pair[1]} is in use by process {holder.pid}" in caught.value.message
    assert "serial.Serial" in caught.value.command
    assert str(holder.pid) in caught.value.hint
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE


def test_a_port_is_free_again_when_its_holder_was_killed(
    pair: tuple[int, str], holder: subprocess.Popen[bytes]
) -> None:
    holder.kill()
    holder.wait()
    open_transport(pair[1]).close()


def test_a_second_client_in_the_same_process_is_refused_too(pair: tuple[int, str]) -> None:
    first = open_transport(pair[1])
    with pytest.raises(PortBusyError) as caught:
        open_transport(pair[1])
    assert caught.value.pid == os.getpid()
    first.close()


def test_a_port_that_nobody_has_open_has_no_holder(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    assert find_holder(plain) is None
    assert find_holder(tmp_path / "missing") is None


def test_an_opener_without_a_lock_is_found_by_its_descriptor(pair: tuple[int, str], tmp_path: Path) -> None:
    # A made-up /proc: locks that say nothing, one process that has the device open.
    process = tmp_path / "4242"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "3").symlink_to(pair[1])
    (process / "cmdline").write_bytes(b"screen\0/dev/ttyX\0")
    found = find_holder(Path(pair[1]), proc=tmp_path)
    assert found is not None
    assert (found.pid, found.command) == (4242, "screen /dev/ttyX")


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("/dev/hostkit-no-such-port", "is not there"),
        ("socket://127.0.0.1:1", "cannot connect to"),
        ("socket://127.0.0.1", "is no port"),
        ("rfc2217://127.0.0.1:1", "cannot open"),
        ("nonsense://x", "is no port"),
    ],
)
def test_a_port_that_is_not_there_says_so_with_a_hint(port: str, words: str) -> None:
    with pytest.raises(PortGoneError) as caught:
        open_transport(port)
    assert words in caught.value.message
    assert port in caught.value.message
    assert caught.value.hint


def test_a_burst_is_read_in_few_calls_and_every_frame_of_it_arrives(pair: tuple[int, str]) -> None:
    frames = [encode_frame(bytes([index & 0xFF]) * 480) for index in range(1900)]  # 920 KB
    port = open_transport(pair[1])
    assert isinstance(port, DescriptorTransport)

    def send() -> None:
        data = memoryview(b"".join(frames))
        while data:
            data = data[os.write(pair[0], data) :]

    sender = threading.Thread(target=send)
    sender.start()
    decoder, seen, calls = FrameDecoder(), 0, 0
    while seen < len(frames):
        data = port.read(5.0)
        assert data
        calls += 1
        seen += sum(isinstance(piece, Frame) for piece in decoder.feed(data))
    sender.join()
    port.close()
    assert calls < sum(map(len, frames)) / 64  # far from one call a byte


def test_a_board_that_reads_nothing_is_told_after_a_while(
    pair: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "_WRITE_TIMEOUT_S", 0.05)
    port = open_transport(pair[1])
    with pytest.raises(PortStuckError) as caught:
        port.write(bytes(1 << 20))
    assert "took no bytes" in caught.value.message
    port.close()


def test_two_full_directions_do_not_lock_up() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    port = DescriptorTransport("pair", ours)
    size = 4 << 20
    received: list[bytes] = []

    def board() -> None:
        theirs.sendall(bytes(size))  # does not read before it has written
        count = 0
        while count < size:
            received.append(theirs.recv(1 << 16))
            count += len(received[-1])

    thread = threading.Thread(target=board)
    thread.start()
    port.write(b"\x01" * size)
    thread.join()
    port.close()
    theirs.close()
    assert sum(map(len, received)) == size


def test_a_client_talks_to_a_board_over_a_pty(pair: tuple[int, str]) -> None:
    _, board = MemoryTransport.pair(SystemClock())
    firmware = FakeFirmware(board)
    board.write = lambda data: [os.write(pair[0], data)][:0]  # type: ignore[method-assign,assignment,return-value]
    stop = threading.Event()

    def serve() -> None:
        firmware.boot()
        while not stop.is_set():
            firmware.take(os.read(pair[0], 4096))

    thread = threading.Thread(target=serve)
    with Link(open_transport(pair[1]), SystemClock()) as link:
        thread.start()
        assert link.wait_ready(5.0).chip == "esp32"
        assert [link.echo(bytes(size)) for size in (0, 63, 64, 65, 512)] == [
            bytes(size) for size in (0, 63, 64, 65, 512)
        ]
        assert len(link.run(0, 1000, 256)) == 256
        stop.set()
        link.raw(b"\0")
        thread.join()

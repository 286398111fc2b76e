"""What every transport promises; run on a pty, a TCP socket, pyserial's loop, wrappers and the fake."""

from __future__ import annotations

import os
import pty
import socket
import tempfile
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import serial
from serial import rfc2217

from hostkit.clock import Clock, SystemClock
from hostkit.halt import Halt
from hostkit.hil.disturbance import CALM, DisturbedTransport, OneWay
from hostkit.link.errors import PortGoneError
from hostkit.link.halting import HaltingTransport
from hostkit.link.hub import Hub, Wishes
from hostkit.link.recording import RecordingTransport
from hostkit.link.transport import Transport, open_transport
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport


@dataclass
class Wire:
    """A transport under test and what stands at its other end."""

    transport: Transport
    clock: Clock
    send: Callable[[bytes], None]
    receive: Callable[[int], bytes]
    unplug: Callable[[], None] | None


def over_pty(stack: ExitStack) -> Wire:
    master, slave = pty.openpty()
    tty.setraw(slave)
    transport = open_transport(os.ttyname(slave))
    os.close(slave)
    end = os.fdopen(master, "r+b", buffering=0)
    stack.callback(end.close)
    return Wire(
        transport,
        SystemClock(),
        lambda data: _write_all(master, data),
        lambda count: _read_count(lambda left: os.read(master, left), count),
        end.close,
    )


def over_socket(stack: ExitStack) -> Wire:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    transport = open_transport(f"socket://127.0.0.1:{listener.getsockname()[1]}")
    peer = stack.enter_context(listener.accept()[0])
    return Wire(
        transport, SystemClock(), peer.sendall, lambda count: _read_count(peer.recv, count), peer.close
    )


def over_rfc2217(stack: ExitStack) -> Wire:
    """pyserial's own client on a server that grants every negotiation of pyserial's PortManager."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    loop = serial.serial_for_url("loop://", timeout=0)
    accepted: list[socket.socket] = []
    received = bytearray()
    news = threading.Condition()

    class Connection:
        @staticmethod
        def write(data: bytes) -> None:
            accepted[0].sendall(data)

    def serve() -> None:
        peer = listener.accept()[0]
        accepted.append(peer)
        manager = rfc2217.PortManager(loop, Connection)
        while True:
            try:
                data = peer.recv(4096)
            except OSError:
                return
            if not data:
                return
            with news:
                received.extend(b"".join(manager.filter(data)))
                news.notify()

    server = threading.Thread(target=serve)
    server.start()
    transport = open_transport(f"rfc2217://127.0.0.1:{listener.getsockname()[1]}")

    def receive(count: int) -> bytes:
        with news:
            assert news.wait_for(lambda: len(received) >= count, 10)
            return bytes(received[:count])

    def unplug() -> None:
        accepted[0].shutdown(socket.SHUT_RDWR)

    def end() -> None:
        transport.close()
        accepted[0].close()
        server.join(10)

    stack.callback(end)
    return Wire(
        transport,
        SystemClock(),
        lambda data: accepted[0].sendall(data.replace(b"\xff", b"\xff\xff")),
        receive,
        unplug,
    )


def over_loop(stack: ExitStack) -> Wire:
    transport = open_transport("loop://")
    return Wire(
        transport,
        SystemClock(),
        transport.write,
        lambda count: _read_count(lambda left: transport.read(1.0), count),
        None,
    )


def over_hub(stack: ExitStack) -> Wire:
    """The owner's side of a shared port."""
    inner = over_pty(stack)
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    wishes = Wishes(must_yield=lambda: False, let_go=lambda: None)
    hub = Hub(inner.transport, directory / "m.sock", wishes)
    stack.callback(hub.close)
    return replace(inner, transport=hub)


def over_recording(stack: ExitStack) -> Wire:
    inner = over_pty(stack)
    return replace(inner, transport=RecordingTransport(inner.transport, None))


def over_halting(stack: ExitStack) -> Wire:
    """Work that could be given up, and is not."""
    inner, halt = over_pty(stack), Halt()
    stack.callback(halt.close)
    return replace(inner, transport=HaltingTransport(inner.transport, halt))


def over_disturbed(stack: ExitStack) -> Wire:
    """A line between a host and a pty that could be disturbed, and is not."""
    inner = over_pty(stack)
    stack.callback(inner.transport.close)
    return replace(inner, transport=DisturbedTransport(inner.transport, OneWay(CALM, "a"), OneWay(CALM, "b")))


def in_memory(stack: ExitStack) -> Wire:
    clock = FakeClock()
    host, board = MemoryTransport.pair(clock)
    return Wire(
        host, clock, board.write, lambda count: _read_count(lambda left: board.read(0), count), board.close
    )


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read_count(read: Callable[[int], bytes], count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += read(count - len(data))
    return data


@pytest.fixture(
    params=[
        over_pty,
        over_socket,
        over_rfc2217,
        over_loop,
        over_hub,
        over_recording,
        over_halting,
        over_disturbed,
        in_memory,
    ],
    ids=lambda make: make.__name__,
)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with ExitStack() as stack:
        made = request.param(stack)
        stack.callback(made.transport.close)
        yield made


def read_all(transport: Transport, count: int) -> bytes:
    return _read_count(lambda left: transport.read(5.0), count)


def test_it_has_a_name(wire: Wire) -> None:
    assert wire.transport.name


def test_every_byte_value_arrives_unchanged_at_the_host(wire: Wire) -> None:
    data = bytes(range(256)) + b"\r\n\x03\x04\x11\x13\xff\xff\0"
    wire.send(data)
    assert read_all(wire.transport, len(data)) == data


def test_every_byte_value_arrives_unchanged_at_the_board(wire: Wire) -> None:
    data = bytes(range(256)) + b"\r\n\x03\x04\x11\x13\xff\xff\0"
    wire.transport.write(data)
    assert wire.receive(len(data)) == data


def test_reading_an_idle_line_returns_nothing_after_the_time(wire: Wire) -> None:
    began = wire.clock.monotonic_ns()
    assert wire.transport.read(0.02) == b""
    assert wire.clock.monotonic_ns() - began >= 19_000_000


def test_reading_with_no_time_does_not_wait_for_bytes(wire: Wire) -> None:
    assert wire.transport.read(0) == b""


def test_what_has_arrived_comes_before_the_time_is_up(wire: Wire) -> None:
    wire.send(b"abc")
    assert read_all(wire.transport, 3) == b"abc"


def test_writing_nothing_is_allowed(wire: Wire) -> None:
    wire.transport.write(b"")
    wire.send(b"x")
    assert read_all(wire.transport, 1) == b"x"


def test_a_closed_port_says_so_and_closes_twice(wire: Wire) -> None:
    wire.transport.close()
    wire.transport.close()
    with pytest.raises(PortGoneError):
        wire.transport.read(0)
    with pytest.raises(PortGoneError):
        wire.transport.write(b"x")


def test_a_port_that_vanishes_is_told_and_names_itself(wire: Wire) -> None:
    if wire.unplug is None:
        pytest.skip("a loop cannot be unplugged")
    wire.unplug()
    with pytest.raises(PortGoneError) as caught:
        read_all(wire.transport, 1)
    assert wire.transport.name in caught.value.message
    assert caught.value.hint

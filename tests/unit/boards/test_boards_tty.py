"""The pty of a virtual board: when it has news for the board, and when it has none."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostkit.boards.virtual.tty import TtyPort

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="told by epoll, which Linux alone has")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[TtyPort]:
    port = TtyPort(tmp_path / "port")
    yield port
    port.close()


@pytest.fixture
def host(port: TtyPort) -> Iterator[int]:
    descriptor = os.open(port.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    port.noticed()
    port.read()
    yield descriptor
    os.close(descriptor)


def ready(*descriptors: int, within_s: float = 10.0) -> list[int]:
    """Return which become readable; the kernel carries bytes through a pty in its own time."""
    return select.select(descriptors, [], [], within_s)[0]


def test_bytes_of_the_host_are_news_once(port: TtyPort, host: int) -> None:
    os.write(host, b"hello")
    assert ready(port.fileno())
    port.noticed()
    assert port.read() == b"hello"
    assert not ready(port.fileno(), within_s=0)


def test_a_host_that_reads_is_no_news_while_nothing_waits_for_it(port: TtyPort, host: int) -> None:
    port.write(b"hello")
    assert ready(host)
    assert os.read(host, 100) == b"hello"
    assert not ready(port.fileno(), within_s=0)


def test_room_for_what_waits_is_news_and_all_of_it_arrives_in_order(port: TtyPort, host: int) -> None:
    sent = bytes(range(256)) * 1024
    port.write(sent)
    assert port.unsent
    came = b""
    while len(came) < len(sent):
        now = ready(host, port.fileno())
        assert now, "both sides wait for each other"
        if host in now:
            came += os.read(host, 1 << 16)
        if port.fileno() in now:
            port.noticed()
            port.flush()
    assert came == sent
    assert not port.unsent


def test_what_waits_is_lost_when_the_host_closes_the_port(port: TtyPort) -> None:
    descriptor = os.open(port.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    port.write(bytes(1 << 18))
    assert port.unsent
    os.close(descriptor)
    port.write(b"more")
    assert not port.unsent

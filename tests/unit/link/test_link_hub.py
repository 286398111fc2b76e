"""One port for several readers: copies, slow ones, giving way."""

from __future__ import annotations

import queue
import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.files import listen_private
from hostkit.link import hub as hub_module
from hostkit.link.errors import PortGoneError
from hostkit.link.hub import Hub, Wishes, join_hub
from hostkit.link.transport import Transport


class QueuePort:
    """A port whose bytes the test puts; None pulls the plug."""

    name = "the port"

    def __init__(self) -> None:
        self.came: queue.Queue[bytes | None] = queue.Queue()
        self.sent: list[bytes] = []
        self.closed = threading.Event()

    def read(self, timeout_s: float) -> bytes:
        try:
            data = self.came.get(timeout=timeout_s)
        except queue.Empty:
            return b""
        if data is None:
            raise PortGoneError("the port vanished", hint="plug it in")
        return data

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed.set()


class Shared:
    def __init__(self, path: Path) -> None:
        self.port = QueuePort()
        self.wanted = threading.Event()
        self.gone = threading.Event()
        self.closed_first = False
        self.path = path
        self.hub = Hub(self.port, path, Wishes(self.wanted.is_set, self._let_go))

    def _let_go(self) -> None:
        self.closed_first = self.port.closed.is_set()
        self.gone.set()

    def join(self) -> Transport:
        reader = join_hub(self.path)
        assert reader is not None
        return reader


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Callable[[], Shared]]:
    made: list[Shared] = []

    def share() -> Shared:
        made.append(Shared(tmp_path / "bench" / "m.sock"))
        return made[-1]

    yield share
    for each in made:
        each.hub.close()


def read(transport: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = transport.read(5)
        assert piece
        data += piece
    return data


def test_all_readers_see_the_same_bytes_in_the_same_order(share: Callable[[], Shared]) -> None:
    shared = share()
    readers = [shared.join(), shared.join()]
    data = bytes(range(256)) * 100
    shared.port.came.put(data)
    for reader in readers:
        assert read(reader, len(data)) == data
        reader.close()
    shared.hub.read(0)


def test_only_the_user_may_join(share: Callable[[], Shared]) -> None:
    assert share().path.stat().st_mode & 0o777 == 0o600


def test_what_is_written_goes_to_the_port_in_order(share: Callable[[], Shared]) -> None:
    shared = share()
    shared.hub.write(b"a")
    shared.hub.write(b"b")
    shared.hub.close()
    assert shared.port.sent in ([b"a", b"b"], [])  # closed before the first turn: nothing of it


def test_a_reader_that_hangs_up_or_sleeps_is_cut_off_and_the_others_go_on(
    share: Callable[[], Shared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_MOST_UNSENT", 1000)
    shared = share()
    sleeping, leaving, staying = shared.join(), shared.join(), shared.join()
    leaving.close()
    piece = bytes(1 << 16)
    for _ in range(40):  # more than a socket's buffers hold
        shared.port.came.put(piece)
        read(staying, len(piece))
    with pytest.raises(PortGoneError):
        read(sleeping, len(piece) * 41)
    for reader in (sleeping, staying):
        reader.close()


def test_an_owner_that_does_not_read_loses_the_oldest_and_holds_up_nobody(
    share: Callable[[], Shared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_MOST_UNREAD", 10)
    shared = share()
    reader = shared.join()
    for piece in (b"1234567", b"89abcdef"):
        shared.port.came.put(piece)
    assert read(reader, 15) == b"123456789abcdef"
    shared.hub.close()
    assert shared.hub.read(0) == b"89abcdef"
    assert shared.hub.lost_bytes == len(b"1234567")
    reader.close()


def test_it_gives_way_with_the_port_closed_first_and_tells_everybody(share: Callable[[], Shared]) -> None:
    shared = share()
    reader = shared.join()
    shared.wanted.set()
    assert shared.gone.wait(10)
    assert shared.closed_first
    assert not shared.path.exists()
    for transport in (shared.hub, reader):
        with pytest.raises(PortGoneError):
            transport.read(5)
    with pytest.raises(PortGoneError):
        shared.hub.write(b"x")
    assert join_hub(shared.path) is None
    reader.close()


def test_a_port_that_vanishes_ends_it_for_all_after_what_had_come(share: Callable[[], Shared]) -> None:
    shared = share()
    reader = shared.join()
    shared.port.came.put(b"last words")
    shared.port.came.put(None)
    assert shared.gone.wait(10)
    assert read(shared.hub, 10) == b"last words"
    with pytest.raises(PortGoneError, match="the port vanished"):
        shared.hub.read(5)
    assert read(reader, 10) == b"last words"
    reader.close()


def test_a_socket_that_a_dead_owner_left_is_replaced(share: Callable[[], Shared], tmp_path: Path) -> None:
    path = tmp_path / "bench" / "m.sock"
    path.parent.mkdir()
    path.touch()
    assert join_hub(path) is None
    share().join().close()


def test_a_hub_that_ends_before_it_knows_of_a_reader_has_not_been_joined(tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    with listen_private(path) as dying, ThreadPoolExecutor() as pool:
        joined = pool.submit(join_hub, path)
        assert select.select([dying], [], [], 10)[0]  # connected, but nobody took it in
        dying.close()
        assert joined.result(10) is None


def test_an_owner_that_is_stopped_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_GREETING_S", 0.01)
    with listen_private(tmp_path / "m.sock"):
        assert join_hub(tmp_path / "m.sock") is None


def test_nobody_shares_where_there_is_no_socket(tmp_path: Path) -> None:
    assert join_hub(tmp_path / "no" / "m.sock") is None


def test_a_directory_that_cannot_be_is_a_tool_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ToolError, match="cannot listen on"):
        Hub(QueuePort(), tmp_path / "file" / "m.sock", Wishes(lambda: False, lambda: None))

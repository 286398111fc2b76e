"""Boards for tests: a virtual one served in this process, and a fake that only remembers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostkit.boards.model import BoardSpec, Chip, FlashAccess, Kind
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.boards.virtual.server import BoardServer, ServeSpec
from hostkit.clock import SystemClock
from hostkit.errors import HostkitError, InconclusiveError

TEST_MAC = "02:00:00:00:00:10"
"""Locally administered: no device on sale has it."""


class FakeBoard:
    """A board without anything behind it; passes ``tests/contract/boards`` as the real ones do.

    ``calls`` remembers what was asked of it. Set ``unplugged`` to take it away.
    """

    def __init__(self, spec: BoardSpec, port: str) -> None:
        """Say ``port`` when asked for one."""
        self._spec = spec
        self._port = port
        self.calls: list[str] = []
        self.unplugged = False

    @property
    def spec(self) -> BoardSpec:
        """What it was made with."""
        return self._spec

    def link_port(self) -> str:
        """Return the port, or raise :class:`InconclusiveError` while unplugged."""
        if self.unplugged:
            raise InconclusiveError(f"board {self._spec.name} is unplugged", hint="plug it in")
        return self._port

    def enter_download(self) -> FlashAccess:
        """Remember it."""
        port = self.link_port()
        self.calls.append("enter_download")
        return FlashAccess(port, self._spec.baud, before="no-reset", after="no-reset")

    def run_application(self) -> None:
        """Remember it."""
        self.link_port()
        self.calls.append("run_application")

    def close(self) -> None:
        """Remember it."""
        self.calls.append("close")


def virtual_spec(name: str = "bench", chip: Chip = Chip.ESP32) -> BoardSpec:
    """Return the spec of the board that :func:`running_board` serves."""
    return BoardSpec(name=name, kind=Kind.VIRTUAL, chip=chip, mac=TEST_MAC)


@contextmanager
def running_board(
    boards_dir: Path, *, chip: Chip = Chip.ESP32, name: str = "bench", paced: bool = False
) -> Iterator[VirtualBoard]:
    """Serve a virtual board from a thread of this process and yield it, attached.

    Its live directory is ``boards_dir / name``; flash that lies there already is used. Ends with the
    block: application killed, ports gone, flash saved.
    """
    spec = ServeSpec(name, chip, TEST_MAC, paced=paced)
    server: list[BoardServer] = []
    failure: list[HostkitError] = []
    up = threading.Event()

    def serve() -> None:
        # Made in the thread that runs it: the application dies with the thread that started it.
        try:
            server.append(BoardServer(spec, boards_dir / name, SystemClock()))
        except HostkitError as error:
            failure.append(error)
            return
        finally:
            up.set()
        try:
            server[0].run()
        finally:
            server[0].close()

    thread = threading.Thread(target=serve, name=f"board {name}", daemon=True)
    thread.start()
    up.wait()
    if failure:
        thread.join()
        raise failure[0]
    try:
        yield VirtualBoard(virtual_spec(name, chip), boards_dir / name, autostart=False)
    finally:
        server[0].stop()
        thread.join()

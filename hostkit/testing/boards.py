"""Boards for tests: a virtual one served in this process, and a fake that only remembers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostkit.boards.image import (
    AppDescription,
    ImageHeader,
    Payload,
    Segment,
    pack_application,
    pack_description,
    pack_image,
)
from hostkit.boards.model import BoardSpec, Chip, FlashAccess, Kind
from hostkit.boards.partitions import DEFAULT_PARTITIONS, TABLE_OFFSET, pack_partitions
from hostkit.boards.virtual.board import VirtualBoard, serve_spec
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.payload import Firmware, host_machine
from hostkit.boards.virtual.server import BoardServer, ServeSpec
from hostkit.clock import SystemClock
from hostkit.errors import HostkitError, InconclusiveError
from hostkit.files import atomic_write

APP_OFFSET = 0x10000
"""Where :data:`hostkit.boards.partitions.DEFAULT_PARTITIONS` has the application."""

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


ECHO_FIRMWARE = b"""#!/bin/sh
printf 'up %s %s\\r\\n' "$HK_CHIP" "$HK_RESET_REASON"
exec cat
"""
"""A payload that says its chip and reset reason, then sends back whatever it is sent."""


def flash_content(
    firmware: bytes, *, chip: Chip = Chip.ESP32, size: int = 4 << 20, version: str = "1.0.0"
) -> bytes:
    """Return a whole chip's flash with a partition table and ``firmware`` as application.

    ``firmware`` is any executable that this host runs: an ELF, or a script with a ``#!`` line.
    """
    image = pack_application(chip, AppDescription(version), Payload(host_machine(), firmware))
    return flash_with(image, size=size)


def flash_with(image: bytes, *, size: int = 4 << 20) -> bytes:
    """Return a whole chip's flash with a partition table and an application image."""
    flash = NorFlash(size)
    flash.write(TABLE_OFFSET, pack_partitions(DEFAULT_PARTITIONS))
    flash.write(APP_OFFSET, image)
    return flash.snapshot()


IDLE_PROGRAM = pack_image(
    ImageHeader(Chip.ESP32C3, entry=0x42010020),
    (
        Segment(0x3C000020, pack_description(AppDescription("1.0.0"))),
        Segment(0x42010020, (0x6F).to_bytes(4, "little")),
    ),
)
"""An image for a simulated ESP32-C3 that does nothing: one jump to itself."""


def virtual_spec(
    name: str = "bench", chip: Chip = Chip.ESP32, *, kind: Kind = Kind.VIRTUAL, frames: int = 0
) -> BoardSpec:
    """Return the spec of the board that :func:`running_board` serves."""
    return BoardSpec(name=name, kind=kind, chip=chip, mac=TEST_MAC, frames=frames)


class FakeApplication:
    """What runs on a :class:`hostkit.boards.virtual.machine.Machine` in tests: it only remembers."""

    def __init__(self, firmware: Firmware) -> None:
        """Start with the storage that the board gave it; change ``stored`` to have stored something."""
        self.firmware = firmware
        self.received = bytearray()
        self.hung = False
        self.ended = False
        self.stored = firmware.storage

    def write(self, data: bytes, limit: int) -> int:
        """Take what fits in ``limit`` bytes, return how many were lost."""
        taken = data[: limit - len(self.received)]
        self.received += taken
        return len(data) - len(taken)

    def hang(self) -> None:
        """Remember it."""
        self.hung = True

    def end(self) -> int:
        """Remember it."""
        self.ended = True
        return 0

    def storage(self) -> bytes | None:
        """Return ``stored``."""
        return self.stored

    def discard(self) -> None:
        """Forget ``stored``."""
        self.stored = None


@contextmanager
def running_board(
    boards_dir: Path,
    *,
    chip: Chip = Chip.ESP32,
    name: str = "bench",
    paced: bool = False,
    firmware: bytes | None = None,
) -> Iterator[VirtualBoard]:
    """Serve a virtual board from a thread of this process and yield it, attached.

    Its live directory is ``boards_dir / name``; flash that lies there already is used, else the board
    is blank, or holds ``firmware`` (see :func:`flash_content`). Ends with the block: application
    killed, ports gone, flash saved.
    """
    spec = ServeSpec(name, chip, TEST_MAC, paced=paced)
    if firmware is not None:
        atomic_write(boards_dir / name / "flash.bin", flash_content(firmware, chip=chip), durable=False)
    with _serving(spec, boards_dir / name):
        yield VirtualBoard(virtual_spec(name, chip), boards_dir / name, autostart=False)


@contextmanager
def simulated_board(boards_dir: Path, image: bytes) -> Iterator[VirtualBoard]:
    """Serve a simulated ESP32-C3 that holds an application image, as :func:`running_board` does."""
    spec = virtual_spec("simulated", Chip.ESP32C3, kind=Kind.SIMULATED)
    directory = boards_dir / spec.name
    atomic_write(directory / "flash.bin", flash_with(image), durable=False)
    with _serving(serve_spec(spec), directory):
        yield VirtualBoard(spec, directory, autostart=False)


@contextmanager
def _serving(spec: ServeSpec, directory: Path) -> Iterator[None]:
    server: list[BoardServer] = []
    failure: list[HostkitError] = []
    up = threading.Event()

    def serve() -> None:
        # Made in the thread that runs it: the application dies with the thread that started it.
        try:
            server.append(BoardServer(spec, directory, SystemClock()))
        except HostkitError as error:
            failure.append(error)
            return
        finally:
            up.set()
        try:
            server[0].run()
        finally:
            server[0].close()

    thread = threading.Thread(target=serve, name=f"board {spec.name}", daemon=True)
    thread.start()
    up.wait()
    if failure:
        thread.join()
        raise failure[0]
    try:
        yield
    finally:
        server[0].stop()
        thread.join()

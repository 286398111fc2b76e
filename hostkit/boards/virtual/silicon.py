"""What one virtual board is, what it is doing, and what runs on it: the records around the machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hostkit.boards.model import Chip


class Mode(Enum):
    """What the board is doing."""

    OFF = "off"
    UNPLUGGED = "unplugged"
    IN_RESET = "in-reset"
    DOWNLOAD = "download"
    RUNNING = "running"
    HUNG = "hung"
    BOOT_LOOP = "boot-loop"


class Application(Protocol):
    """What runs on the board; :class:`~hostkit.boards.virtual.payload.Payload` is the real one."""

    def write(self, data: bytes, limit: int) -> int:
        """Send bytes to its UART; return how many were lost for want of room."""
        ...

    def hang(self) -> None:
        """Stop it where it is."""
        ...

    def end(self) -> int:
        """End it at once, return its exit code."""
        ...

    def storage(self) -> bytes | None:
        """Return its NVS as it left it."""
        ...

    def discard(self) -> None:
        """Forget its NVS: it is safe in flash."""
        ...


@dataclass(frozen=True, slots=True)
class Silicon:
    """What one board is: chip, MAC, what payloads run here (``x86_64-linux``), and its wire.

    ``engine``: what runs programs for the chip itself; without one it runs payloads for the host.
    """

    chip: Chip
    mac: str
    host: str
    paced: bool = False
    seed: int = 0
    engine: tuple[str, ...] = ()

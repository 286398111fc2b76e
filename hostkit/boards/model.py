"""Records of what boards are, and the interface that every kind of board offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path
from typing import Protocol, runtime_checkable


class Chip(Enum):
    """Chips that hostkit knows, by esptool's ``--chip`` name."""

    ESP32 = "esp32"
    ESP32S3 = "esp32s3"
    ESP32C3 = "esp32c3"


class Kind(Enum):
    """How a board exists."""

    VIRTUAL = "virtual"  # firmware compiled for the host, behind a modelled ESP32
    SIMULATED = "simulated"  # firmware for the chip's instruction set, simulated behind the same model
    SERIAL = "serial"  # silicon on a serial port of this machine
    RFC2217 = "rfc2217"  # silicon behind a port server
    QEMU = "qemu"  # the chip's own instructions, in Espressif's QEMU


class Fidelity(IntEnum):
    """How near to silicon an observation was made; ordered, so a gate can ask for a minimum."""

    VIRTUAL = 1
    SIMULATED = 2
    BOARD = 3


FIDELITY: dict[Kind, Fidelity] = {
    Kind.VIRTUAL: Fidelity.VIRTUAL,
    Kind.SIMULATED: Fidelity.SIMULATED,
    Kind.SERIAL: Fidelity.BOARD,
    Kind.RFC2217: Fidelity.BOARD,
    Kind.QEMU: Fidelity.SIMULATED,
}

_PATIENCE = {Kind.SIMULATED: 10.0}


@dataclass(frozen=True, slots=True)
class BoardSpec:
    """One entry of ``boards.toml``: what the board must be. ``mac`` is lower case with colons, or empty."""

    name: str
    kind: Kind
    chip: Chip
    mac: str = ""
    flash_size: int = 4 << 20  # bytes
    port: str = ""  # device path or URL; empty for a virtual board, and for one found by its MAC
    profile: str = "dual-160"
    baud: int = 460_800  # flashing speed, bits per second
    labels: tuple[str, ...] = field(default=())
    frames: int = 0  # most frames of one scene that the suite compares, for a slow board; 0: all
    qemu: str = ""  # program of a QEMU board; empty: the one on PATH
    power: tuple[str, ...] = field(default=())  # argv that switches it off and on again

    @property
    def identity(self) -> str:
        """The name that leases go by: the MAC where known (ports change names), else kind and name."""
        return self.mac.replace(":", "") if self.mac else f"{self.kind.value}-{self.name}"

    @property
    def served(self) -> bool:
        """True for a board that exists only while a process of this machine serves it."""
        return self.kind in (Kind.VIRTUAL, Kind.SIMULATED)

    @property
    def ends_with_user(self) -> bool:
        """True for a board that is a process of whoever reset it last, and ends with that one."""
        return self.kind is Kind.QEMU

    @property
    def patience(self) -> float:
        """How many times longer than silicon it may take to answer: its own time runs slower than ours."""
        return _PATIENCE.get(self.kind, 1.0)

    @property
    def fidelity(self) -> Fidelity:
        """How much an observation on this board establishes."""
        return FIDELITY[self.kind]


@dataclass(frozen=True, slots=True)
class FlashAccess:
    """How esptool reaches a board: its ``--port``, ``--baud``, ``--before`` and ``--after`` values.

    ``stub`` False: the chip's ROM alone, as esptool's ``--no-stub``. ``file``: the board is off and its flash
    is this file, to be read and written without esptool; ``port`` means nothing then.
    """

    port: str
    baud: int
    before: str
    after: str
    stub: bool = True
    file: Path | None = None


class Board(Protocol):
    """A board that can be reset, flashed and talked to. Every kind passes ``tests/contract/boards``."""

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        ...

    def link_port(self) -> str:
        """Return the port (device path or pyserial URL) where the firmware talks, as it is named now.

        Raises :class:`InconclusiveError` when the board is not there.
        """
        ...

    def enter_download(self) -> FlashAccess:
        """Bring the board to its ROM loader where hostkit does that itself, and say how esptool connects."""
        ...

    def run_application(self) -> None:
        """Reset the board into what its flash holds; returns at once, does not wait for the firmware."""
        ...

    def close(self) -> None:
        """Give back whatever was opened; a second call does nothing."""
        ...


@runtime_checkable
class FaultSwitch(Protocol):
    """What can make things go wrong on purpose; a board that is served by hostkit is one."""

    def fault(self, fault: str, amount: float | None = None) -> None:
        """Do it; the words are those of ``hostkit boards fault``.

        Raises :class:`InconclusiveError` for what cannot happen now.
        """
        ...

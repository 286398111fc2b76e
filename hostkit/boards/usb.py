"""Serial ports on USB: which there are, which may be a board, and which chip was found behind each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hostkit.boards.model import BoardSpec, Chip
from hostkit.files import atomic_write, pretty_json

ADAPTERS: Mapping[tuple[int, int], str] = {
    (0x10C4, 0xEA60): "CP210x",
    (0x10C4, 0xEA63): "CP210x",
    (0x10C4, 0xEA70): "CP2105",
    (0x10C4, 0xEA71): "CP2108",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x55D4): "CH9102",
    (0x0403, 0x6001): "FTDI FT232R",
    (0x0403, 0x6010): "FTDI FT2232",
    (0x0403, 0x6014): "FTDI FT232H",
    (0x0403, 0x6015): "FTDI FT-X",
    (0x303A, 0x1001): "Espressif USB-Serial-JTAG",
}
"""USB vendor and product ids of what ESP32 boards carry, from the makers' own lists: Silicon Labs AN197,
WCH's and FTDI's driver files, Espressif's usb-pids."""

MEMORY = ".usb.json"
"""File of what was found, in ``<state>/boards``; no board can have that name."""


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A serial port on USB as it is now. ``serial`` is empty where the adapter has none."""

    device: str
    vid: int
    pid: int
    serial: str = ""
    location: str = ""

    @property
    def adapter(self) -> str:
        """What kind of adapter it is; empty for one that no board is known to carry."""
        return ADAPTERS.get((self.vid, self.pid), "")

    @property
    def key(self) -> str:
        """What it is remembered by: serial numbers alone are not unique (every CP2102 has 0001)."""
        return f"{self.vid:04x}:{self.pid:04x}:{self.serial}:{self.location}"


Lister = Callable[[], tuple[UsbPort, ...]]
"""Returns the USB serial ports that there are now. The shipped fake is ``hostkit.testing.usb.FakeLister``."""


def list_ports() -> tuple[UsbPort, ...]:
    """Return this machine's USB serial ports, by device name."""
    from serial.tools.list_ports import comports  # noqa: PLC0415 - 30 ms that a virtual board does not need

    found = (
        UsbPort(port.device, port.vid, port.pid, port.serial_number or "", port.location or "")
        for port in comports()
        if port.vid is not None and port.pid is not None
    )
    return tuple(sorted(found, key=lambda port: port.device))


@dataclass(frozen=True, slots=True)
class KnownChip:
    """What a chip said of itself: type, MAC (lower case, colons), bytes of flash."""

    chip: Chip
    mac: str
    flash_size: int


@dataclass(frozen=True, slots=True)
class UsbMemory:
    """Which chip was found behind which USB port; a file in the state directory."""

    path: Path

    def chips(self) -> Mapping[str, KnownChip]:
        """Return what is remembered, by :attr:`UsbPort.key`; a file that makes no sense is no memory."""
        try:
            raw: Any = json.loads(self.path.read_bytes())
            return {key: KnownChip(Chip(it["chip"]), it["mac"], it["flash_size"]) for key, it in raw.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def remember(self, port: UsbPort, chip: KnownChip) -> None:
        """Keep what a chip said. What was found elsewhere with the same MAC is forgotten: it was moved."""
        kept = {key: each for key, each in self.chips().items() if each.mac != chip.mac} | {port.key: chip}
        plain = {key: asdict(each) | {"chip": each.chip.value} for key, each in kept.items()}
        atomic_write(self.path, pretty_json(plain), mode=0o600)


@dataclass(frozen=True, slots=True)
class PortFinder:
    """Finds the port of a board by the MAC that was found behind it, whatever its name is now."""

    memory: UsbMemory
    lister: Lister

    def find(self, spec: BoardSpec) -> str:
        """Return the device of a serial board now: where its MAC was found, else what boards.toml says
        (may be empty)."""
        if not spec.mac:
            return spec.port
        known = self.memory.chips()
        if not any(chip.mac == spec.mac for chip in known.values()):
            return spec.port
        ports = self.lister()
        same = {port.device for port in ports if (chip := known.get(port.key)) and chip.mac == spec.mac}
        named = str(Path(spec.port).resolve()) if spec.port else ""
        if not same or named in same or spec.port in same:
            return spec.port
        return min(same)

"""What both loaders, mask ROM and flasher stub, have in common. Pure: packets in, packets and effects out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from hostkit.boards.loader_protocol import words
from hostkit.boards.virtual.flash import FlashRangeError, NorFlash
from hostkit.boards.virtual.programming import Plan, Programming
from hostkit.boards.virtual.registers import Registers


class Effect(Enum):
    """What happens to the chip after its answer went out."""

    NOTHING = auto()
    NEW_BAUD = auto()  # the UART changes to ``Step.baud``
    START_STUB = auto()  # jumped to the code in RAM
    LEAVE_STUB = auto()  # the stub handed back to the ROM loader
    RUN = auto()  # left the loader for the application
    WATCHDOG = auto()  # the RTC watchdog resets the chip


@dataclass(frozen=True, slots=True)
class Step:
    """What a loader says to one packet, and what comes of it. ``packets`` are not yet framed."""

    packets: tuple[bytes, ...] = ()
    effect: Effect = Effect.NOTHING
    baud: int = 0


@dataclass(slots=True)
class Chipset:
    """What a loader works on."""

    flash: NorFlash
    registers: Registers


class Loader(Protocol):
    """One loader in download mode."""

    def handle(self, packet: bytes) -> Step:
        """Answer one SLIP packet; never raises, whatever the packet holds."""
        ...


def begin_programming(
    chipset: Chipset, data: bytes, *, deflate: bool, erase_first: bool
) -> Programming | None:
    """Start a session from the data of a BEGIN command; None when it is too short or out of range.

    The data is: bytes to erase or write, number of blocks, block size, address, and perhaps a flag for
    encryption, which no virtual board has.
    """
    fields = words(data, 4)
    if fields is None:
        return None
    length, _, _, address = fields
    try:
        return Programming(
            chipset.flash, Plan(address=address, length=length, deflate=deflate, erase_first=erase_first)
        )
    except FlashRangeError:
        return None


def write_registers(registers: Registers, data: bytes) -> bool:
    """Carry out WRITE_REG: groups of address, value, mask and delay; False when the data is no such list."""
    if not data or len(data) % 16:
        return False
    for start in range(0, len(data), 16):
        fields = words(data[start:], 4)
        assert fields is not None
        address, value, mask, _delay_us = fields
        registers.write(address, value, mask)
    return True


def security_info(chip_id: int) -> bytes:
    """Return GET_SECURITY_INFO's 20 bytes for a chip with nothing locked: flags, count, keys, id, version."""
    return bytes(12) + chip_id.to_bytes(4, "little") + bytes(4)

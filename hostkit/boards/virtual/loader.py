"""What both loaders, mask ROM and flasher stub, have in common. Pure: packets in, packets and effects out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from hostkit.boards.loader_protocol import Op, Request, checksum, parse_request, response, words
from hostkit.boards.virtual.flash import FlashRangeError, NorFlash
from hostkit.boards.virtual.programming import Outcome, Plan, Programming
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


_BLOCK_HEAD = 4  # words before the bytes of a block: length, sequence number, two of zero


def block_of(asked: Request) -> bytes:
    """Return the bytes that a DATA command carries."""
    return asked.data[4 * _BLOCK_HEAD :]


def sequence_of(asked: Request) -> int:
    """Return the number of the block that a DATA command carries; its head must be there."""
    return int.from_bytes(asked.data[4:8], "little")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a loader ends its answers: status of success and of an error, and its codes for common faults."""

    ok: bytes
    error: Callable[[int], bytes]
    unknown: int  # no such opcode
    malformed: int  # too little data, or the length inside does not fit it
    bad_checksum: int
    not_begun: int  # a block before its BEGIN
    unreadable: int  # an address outside of the chip
    digest: Callable[[bytes], bytes]  # how an MD5 is told
    blocks: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class Command:
    """One opcode: how many words its data begins with at least, and what takes them."""

    words: int
    run: Callable[..., Step]  # (request, *words)


class CommandLoader:
    """The commands that both loaders carry out alike; each adds its own to ``_commands``."""

    def __init__(self, chipset: Chipset, dialect: Dialect) -> None:
        """Begin outside of any programming session."""
        self._chips = chipset
        self._dialect = dialect
        self._session: Programming | None = None
        self._commands: dict[int, Command] = {
            Op.READ_REG: Command(1, self._read_reg),
            Op.WRITE_REG: Command(0, self._write_reg),
            Op.SPI_ATTACH: Command(0, self._accept),
            Op.SPI_SET_PARAMS: Command(0, self._accept),
            Op.FLASH_DATA: Command(0, self._flash_data),
            Op.FLASH_DEFL_DATA: Command(0, self._flash_data),
            Op.SPI_FLASH_MD5: Command(2, self._md5),
            Op.CHANGE_BAUDRATE: Command(1, self._change_baud),
        }
        if chipset.registers.facts.has_security_info:
            self._commands[Op.GET_SECURITY_INFO] = Command(0, self._security_info)

    def handle(self, packet: bytes) -> Step:
        """Answer one packet; what is no request gets no answer."""
        asked = parse_request(packet)
        if asked is None:
            return Step()
        command = self._commands.get(asked.op)
        if command is None:
            return self._refuse(asked, self._dialect.unknown)
        fields = words(asked.data, command.words)
        if fields is None:
            return self._refuse(asked, self._dialect.malformed)
        return command.run(asked, *fields)

    def _answer(
        self, asked: Request, *, value: int = 0, data: bytes = b"", effect: Effect = Effect.NOTHING
    ) -> Step:
        return Step((response(asked.op, value, data, self._dialect.ok),), effect)

    def _refuse(self, asked: Request, error: int) -> Step:
        return Step((response(asked.op, 0, b"", self._dialect.error(error)),))

    def _accept(self, asked: Request, *_: int) -> Step:
        return self._answer(asked)

    def _read_reg(self, asked: Request, address: int) -> Step:
        return self._answer(asked, value=self._chips.registers.read(address))

    def _write_reg(self, asked: Request) -> Step:
        if not write_registers(self._chips.registers, asked.data):
            return self._refuse(asked, self._dialect.malformed)
        fired = self._chips.registers.watchdog_fired
        return self._answer(asked, effect=Effect.WATCHDOG if fired else Effect.NOTHING)

    def _security_info(self, asked: Request) -> Step:
        return self._answer(asked, data=security_info(self._chips.registers.facts.image_id))

    def _broken_block(self, asked: Request) -> Step | None:
        """Return the refusal of a DATA command whose length or checksum is wrong, or None."""
        fields = words(asked.data, _BLOCK_HEAD)
        data = block_of(asked)
        if fields is None or fields[0] != len(data):
            return self._refuse(asked, self._dialect.malformed)
        if checksum(data) != asked.checksum & 0xFF:
            return self._refuse(asked, self._dialect.bad_checksum)
        return None

    def _flash_data(self, asked: Request) -> Step:
        broken = self._broken_block(asked)
        if broken is not None:
            return broken
        if self._session is None:
            return self._refuse(asked, self._dialect.not_begun)
        outcome = self._session.block(sequence_of(asked), block_of(asked))
        return (
            self._answer(asked)
            if outcome is Outcome.DONE
            else self._refuse(asked, self._dialect.blocks[outcome])
        )

    def _md5(self, asked: Request, address: int, length: int) -> Step:
        try:
            digest = self._chips.flash.md5(address, length)
        except FlashRangeError:
            return self._refuse(asked, self._dialect.unreadable)
        return self._answer(asked, data=self._dialect.digest(digest))

    def _change_baud(self, asked: Request, baud: int) -> Step:
        if baud == 0:
            return self._refuse(asked, self._dialect.malformed)
        return Step(self._answer(asked).packets, Effect.NEW_BAUD, baud)

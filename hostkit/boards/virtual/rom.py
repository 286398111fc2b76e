"""The loader in the chip's mask ROM. Pure: packets in, packets and effects out."""

from __future__ import annotations

from collections.abc import Callable

from hostkit.boards.loader_protocol import (
    SYNC_DATA,
    Op,
    Request,
    RomError,
    checksum,
    parse_request,
    response,
    words,
)
from hostkit.boards.virtual.flash import FlashRangeError
from hostkit.boards.virtual.loader import (
    Chipset,
    Effect,
    Step,
    begin_programming,
    security_info,
    write_registers,
)
from hostkit.boards.virtual.programming import Outcome, Programming

_SYNC_REPLIES = 8
_SYNC_VALUE = 0x20120707  # any value but 0, by which the host tells ROM from stub
_SLOW_READ = 64  # bytes a READ_FLASH_SLOW returns, always

_OUTCOMES = {
    Outcome.OUT_OF_SEQUENCE: RomError.FAILED_TO_ACT,
    Outcome.OUT_OF_RANGE: RomError.FLASH_WRITE,
    Outcome.TOO_MUCH: RomError.FAILED_TO_ACT,
    Outcome.BAD_DEFLATE: RomError.DEFLATE,
}


def _answer(op: int, *, value: int = 0, data: bytes = b"") -> Step:
    return Step((response(op, value, data, bytes(4)),))


def _refuse(op: int, error: RomError) -> Step:
    return Step((response(op, 0, b"", bytes((1, error, 0, 0))),))


class RomLoader:
    """Answers as the mask ROM does: four status bytes, 1 KiB blocks, erase at BEGIN, MD5 as text."""

    def __init__(self, chipset: Chipset) -> None:
        """Start as after reset into download mode."""
        self._chips = chipset
        self._session: Programming | None = None
        self._ram: list[range] = []
        self._ram_left = 0
        self._ram_next = 0
        self._handlers: dict[int, Callable[[Request], Step]] = {
            Op.SYNC: self._sync,
            Op.READ_REG: self._read_reg,
            Op.WRITE_REG: self._write_reg,
            Op.SPI_ATTACH: self._accept,
            Op.SPI_SET_PARAMS: self._accept,
            Op.MEM_BEGIN: self._mem_begin,
            Op.MEM_DATA: self._mem_data,
            Op.MEM_END: self._mem_end,
            Op.FLASH_BEGIN: self._flash_begin,
            Op.FLASH_DATA: self._flash_data,
            Op.FLASH_END: self._flash_end,
            Op.FLASH_DEFL_BEGIN: self._flash_begin,
            Op.FLASH_DEFL_DATA: self._flash_data,
            Op.FLASH_DEFL_END: self._flash_end,
            Op.READ_FLASH_SLOW: self._read_slow,
            Op.SPI_FLASH_MD5: self._md5,
            Op.CHANGE_BAUDRATE: self._change_baud,
        }
        if chipset.registers.facts.has_security_info:
            self._handlers[Op.GET_SECURITY_INFO] = self._security_info

    def handle(self, packet: bytes) -> Step:
        """Answer one packet; what is no request gets no answer, an unknown opcode INVALID_MESSAGE."""
        asked = parse_request(packet)
        if asked is None:
            return Step()
        handler = self._handlers.get(asked.op)
        if handler is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        return handler(asked)

    def _accept(self, asked: Request) -> Step:
        return _answer(asked.op)

    def _sync(self, asked: Request) -> Step:
        if asked.data != SYNC_DATA:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        return Step((response(asked.op, _SYNC_VALUE, b"", bytes(4)),) * _SYNC_REPLIES)

    def _read_reg(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        return _answer(asked.op, value=self._chips.registers.read(fields[0]))

    def _write_reg(self, asked: Request) -> Step:
        if not write_registers(self._chips.registers, asked.data):
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        step = _answer(asked.op)
        return Step(step.packets, Effect.WATCHDOG) if self._chips.registers.watchdog_fired else step

    def _security_info(self, asked: Request) -> Step:
        return _answer(asked.op, data=security_info(self._chips.registers.facts.image_id))

    def _mem_begin(self, asked: Request) -> Step:
        fields = words(asked.data, 4)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        length, _, _, address = fields
        self._ram.append(range(address, address + length))
        del self._ram[:-16]
        self._ram_left, self._ram_next = length, 0
        return _answer(asked.op)

    def _mem_data(self, asked: Request) -> Step:
        fields = words(asked.data, 4)
        data = asked.data[16:]
        if fields is None or fields[0] != len(data):
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        if checksum(data) != asked.checksum & 0xFF:
            return _refuse(asked.op, RomError.INVALID_CHECKSUM)
        if fields[1] != self._ram_next or len(data) > self._ram_left:
            return _refuse(asked.op, RomError.FAILED_TO_ACT)
        self._ram_next += 1
        self._ram_left -= len(data)
        return _answer(asked.op)

    def _mem_end(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        stay, entry = fields
        step = _answer(asked.op)
        if stay:
            return step
        loaded = any(entry in segment for segment in self._ram)
        # Code is not run: what a host loads and jumps into is taken for a flasher stub. A jump into
        # nothing crashes, and the watchdog brings the chip back.
        return Step(step.packets, Effect.START_STUB if loaded else Effect.WATCHDOG)

    def _flash_begin(self, asked: Request) -> Step:
        deflate = asked.op == Op.FLASH_DEFL_BEGIN
        self._session = begin_programming(self._chips, asked.data, deflate=deflate, erase_first=True)
        return _answer(asked.op) if self._session else _refuse(asked.op, RomError.FAILED_TO_ACT)

    def _flash_data(self, asked: Request) -> Step:
        fields = words(asked.data, 4)
        data = asked.data[16:]
        if fields is None or fields[0] != len(data):
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        if checksum(data) != asked.checksum & 0xFF:
            return _refuse(asked.op, RomError.INVALID_CHECKSUM)
        if self._session is None:
            return _refuse(asked.op, RomError.FAILED_TO_ACT)
        outcome = self._session.block(fields[1], data)
        return _answer(asked.op) if outcome is Outcome.DONE else _refuse(asked.op, _OUTCOMES[outcome])

    def _flash_end(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        self._session = None
        # 0 reboots, 1 runs the application: from the ROM both leave the loader.
        return Step(_answer(asked.op).packets, Effect.RUN)

    def _read_slow(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        address, length = fields
        if length > _SLOW_READ:
            return _refuse(asked.op, RomError.FLASH_READ_LENGTH)
        try:
            data = self._chips.flash.read(address, length)
        except FlashRangeError:
            return _refuse(asked.op, RomError.FLASH_READ)
        return _answer(asked.op, data=data.ljust(_SLOW_READ, b"\0"))

    def _md5(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        try:
            digest = self._chips.flash.md5(*fields)
        except FlashRangeError:
            return _refuse(asked.op, RomError.FLASH_READ)
        return _answer(asked.op, data=digest.hex().encode())

    def _change_baud(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None or fields[0] == 0:
            return _refuse(asked.op, RomError.INVALID_MESSAGE)
        return Step(_answer(asked.op).packets, Effect.NEW_BAUD, fields[0])

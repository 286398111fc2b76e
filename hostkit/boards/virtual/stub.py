"""The flasher stub that a host loads into RAM: faster, erases and reads. Pure: packets in, packets out.

It answers as both generations that esptool ships (1, legacy, and 2) where a host can tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from hostkit.boards.loader_protocol import Op, Request, StubError, checksum, parse_request, response, words
from hostkit.boards.virtual.flash import SECTOR, FlashRangeError
from hostkit.boards.virtual.loader import (
    Chipset,
    Effect,
    Step,
    begin_programming,
    security_info,
    write_registers,
)
from hostkit.boards.virtual.programming import Outcome, Programming

GREETING = b"OHAI"
"""The first packet of a stub that came up."""

_SYNC_LENGTH = 36
_SYNC_REPLIES = 8
_MAX_BLOCK = 0x4000

_OUTCOMES = {
    Outcome.OUT_OF_SEQUENCE: StubError.NOT_ENOUGH_DATA,  # a block before this one is missing
    Outcome.OUT_OF_RANGE: StubError.FAILED_SPI_OP,
    Outcome.TOO_MUCH: StubError.TOO_MUCH_DATA,
    Outcome.BAD_DEFLATE: StubError.INFLATE_ERROR,
}


def _answer(op: int, *, value: int = 0, data: bytes = b"") -> Step:
    return Step((response(op, value, data, bytes(2)),))


def _refuse(op: int, error: StubError) -> Step:
    return Step((response(op, 0, b"", bytes((error, 0))),))


class _Reading:
    """A READ_FLASH under way: at most ``in_flight`` blocks unacknowledged, an MD5 at the end."""

    def __init__(self, data: bytes, block: int, in_flight: int) -> None:
        self._data = data
        self._block = block
        self._window = block * in_flight
        self._sent = 0
        self.over = False

    def go_on(self, acknowledged: int) -> tuple[bytes, ...]:
        packets = []
        while self._sent < len(self._data) and self._sent - acknowledged < self._window:
            piece = self._data[self._sent : self._sent + self._block]
            packets.append(piece)
            self._sent += len(piece)
        if acknowledged >= len(self._data):
            packets.append(hashlib.md5(self._data, usedforsecurity=False).digest())
            self.over = True
        return tuple(packets)


class StubLoader:
    """Two status bytes, 16 KiB blocks, erases as it writes, MD5 as bytes, streamed reads."""

    def __init__(self, chipset: Chipset) -> None:
        """Start as just after :data:`GREETING`."""
        self._chips = chipset
        self._session: Programming | None = None
        self._reading: _Reading | None = None
        self._handlers: dict[int, Callable[[Request], Step]] = {
            Op.SYNC: self._sync,
            Op.READ_REG: self._read_reg,
            Op.WRITE_REG: self._write_reg,
            Op.SPI_ATTACH: self._accept,
            Op.SPI_SET_PARAMS: self._accept,
            Op.MEM_BEGIN: self._accept,
            Op.MEM_DATA: self._accept,
            Op.MEM_END: self._mem_end,
            Op.FLASH_BEGIN: self._flash_begin,
            Op.FLASH_DATA: self._flash_data,
            Op.FLASH_END: self._flash_end,
            Op.FLASH_DEFL_BEGIN: self._flash_begin,
            Op.FLASH_DEFL_DATA: self._flash_data,
            Op.FLASH_DEFL_END: self._flash_end,
            Op.SPI_FLASH_MD5: self._md5,
            Op.CHANGE_BAUDRATE: self._change_baud,
            Op.ERASE_FLASH: self._erase_flash,
            Op.ERASE_REGION: self._erase_region,
            Op.READ_FLASH: self._read_flash,
            Op.RUN_USER_CODE: self._run_user_code,
        }
        if chipset.registers.facts.has_security_info:
            self._handlers[Op.GET_SECURITY_INFO] = self._security_info

    def handle(self, packet: bytes) -> Step:
        """Answer one packet: a request, or an acknowledgement while a read is under way."""
        if self._reading is not None:
            if len(packet) == 4:
                packets = self._reading.go_on(int.from_bytes(packet, "little"))
                if self._reading.over:
                    self._reading = None
                return Step(packets)
            self._reading = None  # the host gave up on the read
        asked = parse_request(packet)
        if asked is None:
            return Step()
        handler = self._handlers.get(asked.op)
        return handler(asked) if handler else _refuse(asked.op, StubError.NOT_IMPLEMENTED)

    def _accept(self, asked: Request) -> Step:
        return _answer(asked.op)

    def _sync(self, asked: Request) -> Step:
        if len(asked.data) != _SYNC_LENGTH:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        return Step(_answer(asked.op).packets * _SYNC_REPLIES)

    def _read_reg(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        return _answer(asked.op, value=self._chips.registers.read(fields[0]))

    def _write_reg(self, asked: Request) -> Step:
        if not write_registers(self._chips.registers, asked.data):
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        step = _answer(asked.op)
        return Step(step.packets, Effect.WATCHDOG) if self._chips.registers.watchdog_fired else step

    def _security_info(self, asked: Request) -> Step:
        return _answer(asked.op, data=security_info(self._chips.registers.facts.image_id))

    def _mem_end(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        stay, _entry = fields
        return Step(_answer(asked.op).packets, Effect.NOTHING if stay else Effect.START_STUB)

    def _flash_begin(self, asked: Request) -> Step:
        fields = words(asked.data, 4)
        if fields is None or len(asked.data) not in (16, 20):
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        if fields[2] > _MAX_BLOCK:
            return _refuse(asked.op, StubError.BAD_BLOCKSIZE)
        deflate = asked.op == Op.FLASH_DEFL_BEGIN
        self._session = begin_programming(self._chips, asked.data, deflate=deflate, erase_first=False)
        return _answer(asked.op) if self._session else _refuse(asked.op, StubError.FAILED_SPI_OP)

    def _flash_data(self, asked: Request) -> Step:
        if self._session is None:
            return _refuse(asked.op, StubError.NOT_IN_FLASH_MODE)
        fields = words(asked.data, 4)
        data = asked.data[16:]
        if fields is None or fields[0] != len(data):
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        if checksum(data) != asked.checksum & 0xFF:
            return _refuse(asked.op, StubError.BAD_DATA_CHECKSUM)
        outcome = self._session.block(fields[1], data)
        return _answer(asked.op) if outcome is Outcome.DONE else _refuse(asked.op, _OUTCOMES[outcome])

    def _flash_end(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        if self._session is None:
            return _refuse(asked.op, StubError.NOT_IN_FLASH_MODE)
        if self._session.remaining > 0:
            return _refuse(asked.op, StubError.NOT_ENOUGH_DATA)
        self._session = None
        stay = fields[0]
        return Step(_answer(asked.op).packets, Effect.NOTHING if stay else Effect.LEAVE_STUB)

    def _md5(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        try:
            return _answer(asked.op, data=self._chips.flash.md5(*fields))
        except FlashRangeError:
            return _refuse(asked.op, StubError.FAILED_SPI_OP)

    def _change_baud(self, asked: Request) -> Step:
        fields = words(asked.data, 1)
        if fields is None or fields[0] == 0:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        return Step(_answer(asked.op).packets, Effect.NEW_BAUD, fields[0])

    def _erase_flash(self, asked: Request) -> Step:
        self._chips.flash.erase_all()
        return _answer(asked.op)

    def _erase_region(self, asked: Request) -> Step:
        fields = words(asked.data, 2)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        address, length = fields
        if address % SECTOR or length % SECTOR:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        try:
            self._chips.flash.erase(address, length)
        except FlashRangeError:
            return _refuse(asked.op, StubError.FAILED_SPI_OP)
        return _answer(asked.op)

    def _read_flash(self, asked: Request) -> Step:
        fields = words(asked.data, 4)
        if fields is None:
            return _refuse(asked.op, StubError.BAD_DATA_LEN)
        address, length, block, in_flight = fields
        if not 0 < block <= _MAX_BLOCK or in_flight == 0:
            return _refuse(asked.op, StubError.BAD_BLOCKSIZE)
        try:
            data = self._chips.flash.read(address, length)
        except FlashRangeError:
            return _refuse(asked.op, StubError.FAILED_SPI_OP)
        reading = _Reading(data, block, in_flight)
        packets = _answer(asked.op).packets + reading.go_on(0)
        self._reading = None if reading.over else reading
        return Step(packets)

    def _run_user_code(self, asked: Request) -> Step:  # noqa: ARG002 - answers nothing, as it never returns
        return Step((), Effect.RUN)

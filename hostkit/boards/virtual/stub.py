"""The flasher stub that a host loads into RAM: faster, erases and reads. Pure: packets in, packets out.

It answers as both generations that esptool ships (1, legacy, and 2) where a host can tell.
"""

from __future__ import annotations

import hashlib

from hostkit.boards.loader_protocol import Op, Request, StubError
from hostkit.boards.virtual.flash import SECTOR, FlashRangeError
from hostkit.boards.virtual.loader import (
    Chipset,
    Command,
    CommandLoader,
    Dialect,
    Effect,
    Step,
    begin_programming,
)
from hostkit.boards.virtual.programming import Outcome

GREETING = b"OHAI"
"""The first packet of a stub that came up."""

_SYNC_LENGTH = 36
_SYNC_REPLIES = 8
_MAX_BLOCK = 0x4000

_DIALECT = Dialect(
    ok=bytes(2),
    error=lambda code: bytes((code, 0)),
    unknown=StubError.NOT_IMPLEMENTED,
    malformed=StubError.BAD_DATA_LEN,
    bad_checksum=StubError.BAD_DATA_CHECKSUM,
    not_begun=StubError.NOT_IN_FLASH_MODE,
    unreadable=StubError.FAILED_SPI_OP,
    digest=bytes,
    blocks={
        Outcome.OUT_OF_SEQUENCE: StubError.NOT_ENOUGH_DATA,  # a block before this one is missing
        Outcome.OUT_OF_RANGE: StubError.FAILED_SPI_OP,
        Outcome.TOO_MUCH: StubError.TOO_MUCH_DATA,
        Outcome.BAD_DEFLATE: StubError.INFLATE_ERROR,
    },
)


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


class StubLoader(CommandLoader):
    """Two status bytes, 16 KiB blocks, erases as it writes, MD5 as bytes, streamed reads."""

    def __init__(self, chipset: Chipset) -> None:
        """Start as just after :data:`GREETING`."""
        super().__init__(chipset, _DIALECT)
        self._reading: _Reading | None = None
        self._commands |= {
            Op.SYNC: Command(0, self._sync),
            Op.MEM_BEGIN: Command(0, self._accept),
            Op.MEM_DATA: Command(0, self._accept),
            Op.MEM_END: Command(2, self._mem_end),
            Op.FLASH_BEGIN: Command(4, self._flash_begin),
            Op.FLASH_END: Command(1, self._flash_end),
            Op.FLASH_DEFL_BEGIN: Command(4, self._flash_begin),
            Op.FLASH_DEFL_END: Command(1, self._flash_end),
            Op.ERASE_FLASH: Command(0, self._erase_flash),
            Op.ERASE_REGION: Command(2, self._erase_region),
            Op.READ_FLASH: Command(4, self._read_flash),
            Op.RUN_USER_CODE: Command(0, self._run_user_code),
        }

    def handle(self, packet: bytes) -> Step:
        """Answer one packet: a request, or an acknowledgement while a read is under way."""
        if self._reading is not None:
            if len(packet) == 4:
                packets = self._reading.go_on(int.from_bytes(packet, "little"))
                if self._reading.over:
                    self._reading = None
                return Step(packets)
            self._reading = None  # the host gave up on the read
        return super().handle(packet)

    def _sync(self, asked: Request) -> Step:
        if len(asked.data) != _SYNC_LENGTH:
            return self._refuse(asked, StubError.BAD_DATA_LEN)
        return Step(self._answer(asked).packets * _SYNC_REPLIES)

    def _mem_end(self, asked: Request, stay: int, _entry: int) -> Step:
        return self._answer(asked, effect=Effect.NOTHING if stay else Effect.START_STUB)

    def _flash_begin(self, asked: Request, _length: int, _blocks: int, block: int, _address: int) -> Step:
        if len(asked.data) not in (16, 20):
            return self._refuse(asked, StubError.BAD_DATA_LEN)
        if block > _MAX_BLOCK:
            return self._refuse(asked, StubError.BAD_BLOCKSIZE)
        deflate = asked.op == Op.FLASH_DEFL_BEGIN
        self._session = begin_programming(self._chips, asked.data, deflate=deflate, erase_first=False)
        return self._answer(asked) if self._session else self._refuse(asked, StubError.FAILED_SPI_OP)

    def _flash_data(self, asked: Request) -> Step:
        if self._session is None:  # before it looks at the block, where the ROM looks after
            return self._refuse(asked, StubError.NOT_IN_FLASH_MODE)
        return super()._flash_data(asked)

    def _flash_end(self, asked: Request, stay: int) -> Step:
        if self._session is None:
            return self._refuse(asked, StubError.NOT_IN_FLASH_MODE)
        if self._session.remaining > 0:
            return self._refuse(asked, StubError.NOT_ENOUGH_DATA)
        self._session = None
        return self._answer(asked, effect=Effect.NOTHING if stay else Effect.LEAVE_STUB)

    def _erase_flash(self, asked: Request) -> Step:
        self._chips.flash.erase_all()
        return self._answer(asked)

    def _erase_region(self, asked: Request, address: int, length: int) -> Step:
        if address % SECTOR or length % SECTOR:
            return self._refuse(asked, StubError.BAD_DATA_LEN)
        try:
            self._chips.flash.erase(address, length)
        except FlashRangeError:
            return self._refuse(asked, StubError.FAILED_SPI_OP)
        return self._answer(asked)

    def _read_flash(self, asked: Request, address: int, length: int, block: int, in_flight: int) -> Step:
        if not 0 < block <= _MAX_BLOCK or in_flight == 0:
            return self._refuse(asked, StubError.BAD_BLOCKSIZE)
        try:
            data = self._chips.flash.read(address, length)
        except FlashRangeError:
            return self._refuse(asked, StubError.FAILED_SPI_OP)
        reading = _Reading(data, block, in_flight)
        packets = self._answer(asked).packets + reading.go_on(0)
        self._reading = None if reading.over else reading
        return Step(packets)

    def _run_user_code(self, asked: Request) -> Step:  # noqa: ARG002 - answers nothing, as it never returns
        return Step((), Effect.RUN)

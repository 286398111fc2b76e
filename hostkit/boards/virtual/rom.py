"""The loader in the chip's mask ROM. Pure: packets in, packets and effects out."""

from __future__ import annotations

from hostkit.boards.loader_protocol import SYNC_DATA, Op, Request, RomError, response
from hostkit.boards.virtual.flash import FlashRangeError
from hostkit.boards.virtual.loader import (
    Chipset,
    Command,
    CommandLoader,
    Dialect,
    Effect,
    Step,
    begin_programming,
    block_of,
    sequence_of,
)
from hostkit.boards.virtual.programming import Outcome

_SYNC_REPLIES = 8
_SYNC_VALUE = 0x20120707  # any value but 0, by which the host tells ROM from stub
_SLOW_READ = 64  # bytes a READ_FLASH_SLOW returns, always

_DIALECT = Dialect(
    ok=bytes(4),
    error=lambda code: bytes((1, code, 0, 0)),
    unknown=RomError.INVALID_MESSAGE,
    malformed=RomError.INVALID_MESSAGE,
    bad_checksum=RomError.INVALID_CHECKSUM,
    not_begun=RomError.FAILED_TO_ACT,
    unreadable=RomError.FLASH_READ,
    digest=lambda digest: digest.hex().encode(),
    blocks={
        Outcome.OUT_OF_SEQUENCE: RomError.FAILED_TO_ACT,
        Outcome.OUT_OF_RANGE: RomError.FLASH_WRITE,
        Outcome.TOO_MUCH: RomError.FAILED_TO_ACT,
        Outcome.BAD_DEFLATE: RomError.DEFLATE,
    },
)


class RomLoader(CommandLoader):
    """Answers as the mask ROM does: four status bytes, 1 KiB blocks, erase at BEGIN, MD5 as text."""

    def __init__(self, chipset: Chipset) -> None:
        """Start as after reset into download mode."""
        super().__init__(chipset, _DIALECT)
        self._ram: list[range] = []
        self._ram_left = 0
        self._ram_next = 0
        self._commands |= {
            Op.SYNC: Command(0, self._sync),
            Op.MEM_BEGIN: Command(4, self._mem_begin),
            Op.MEM_DATA: Command(0, self._mem_data),
            Op.MEM_END: Command(2, self._mem_end),
            Op.FLASH_BEGIN: Command(0, self._flash_begin),
            Op.FLASH_END: Command(1, self._flash_end),
            Op.FLASH_DEFL_BEGIN: Command(0, self._flash_begin),
            Op.FLASH_DEFL_END: Command(1, self._flash_end),
            Op.READ_FLASH_SLOW: Command(2, self._read_slow),
        }

    def _sync(self, asked: Request) -> Step:
        if asked.data != SYNC_DATA:
            return self._refuse(asked, RomError.INVALID_MESSAGE)
        return Step((response(asked.op, _SYNC_VALUE, b"", _DIALECT.ok),) * _SYNC_REPLIES)

    def _mem_begin(self, asked: Request, length: int, _blocks: int, _block: int, address: int) -> Step:
        self._ram.append(range(address, address + length))
        del self._ram[:-16]
        self._ram_left, self._ram_next = length, 0
        return self._answer(asked)

    def _mem_data(self, asked: Request) -> Step:
        broken = self._broken_block(asked)
        if broken is not None:
            return broken
        size = len(block_of(asked))
        if sequence_of(asked) != self._ram_next or size > self._ram_left:
            return self._refuse(asked, RomError.FAILED_TO_ACT)
        self._ram_next += 1
        self._ram_left -= size
        return self._answer(asked)

    def _mem_end(self, asked: Request, stay: int, entry: int) -> Step:
        if stay:
            return self._answer(asked)
        loaded = any(entry in segment for segment in self._ram)
        # Code is not run: what a host loads and jumps into is taken for a flasher stub. A jump into
        # nothing crashes, and the watchdog brings the chip back.
        return self._answer(asked, effect=Effect.START_STUB if loaded else Effect.WATCHDOG)

    def _flash_begin(self, asked: Request) -> Step:
        deflate = asked.op == Op.FLASH_DEFL_BEGIN
        self._session = begin_programming(self._chips, asked.data, deflate=deflate, erase_first=True)
        return self._answer(asked) if self._session else self._refuse(asked, RomError.FAILED_TO_ACT)

    def _flash_end(self, asked: Request, _stay: int) -> Step:
        self._session = None
        # 0 reboots, 1 runs the application: from the ROM both leave the loader.
        return self._answer(asked, effect=Effect.RUN)

    def _read_slow(self, asked: Request, address: int, length: int) -> Step:
        if length > _SLOW_READ:
            return self._refuse(asked, RomError.FLASH_READ_LENGTH)
        try:
            data = self._chips.flash.read(address, length)
        except FlashRangeError:
            return self._refuse(asked, RomError.FLASH_READ)
        return self._answer(asked, data=data.ljust(_SLOW_READ, b"\0"))

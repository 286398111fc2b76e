"""One write session of a loader: blocks in order into flash, raw or deflated. Pure but for the flash."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import Enum, auto

from hostkit.boards.virtual.flash import SECTOR, FlashRangeError, NorFlash


class Outcome(Enum):
    """How a block fared; each loader has its own code for it."""

    DONE = auto()
    OUT_OF_SEQUENCE = auto()
    OUT_OF_RANGE = auto()
    TOO_MUCH = auto()
    BAD_DEFLATE = auto()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a BEGIN command announced: where, how many bytes after inflation, and how they come.

    ``erase_first``: the ROM erases all at BEGIN; the stub erases as it writes.
    """

    address: int
    length: int
    deflate: bool
    erase_first: bool


class Programming:
    """Takes the blocks of one session in order.

    A block that is sent again (its answer was lost) is acknowledged and not written twice; any other
    block out of sequence is refused, as what it would write belongs elsewhere.
    """

    def __init__(self, flash: NorFlash, plan: Plan) -> None:
        """Begin. Raises :class:`FlashRangeError` when the session does not fit the chip."""
        if plan.address + plan.length > flash.size:
            raise FlashRangeError(f"{plan.length} bytes at {plan.address:#x} exceed the chip")
        self._flash = flash
        self._plan = plan
        self._inflate = zlib.decompressobj() if plan.deflate else None
        self._next_block = 0
        self._address = plan.address
        self._erased_to = plan.address - plan.address % SECTOR
        if plan.erase_first and plan.length:
            flash.erase(plan.address, plan.length)
            self._erased_to = flash.size

    @property
    def remaining(self) -> int:
        """Bytes announced and not yet written."""
        return self._plan.address + self._plan.length - self._address

    def block(self, sequence: int, data: bytes) -> Outcome:
        """Write one block; on any outcome but DONE flash is as it was."""
        if sequence == self._next_block - 1:
            return Outcome.DONE
        if sequence != self._next_block:
            return Outcome.OUT_OF_SEQUENCE
        if self._inflate is None:
            if self.remaining <= 0:
                return Outcome.TOO_MUCH
            plain = data[: self.remaining]  # the host pads its last block
        else:
            try:
                plain = self._inflate.decompress(data, self.remaining + 1)
            except zlib.error:
                return Outcome.BAD_DEFLATE
            if len(plain) > self.remaining:
                return Outcome.TOO_MUCH
        try:
            self._program(plain)
        except FlashRangeError:
            return Outcome.OUT_OF_RANGE
        self._next_block += 1
        return Outcome.DONE

    def _program(self, data: bytes) -> None:
        end = self._address + len(data)
        if end > self._erased_to:
            target = min(-(-end // SECTOR) * SECTOR, self._flash.size)
            self._flash.erase(self._erased_to, target - self._erased_to)
            self._erased_to = target
        self._flash.write(self._address, data)
        self._address = end

"""A NOR flash chip: erase sets, write only clears, and what is there survives in a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hostkit.errors import InvalidError
from hostkit.files import atomic_write

SECTOR = 4096
"""Smallest unit of erase, bytes."""

MANUFACTURER = 0xEF  # Winbond, JEDEC JEP106
MEMORY_TYPE = 0x40  # W25Q series, SPI


class FlashRangeError(ValueError):
    """An address outside of the chip, or a sector address that is not on a sector."""


def jedec_id(size: int) -> int:
    """Return the RDID bytes as the SPI peripheral shows them: manufacturer lowest, log2 of size highest."""
    return MANUFACTURER | MEMORY_TYPE << 8 | (size.bit_length() - 1) << 16


def is_flash_size(size: int) -> bool:
    """True for sizes that a JEDEC id can name and the loaders address: powers of 2, 256 KiB to 16 MiB."""
    return 256 << 10 <= size <= 16 << 20 and size & (size - 1) == 0


class NorFlash:
    """The chip's content and rules. Nothing here knows who asks; ``changed`` says that the file is behind."""

    def __init__(self, size: int, content: bytes | None = None) -> None:
        """Make a chip of ``size`` bytes, blank (0xFF) unless ``content`` of exactly that size is given."""
        if not is_flash_size(size):
            raise ValueError(f"no flash chip has {size} bytes")
        if content is not None and len(content) != size:
            raise ValueError(f"{len(content)} bytes do not fill a chip of {size}")
        self.size = size
        self._cells = bytearray(content) if content is not None else bytearray(b"\xff") * size
        self.changed = content is None
        self.generation = 0  # counts changes, so that what is derived from the content can be kept
        self.status = 0  # status register, bits 0..23 for SR1..SR3

    @property
    def jedec(self) -> int:
        """RDID answer, see :func:`jedec_id`."""
        return jedec_id(self.size)

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes. Raises :class:`FlashRangeError` outside of the chip."""
        self._check(address, length)
        return bytes(self._cells[address : address + length])

    def write(self, address: int, data: bytes) -> None:
        """Program: every bit becomes old AND new, so what was not erased is spoilt, as on silicon."""
        self._check(address, len(data))
        if not data:
            return
        end = address + len(data)
        old = self._cells[address:end]
        if old.count(0xFF) == len(data):
            self._cells[address:end] = data
        else:
            both = int.from_bytes(old, "big") & int.from_bytes(data, "big")
            self._cells[address:end] = both.to_bytes(len(data), "big")
        self._touch()

    def erase(self, address: int, length: int) -> None:
        """Set every sector that ``[address, address + length)`` touches to 0xFF."""
        self._check(address, length)
        if length == 0:
            return
        start = address - address % SECTOR
        end = -(-(address + length) // SECTOR) * SECTOR
        self._cells[start:end] = b"\xff" * (end - start)
        self._touch()

    def erase_all(self) -> None:
        """Set the whole chip to 0xFF."""
        self.erase(0, self.size)

    def md5(self, address: int, length: int) -> bytes:
        """Return the 16-byte MD5 of a region."""
        self._check(address, length)
        with memoryview(self._cells) as view:
            return hashlib.md5(view[address : address + length], usedforsecurity=False).digest()

    def sha256(self) -> str:
        """Return the hex SHA-256 of the whole chip."""
        return hashlib.sha256(self._cells).hexdigest()

    def snapshot(self) -> bytes:
        """Return a copy of the whole content."""
        return bytes(self._cells)

    def _touch(self) -> None:
        self.changed = True
        self.generation += 1

    def _check(self, address: int, length: int) -> None:
        if address < 0 or length < 0 or address + length > self.size:
            raise FlashRangeError(
                f"{length} bytes at {address:#x} do not lie in {self.size:#x} bytes of flash"
            )


class FlashFile:
    """Where a chip's content survives. The file is replaced whole: a reader or a crash sees old or new."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is touched yet."""
        self.path = path

    def load(self, size: int) -> NorFlash:
        """Return the chip as it was last saved, or a blank one.

        Raises :class:`InvalidError` when the file belongs to a chip of another size.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return NorFlash(size)
        if len(content) != size:
            raise InvalidError(
                f"{self.path} holds {len(content)} bytes, but the board has {size} bytes of flash",
                hint="delete that file to start with blank flash, or correct flash_size in boards.toml",
            )
        return NorFlash(size, content)

    def save(self, flash: NorFlash) -> None:
        """Replace the file when the chip changed. Raises :class:`ToolError` when the disk refuses."""
        if flash.changed:
            atomic_write(self.path, flash.snapshot())
            flash.changed = False

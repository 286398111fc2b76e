"""ESP-IDF's partition table: the binary form that lies at 0x8000 of the flash."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from hostkit.errors import InvalidError

TABLE_OFFSET = 0x8000
TABLE_SIZE = 0xC00  # 96 rows of 32 bytes: what ESP-IDF reads
TYPE_APP = 0
TYPE_DATA = 1
SUBTYPE_FACTORY = 0
SUBTYPE_PHY = 1
SUBTYPE_NVS = 2

_ROW = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_ERASED = b"\xff" * _ROW.size
_MAX_ROWS = TABLE_SIZE // _ROW.size - 1  # ESP_PARTITION_TABLE_MAX_ENTRIES: the last row is for the MD5


class PartitionError(InvalidError):
    """A partition table that the second stage would refuse; the message is in its words."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One row: ``offset`` and ``size`` in bytes of flash; ``name`` is ASCII of at most 15 bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        """First byte after the partition."""
        return self.offset + self.size


DEFAULT_PARTITIONS = (
    Partition("nvs", TYPE_DATA, SUBTYPE_NVS, 0x9000, 0x6000),
    Partition("phy_init", TYPE_DATA, SUBTYPE_PHY, 0xF000, 0x1000),
    Partition("factory", TYPE_APP, SUBTYPE_FACTORY, 0x10000, 0x300000),
)
"""ESP-IDF's "single factory app" table with an application partition of 3 MiB."""


def pack_partitions(partitions: Iterable[Partition]) -> bytes:
    """Return the table: rows, MD5 row, padded with 0xFF to 0xC00 bytes.

    Raises :class:`ValueError` for more than 95 rows or a name that does not fit.
    """
    rows = [_pack_row(partition) for partition in partitions]
    if len(rows) > _MAX_ROWS:
        raise ValueError(f"a table has at most {_MAX_ROWS} rows, not {len(rows)}")
    body = b"".join(rows)
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return (body + _MD5_MAGIC + digest).ljust(TABLE_SIZE, b"\xff")


def parse_partitions(data: bytes, *, flash_size: int | None = None) -> tuple[Partition, ...]:
    """Read a table from its first row on; bytes after 0xC00 are not looked at.

    Raises :class:`PartitionError` for a bad magic number, a wrong or missing MD5, a table without
    an end or, where ``flash_size`` is given, a partition that passes the end of the flash.
    """
    found: list[Partition] = []
    summed = False
    for offset in range(0, min(len(data), TABLE_SIZE) - _ROW.size + 1, _ROW.size):
        row = bytes(data[offset : offset + _ROW.size])
        if row == _ERASED:
            return _ended(found, summed=summed)
        if row.startswith(_MD5_MAGIC):
            digest = hashlib.md5(data[:offset], usedforsecurity=False).digest()
            if summed or digest != row[16:]:
                raise _bad("Incorrect MD5 checksum")
            summed = True
            continue
        if summed or row[:2] != _MAGIC:
            raise _bad(f"partition {len(found)} invalid magic number 0x{int.from_bytes(row[:2], 'little'):x}")
        found.append(_parse_row(row, len(found), flash_size))
    if summed:  # a full table has no row left to mark its end
        return tuple(found)
    raise _bad("partition table has no terminating entry, not valid")


def _ended(found: list[Partition], *, summed: bool) -> tuple[Partition, ...]:
    if not found:
        raise _bad("partition 0 invalid magic number 0xffff")
    if not summed:
        raise _bad("No MD5 found in partition table")
    return tuple(found)


def _bad(message: str) -> PartitionError:
    return PartitionError(message, hint="flash the partition table again")


def _pack_row(partition: Partition) -> bytes:
    name = partition.name.encode("ascii")
    if not 0 < len(name) < 16 or b"\0" in name:
        raise ValueError(f"{partition.name!r} is not a partition name of 1 to 15 bytes")
    place = (partition.type, partition.subtype, partition.offset, partition.size)
    return _ROW.pack(_MAGIC, *place, name, partition.flags)


def _parse_row(row: bytes, number: int, flash_size: int | None) -> Partition:
    _, kind, subtype, offset, size, name, flags = _ROW.unpack(row)
    if flash_size is not None and offset + size > flash_size:
        raise _bad(
            f"partition {number} invalid - offset 0x{offset:x} size 0x{size:x} "
            f"exceeds flash chip size 0x{flash_size:x}"
        )
    return Partition(name.split(b"\0", 1)[0].decode("ascii", "replace"), kind, subtype, offset, size, flags)

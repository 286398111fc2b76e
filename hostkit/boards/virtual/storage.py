"""The firmware's storage: a file while it runs, a partition of flash while it does not. Pure."""

from __future__ import annotations

from hostkit.boards.partitions import (
    SUBTYPE_NVS,
    TABLE_OFFSET,
    TABLE_SIZE,
    TYPE_DATA,
    Partition,
    PartitionError,
    parse_partitions,
)
from hostkit.boards.virtual.flash import NorFlash


def find_storage(flash: NorFlash) -> Partition | None:
    """Return the NVS partition that flash names, None when it has no such or no valid table."""
    try:
        table = parse_partitions(flash.read(TABLE_OFFSET, TABLE_SIZE), flash_size=flash.size)
    except PartitionError:
        return None
    return next((row for row in table if (row.type, row.subtype) == (TYPE_DATA, SUBTYPE_NVS)), None)


def store(flash: NorFlash, place: Partition, content: bytes) -> None:
    """Put what a firmware stored into its partition: cut to fit, the rest erased."""
    content = content[: place.size].ljust(place.size, b"\xff")
    if content != flash.read(place.offset, place.size):
        flash.erase(place.offset, place.size)
        flash.write(place.offset, content)

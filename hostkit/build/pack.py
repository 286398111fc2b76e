"""Executable to the regions of a board's flash: partition table and application image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hostkit.boards.image import AppDescription, Payload, pack_application
from hostkit.boards.model import Chip
from hostkit.boards.partitions import (
    DEFAULT_PARTITIONS,
    SUBTYPE_FACTORY,
    TABLE_OFFSET,
    TYPE_APP,
    Partition,
    pack_partitions,
)
from hostkit.build.chips import chip_image
from hostkit.build.elf import read_elf, strip_elf
from hostkit.build.model import Image
from hostkit.errors import FailedError

APP_PARTITION = next(
    row for row in DEFAULT_PARTITIONS if (row.type, row.subtype) == (TYPE_APP, SUBTYPE_FACTORY)
)


@dataclass(frozen=True, slots=True)
class Packed:
    """The regions with their bytes, and the executable's RAM in bytes."""

    images: tuple[tuple[Image, bytes], ...]
    ram: int


def pack(executable: bytes, *, chip: Chip, version: str, build_id: str) -> Packed:
    """Return the regions for an executable: one for a chip is its image, one for a host is carried inside.

    Equal arguments give equal bytes (no dates). Raises as :func:`pack_virtual` does.
    """
    if read_elf(executable).machine != "riscv32":
        return pack_virtual(executable, chip=chip, version=version, build_id=build_id)
    description = AppDescription(version, build_id=bytes.fromhex(build_id))
    return _regions(chip_image(executable, chip, description), read_elf(executable).ram)


def pack_virtual(executable: bytes, *, chip: Chip, version: str, build_id: str) -> Packed:
    """Return the two regions; equal arguments give equal bytes (no dates).

    The image carries the program without its debug information.

    Raises :class:`FailedError` when the image is larger than its partition, and :class:`ToolError`
    when the executable is none.
    """
    elf = read_elf(executable)
    description = AppDescription(version, build_id=bytes.fromhex(build_id))
    app = pack_application(chip, description, Payload(f"{elf.machine}-linux", strip_elf(executable)))
    return _regions(app, elf.ram)


def _regions(app: bytes, ram: int) -> Packed:
    check_fits(len(app), APP_PARTITION)
    table = pack_partitions(DEFAULT_PARTITIONS)
    return Packed(
        (
            (image_of("partitions", TABLE_OFFSET, table), table),
            (image_of("app", APP_PARTITION.offset, app), app),
        ),
        ram,
    )


def image_of(role: str, offset: int, data: bytes) -> Image:
    """Return the record of one region; its file is named for its role."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Image(role, offset, f"{role}.bin", len(data), hashlib.sha256(data).hexdigest(), md5)


def check_fits(length: int, partition: Partition) -> None:
    """Raise :class:`FailedError` when an image is larger than its partition."""
    if length > partition.size:
        raise FailedError(
            f"the image has {length} bytes, {length - partition.size} more than "
            f"partition {partition.name!r} holds ({partition.size})",
            hint="make the firmware smaller: fewer features, smaller tables",
        )

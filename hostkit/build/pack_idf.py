"""What an ESP-IDF build left in its directory, to the regions of a chip's flash, where the build says."""

from __future__ import annotations

from pathlib import Path

from hostkit.boards.image import CHIP_IDS
from hostkit.boards.model import Chip
from hostkit.boards.partitions import TYPE_APP, Partition, PartitionError, parse_partitions
from hostkit.build.elf import read_elf
from hostkit.build.flashargs import (
    APP,
    BOOTLOADER,
    PARTITIONS,
    Region,
    parse_flash_args,
    parse_flasher_args,
    parse_idedata,
)
from hostkit.build.model import Image
from hostkit.build.pack import Packed, check_fits, image_of
from hostkit.errors import ToolError
from hostkit.files import disk_error

BOOTLOADER_OFFSET = {Chip.ESP32: 0x1000, Chip.ESP32S3: 0x0, Chip.ESP32C3: 0x0}
"""Where each chip's ROM looks for the second stage (ESP-IDF Programming Guide, "Bootloader")."""

_IMAGE_MAGIC = 0xE9
_CHIP_ID_AT = 12  # u16 of the extended header (esptool documentation, "Firmware Image Format")
_NEEDED = (BOOTLOADER, PARTITIONS, APP)
_SOURCES = (
    ("flasher_args.json", parse_flasher_args),
    ("idedata.json", parse_idedata),
    ("flash_args", parse_flash_args),
)
# PlatformIO takes the offsets from ESP-IDF's CMake and builds the files under names of its own.
_PLATFORMIO_NAMES = {BOOTLOADER: "bootloader.bin", PARTITIONS: "partitions.bin", APP: "firmware.bin"}


def pack_idf(program: Path, *, chip: Chip) -> Packed:
    """Return the regions of the build that linked ``program``; nothing is patched.

    A region for NVS is never among them: what the device stored stays, unless it is asked to go. Raises
    :class:`ToolError` for a build that left no flash arguments, or whose regions are missing, are for
    another chip or lie where its ROM does not look; :class:`FailedError` when the app is larger than its
    partition.
    """
    directory = program.parent
    images = tuple(_image(directory, region) for region in flash_regions(directory))
    found = {image.role: (image, data) for image, data in images}
    if missing := [role for role in _NEEDED if role not in found]:
        raise _unfit(f"it has no {' and no '.join(missing)}")
    bootloader, app = found[BOOTLOADER], found[APP]
    if bootloader[0].offset != BOOTLOADER_OFFSET[chip]:
        raise _unfit(
            f"its bootloader goes to {bootloader[0].offset:#x}, "
            f"but the ROM of an {chip.value} looks at {BOOTLOADER_OFFSET[chip]:#x}"
        )
    for image, data in (bootloader, app):
        _check_chip(image, data, chip)
    check_fits(app[0].size, _app_partition(found[PARTITIONS][1], app[0].offset))
    return Packed(images, read_elf(_read(program)).ram)


def flash_regions(directory: Path) -> tuple[Region, ...]:
    """Return the regions that a build directory's flash arguments name, by offset."""
    for name, parse in _SOURCES:
        path = directory / name
        if path.is_file():
            return parse(_read(path).decode(errors="replace"))
    raise _unfit("it has none of " + ", ".join(name for name, _ in _SOURCES))


def _image(directory: Path, region: Region) -> tuple[Image, bytes]:
    named = directory / region.file  # an absolute one stands for itself
    own = directory / _PLATFORMIO_NAMES.get(region.role, named.name)
    path = own if own.is_file() else named
    if not path.is_file():
        raise _unfit(f"region {region.role} is not there ({region.file})")
    data = _read(path)
    return image_of(region.role, region.offset, data), data


def _check_chip(image: Image, data: bytes, chip: Chip) -> None:
    if len(data) < 24 or data[0] != _IMAGE_MAGIC:
        raise _unfit(f"{image.role} is no image of a chip")
    made_for = int.from_bytes(data[_CHIP_ID_AT : _CHIP_ID_AT + 2], "little")
    if made_for != CHIP_IDS[chip]:
        raise _unfit(f"{image.role} is for chip id {made_for}, that of an {chip.value} is {CHIP_IDS[chip]}")


def _app_partition(table: bytes, offset: int) -> Partition:
    try:
        rows = parse_partitions(table)
    except PartitionError as error:
        raise _unfit(f"its partition table is broken: {error.message}") from error
    for row in rows:
        if row.type == TYPE_APP and row.offset == offset:
            return row
    raise _unfit(f"no app partition of its table begins at {offset:#x}, where its app goes")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise disk_error(error, path) from error


def _unfit(what: str) -> ToolError:
    return ToolError(
        f"what the build left cannot be flashed: {what}",
        hint="look at the env in platformio.ini and at sdkconfig.defaults, then build again",
    )

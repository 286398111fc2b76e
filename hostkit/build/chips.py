"""An executable for a chip to its application image, laid out as Espressif's second stage maps it."""

from __future__ import annotations

from hostkit.boards.image import (
    APP_DESCRIPTION_SIZE,
    DROM_BASE,
    AppDescription,
    ImageHeader,
    Segment,
    pack_description,
    pack_image,
)
from hostkit.boards.model import Chip
from hostkit.build.elf import Load, read_program
from hostkit.errors import ToolError

MMU_PAGE = 0x10000
"""Bytes of one page of the flash windows (ESP32-C3 Technical Reference Manual, chapter 3)."""

# Windows onto flash of the chips that have a port: first address and the one after the last.
_WINDOWS = {Chip.ESP32C3: ((0x3C000000, 0x3C800000), (0x42000000, 0x42800000))}
_IMAGE_HEADER, _SEGMENT_HEADER = 24, 8
_PADDING = 0  # load address of a segment that is skipped


def chip_image(executable: bytes, chip: Chip, description: AppDescription) -> bytes:
    """Return the image: constants with the description in front, RAM, then code.

    What lies in a flash window keeps its place within a page, as the second stage maps whole pages; a
    segment with load address 0 fills the gap. Raises :class:`ToolError` for a chip without a port and for
    an executable that was not linked by its linker script.
    """
    if chip not in _WINDOWS:
        raise ToolError(
            f"there is no image layout for {chip.value}",
            hint=f"use {_names()}, or the env virtual",
        )
    program = read_program(executable)
    drom = next((load for load in program.loads if load.address == DROM_BASE[chip]), None)
    if drom is None or len(drom.data) < APP_DESCRIPTION_SIZE:
        raise ToolError(
            f"the executable has nothing at 0x{DROM_BASE[chip]:08x}, where an image begins",
            hint="link it with the linker script of its port",
        )
    constants = pack_description(description) + drom.data[APP_DESCRIPTION_SIZE:]
    rest = sorted((load for load in program.loads if load is not drom), key=lambda load: _mapped(chip, load))
    segments = [Segment(drom.address, constants)]
    for load in rest:
        if _mapped(chip, load):
            segments += _padding(segments, load)
        segments.append(Segment(load.address, load.data))
    return pack_image(ImageHeader(chip, program.entry), segments)


def _mapped(chip: Chip, load: Load) -> bool:
    return any(first <= load.address < last for first, last in _WINDOWS[chip])


def _padding(before: list[Segment], load: Load) -> list[Segment]:
    """Return what must come before a segment so that its data keep their place within a page."""
    used = _IMAGE_HEADER + sum(_SEGMENT_HEADER + -(-len(part.data) // 4) * 4 for part in before)
    gap = (load.address - used - _SEGMENT_HEADER) % MMU_PAGE
    if gap == 0:
        return []
    return [Segment(_PADDING, bytes((gap - _SEGMENT_HEADER) % MMU_PAGE))]


def _names() -> str:
    return ", ".join(chip.value for chip in _WINDOWS)

"""How a virtual board runs a program for a chip: which program that is, and what runs it."""

from __future__ import annotations

import struct
from importlib.util import find_spec

from hostkit.boards.image import EspImage
from hostkit.boards.model import Chip
from hostkit.errors import MissingToolError, UsageError
from hostkit.interpreter import module_argv

CHIPS = (Chip.ESP32C3,)
"""Chips that can be simulated."""

_PT_LOAD, _READ_WRITE_EXECUTE = 1, 7
_ELF_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIIIIIII")
_EXECUTABLE, _RISCV = 2, 243


def require_engine(chip: Chip) -> None:
    """Raise unless a chip can be simulated here.

    :class:`UsageError` for a chip that labwired's models are not used for, :class:`MissingToolError`
    when labwired is not installed. Nothing is imported.
    """
    if chip not in CHIPS:
        raise UsageError(
            f"there is no simulated {chip.value}",
            hint="simulated boards are " + ", ".join(each.value for each in CHIPS),
        )
    if find_spec("labwired") is None:
        raise MissingToolError(
            "a simulated board needs the package labwired, which is not installed",
            hint="run: pip install 'hostkit[sim]'",
        )


def engine_command() -> tuple[str, ...]:
    """Return what runs a program: its file is the next argument, its UART standard input and output."""
    return module_argv("hostkit.boards.simulated.run")


def program_of(image: EspImage) -> bytes:
    """Return the segments of an image as an ELF file: what flash and RAM hold when the chip enters it."""
    segments = [part for part in image.segments if part.address and part.data]
    ident = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    entry, count = image.header.entry, len(segments)
    offset = _ELF_HEADER.size + count * _PROGRAM_HEADER.size
    sizes = (_ELF_HEADER.size, _PROGRAM_HEADER.size, count, 0, 0, 0)
    head = _ELF_HEADER.pack(ident, _EXECUTABLE, _RISCV, 1, entry, _ELF_HEADER.size, 0, 0, *sizes)
    rows, data = [], []
    for part in segments:
        size = len(part.data)
        where = (offset, part.address, part.address, size, size)
        rows.append(_PROGRAM_HEADER.pack(_PT_LOAD, *where, _READ_WRITE_EXECUTE, 4))
        data.append(part.data)
        offset += size
    return b"".join((head, *rows, *data))

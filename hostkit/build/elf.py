"""The little that a build needs to know of an ELF file: its machine and its data in RAM."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hostkit.errors import ToolError

MACHINES = {3: "i686", 40: "arm", 62: "x86_64", 94: "xtensa", 183: "aarch64", 243: "riscv64"}
"""``e_machine`` of <elf.h> to the name that ``uname -m`` gives; a 32-bit RISC-V is ``riscv32``."""

_SHF_WRITE_ALLOC = 0x3
_PT_LOAD = 1
_RAM_SECTIONS = (".data", ".bss", ".tdata", ".tbss", ".stack")
_RAM_SECTIONS_IDF = (".dram0.data", ".dram0.bss", ".noinit")  # ESP-IDF's linker scripts
_RELRO = ".data.rel.ro"  # constant once the loader is done; on a chip it stays in flash


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """``machine`` as ``uname -m`` names it; ``ram``: bytes of initialised and zeroed data, and of a stack
    that the linker placed."""

    machine: str
    ram: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a loader puts at an address: the bytes that the file has for it."""

    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Program:
    """An executable for a chip: where it starts, and what is loaded, by address."""

    entry: int
    loads: tuple[Load, ...]


def read_elf(data: bytes) -> ElfFacts:
    """Read a little-endian ELF file, 32 or 64 bit. Raises :class:`ToolError` when it is none."""
    if data[:4] != b"\x7fELF" or len(data) < 64 or data[5] != 1:
        raise _broken("it is not a little-endian ELF file")
    wide = data[4] == 2
    (machine,) = struct.unpack_from("<H", data, 18)
    if machine not in MACHINES:
        raise _broken(f"it is for machine {machine}, which hostkit does not know")
    try:
        sections = _sections(data, wide=wide)
    except (struct.error, IndexError, ValueError, OverflowError):
        raise _broken("its section table is cut off") from None
    name = MACHINES[machine] if wide or machine != 243 else "riscv32"
    return ElfFacts(name, sum(size for section, size in sections if _in_ram(section)))


def read_program(data: bytes) -> Program:
    """Read what a 32-bit little-endian ELF file loads. Raises :class:`ToolError` when it is none."""
    if data[:6] != b"\x7fELF\x01\x01" or len(data) < 52:
        raise _broken("it is not a 32-bit little-endian ELF file")
    entry, table = struct.unpack_from("<II", data, 24)
    size, count = struct.unpack_from("<HH", data, 42)
    try:
        rows = [struct.unpack_from("<IIIIIIII", data, table + size * number) for number in range(count)]
    except (struct.error, OverflowError):
        raise _broken("its program table is cut off") from None
    # type, offset, virtual address, physical address, bytes in the file, ...
    loads = (Load(row[2], data[row[1] : row[1] + row[4]]) for row in rows if row[0] == _PT_LOAD and row[4])
    return Program(entry, tuple(sorted(loads, key=lambda load: load.address)))


def strip_elf(data: bytes) -> bytes:
    """Return the program alone, as it is loaded: without debug information, symbols and section table.

    Loaders, the kernel's and the C library's, read program headers only. Equal programs give equal bytes,
    whatever else the file said of them. Linkers put what is loaded first. A file without program headers
    is left as it is. Raises :class:`ToolError` for what is no ELF file.
    """
    read_elf(data)
    wide = data[4] == 2
    (table,) = struct.unpack_from("<Q", data, 32) if wide else struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
    if not count:
        return data
    form = struct.Struct("<8xQ16xQ" if wide else "<4xI8xI")  # offset and size in the file
    try:
        parts = [form.unpack_from(data, table + number * size) for number in range(count)]
    except (struct.error, OverflowError):
        raise _broken("its program headers are cut off") from None
    end = max([table + size * count, *(sum(part) for part in parts)])
    kept = bytearray(data[:end])
    for offset, length in ((40, 8), (60, 4)) if wide else ((32, 4), (48, 4)):  # e_shoff; e_shnum, e_shstrndx
        kept[offset : offset + length] = bytes(length)
    return bytes(kept)


def _in_ram(name: str) -> bool:
    return name.startswith(_RAM_SECTIONS + _RAM_SECTIONS_IDF) and not name.startswith(_RELRO)


def _sections(data: bytes, *, wide: bool) -> list[tuple[str, int]]:
    """Return name and size of each section that is loaded and writable."""
    (table,) = struct.unpack_from("<Q", data, 40) if wide else struct.unpack_from("<I", data, 32)
    entry, count, names = struct.unpack_from("<HHH", data, 58 if wide else 46)
    form = struct.Struct("<IIQQQQ" if wide else "<IIIIII")  # name, type, flags, address, offset, size
    rows = [form.unpack_from(data, table + number * entry) for number in range(count)]
    if not rows:
        return []
    text = rows[names][4]
    return [
        (data[text + row[0] : data.index(b"\0", text + row[0])].decode("ascii", "replace"), row[5])
        for row in rows
        if row[2] & _SHF_WRITE_ALLOC == _SHF_WRITE_ALLOC
    ]


def _broken(what: str) -> ToolError:
    return ToolError(f"the linker's output cannot be used: {what}", hint="run the build again with -v")

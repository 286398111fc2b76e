"""The little that a build needs to know of an ELF file: its machine and its data in RAM."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hostkit.errors import ToolError

MACHINES = {3: "i686", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""``e_machine`` of <elf.h> to the name that ``uname -m`` gives."""

_SHF_WRITE_ALLOC = 0x3
_RAM_SECTIONS = (".data", ".bss", ".tdata", ".tbss")
_RELRO = ".data.rel.ro"  # constant once the loader is done; on a chip it stays in flash


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """``machine`` as ``uname -m`` names it; ``ram``: bytes of initialised and zeroed data."""

    machine: str
    ram: int


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
    except (struct.error, IndexError, ValueError):
        raise _broken("its section table is cut off") from None
    return ElfFacts(MACHINES[machine], sum(size for name, size in sections if _in_ram(name)))


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
    except struct.error:
        raise _broken("its program headers are cut off") from None
    end = max([table + size * count, *(sum(part) for part in parts)])
    kept = bytearray(data[:end])
    for offset, length in ((40, 8), (60, 4)) if wide else ((32, 4), (48, 4)):  # e_shoff; e_shnum, e_shstrndx
        kept[offset : offset + length] = bytes(length)
    return bytes(kept)


def _in_ram(name: str) -> bool:
    return name.startswith(_RAM_SECTIONS) and not name.startswith(_RELRO)


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

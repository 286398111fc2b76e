"""Proof that a mutant is no mutant: the compiler made the same machine code of it.

Objects are compared, not programs: each build has its own id in it, and that moves what lies around it.
Debug sections do not count, as they hold lines and columns. Equal means equal bytes in every section that
is loaded, equal relocations and equal symbols, in every object of the build; anything else is a difference.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.files import atomic_write, pretty_json

IDENTITY = "build_info"
"""The object that holds the build id; it differs always, and its source is never mutated."""

_SHF_ALLOC = 0x2
_SHT_RELA, _SHT_REL, _SHT_SYMTAB, _SHT_STRTAB = 4, 9, 2, 3


def digest_objects(directory: Path) -> dict[str, str]:
    """Return a digest of what each object file below a directory makes a program of, by its path.

    Raises :class:`ToolError` for a file that is no ELF object, and for a directory without any.
    """
    found = {
        path.relative_to(directory).as_posix(): digest_object(path.read_bytes())
        for path in sorted(directory.rglob("*.o"))
        if path.name.split(".")[0] != IDENTITY
    }
    if not found:
        raise ToolError(f"no object files in {directory}", hint="build again with --fresh")
    return found


def digest_object(data: bytes) -> str:
    """Return the SHA-256 over all that the linker takes of one object. Raises :class:`ToolError`."""
    digest = hashlib.sha256()
    try:
        for name, content in _parts(data):
            digest.update(struct.pack("<II", len(name), len(content)) + name + content)
    except (struct.error, IndexError, ValueError) as error:
        raise ToolError(f"an object file cannot be read: {error}", hint="build again with --fresh") from error
    return digest.hexdigest()


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each section that counts, of a little-endian ELF file, 32 or 64 bit."""
    if data[:4] != b"\x7fELF" or data[5] != 1:
        raise ValueError("not a little-endian ELF file")
    wide = data[4] == 2
    (table,) = struct.unpack_from("<Q", data, 40) if wide else struct.unpack_from("<I", data, 32)
    entry, count, names = struct.unpack_from("<HHH", data, 58 if wide else 46)
    form = struct.Struct("<IIQQQQIIQQ" if wide else "<IIIIIIIIII")
    rows = [form.unpack_from(data, table + entry * number) for number in range(count)]
    text = rows[names][4]
    for row in rows:
        start = text + row[0]
        name = data[start : data.index(b"\0", start)]
        target = rows[row[7]] if row[1] in (_SHT_RELA, _SHT_REL) else row
        if target[2] & _SHF_ALLOC or row[1] == _SHT_SYMTAB:
            nothing = row[1] == 8  # SHT_NOBITS: a size without bytes
            yield name, struct.pack("<Q", row[5]) if nothing else data[row[4] : row[4] + row[5]]
        elif row[1] == _SHT_STRTAB and name != b".shstrtab":
            yield name, data[row[4] : row[4] + row[5]]


class ObjectShelf:
    """Digests by build id, kept beside the artifacts: one from the cache left no objects to look at."""

    def __init__(self, directory: Path) -> None:
        """Keep them in a directory, made when first written."""
        self._directory = directory

    def load(self, build_id: str) -> Mapping[str, str] | None:
        """Return the digests of a build, None when they are not there or cannot be read."""
        try:
            found = json.loads((self._directory / f"{build_id}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found else None

    def save(self, build_id: str, digests: Mapping[str, str]) -> None:
        """Keep them. Raises :class:`ToolError` when the disk refuses."""
        atomic_write(self._directory / f"{build_id}.json", pretty_json(dict(digests)), durable=False)

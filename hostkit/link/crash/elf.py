"""Addresses to lines with pyelftools: DWARF 2 to 5, inlined calls, and the symbol table for the rest."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

from hostkit.errors import ToolError
from hostkit.link.crash.inlined import Scopes
from hostkit.link.crash.lines import LineTable, read_lines
from hostkit.link.crash.places import Location, Place, demangle

_EXECUTABLE = 0x1  # PF_X


@dataclass(frozen=True, slots=True)
class _Symbol:
    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code of an ELF file lies: pairs of first address and the one after the last."""

    ranges: tuple[tuple[int, int], ...]

    def has(self, address: int) -> bool:
        """Tell whether there is code at an address."""
        return any(start <= address < end for start, end in self.ranges)


def read_code(path: Path) -> Code:
    """Return where the code of a file lies. Raises :class:`ToolError` when it is no ELF file."""
    return _code_of(_read(path))


def _read(path: Path) -> ELFFile:
    try:
        return ELFFile(BytesIO(path.read_bytes()))
    except (OSError, ELFError) as error:
        raise ToolError(f"cannot read {path}: {error}", hint="build again: hostkit build") from error


def _code_of(elf: ELFFile) -> Code:
    return Code(
        tuple(
            (segment["p_vaddr"], segment["p_vaddr"] + segment["p_memsz"])
            for segment in elf.iter_segments("PT_LOAD")
            if segment["p_flags"] & _EXECUTABLE
        )
    )


class ElfLocator:
    """Implements :class:`hostkit.link.crash.places.Locator` for one file, read once and kept in memory."""

    def __init__(self, path: Path) -> None:
        """Read the file; its tables are read at the first question.

        Raises :class:`ToolError` for a file that is not there or is no ELF file.
        """
        self._elf = _read(path)
        self._code = _code_of(self._elf)
        self._known: dict[int, Location] = {}
        self._symbols: list[_Symbol] | None = None
        self._lines: LineTable | None = None
        self._scopes: Scopes | None = None

    def locate(self, address: int) -> Location:
        """Return where an address lies; see :class:`~hostkit.link.crash.places.Locator`."""
        if address not in self._known:
            self._known[address] = Location(address, self._places(address) if self._code.has(address) else ())
        return self._known[address]

    def _places(self, address: int) -> tuple[Place, ...]:
        symbol = self._symbol(address)
        try:
            places = self._from_dwarf(address)
        except (DWARFError, ELFError, KeyError, AttributeError, TypeError, ValueError):
            places = ()  # debug information of a kind that pyelftools cannot read
        if symbol is None:
            return places
        if not places:
            return (Place(symbol.name),)
        *inlined, outer = places
        if not outer.function or symbol.name.endswith(f"::{outer.function}"):
            outer = Place(symbol.name, outer.file, outer.line)  # brief debug information has no namespaces
        return (*inlined, outer)

    def _from_dwarf(self, address: int) -> tuple[Place, ...]:
        if self._lines is None or self._scopes is None:
            dwarf: Any = self._elf.get_dwarf_info() if self._elf.has_dwarf_info() else None
            self._lines = read_lines(dwarf)
            self._scopes = Scopes(dwarf)
        row = self._lines.find(address)
        if row is None:
            return ()
        calls = self._scopes.around(row.unit, address)
        file, line = row.unit.files.path(row.file), row.line
        places = []
        for call in calls:
            places.append(Place(call.function, file, line))
            file, line = row.unit.files.path(call.file), call.line
        return tuple(places) or (Place("", file, line),)

    def _symbol(self, address: int) -> _Symbol | None:
        if self._symbols is None:
            self._symbols = self._read_symbols()
        index = bisect.bisect_right(self._symbols, address, key=lambda symbol: symbol.start) - 1
        found = self._symbols[index] if index >= 0 else None
        return found if found is not None and address < found.end else None

    def _read_symbols(self) -> list[_Symbol]:
        """Return functions by address; one without a size goes on to the next."""
        table: Any = self._elf.get_section_by_name(".symtab")
        if table is None:
            return []
        rows = sorted(
            (symbol["st_value"], symbol["st_size"], symbol.name)
            for symbol in table.iter_symbols()
            if symbol.name and (symbol["st_info"]["type"] == "STT_FUNC" or _is_label(self._code, symbol))
        )
        ends = [row[0] for row in rows[1:]] + [rows[-1][0] + 1] if rows else []
        return [
            _Symbol(start, start + size if size else end, demangle(name))
            for (start, size, name), end in zip(rows, ends, strict=True)
        ]


def _is_label(code: Code, symbol: Any) -> bool:
    """Tell whether a symbol is a global label of assembler code."""
    info = symbol["st_info"]
    return bool(info["type"] == "STT_NOTYPE" and info["bind"] != "STB_LOCAL" and code.has(symbol["st_value"]))

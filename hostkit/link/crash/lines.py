"""The line programs of an ELF file as one table, in the order of addresses."""

from __future__ import annotations

import bisect
import posixpath
from dataclasses import dataclass
from typing import Any


class Files:
    """The file names of one compilation unit's line program."""

    def __init__(self, header: Any, directory: str) -> None:
        """Take the program's header; ``directory`` is where the compiler ran."""
        self._header = header
        self._directory = directory
        self._first = 0 if header["version"] >= 5 else 1

    def path(self, index: int) -> str:
        """Return a file's path, "" for a number that there is not."""
        entries = self._header["file_entry"]
        if not 0 <= index - self._first < len(entries):
            return ""
        entry = entries[index - self._first]
        path = posixpath.join(self._folder(entry["dir_index"]), _text(entry.name))
        return posixpath.normpath(path)

    def _folder(self, index: int) -> str:
        """Return a directory; number 0 is the compiler's own before DWARF 5, and listed since."""
        folders = self._header["include_directory"]
        if self._first and not index:
            return self._directory
        if not 0 <= index - self._first < len(folders):
            return self._directory
        return posixpath.join(self._directory, _text(folders[index - self._first]))


@dataclass(frozen=True, slots=True)
class Unit:
    """One compilation unit: pyelftools' record of it, and its files."""

    cu: Any
    files: Files


@dataclass(frozen=True, slots=True)
class Row:
    """From ``start`` on, up to the next row: this line. ``line`` 0: of no line of the source."""

    start: int
    unit: Unit
    file: int
    line: int
    ends: bool = False  # nothing is known from here on


class LineTable:
    """Rows of all units."""

    def __init__(self, rows: list[Row]) -> None:
        """Sort them; where one run of code ends and another begins, the beginning counts."""
        self._rows = sorted(rows, key=lambda row: (row.start, not row.ends))

    def find(self, address: int) -> Row | None:
        """Return the row of an address, None where no line is known."""
        index = bisect.bisect_right(self._rows, address, key=lambda row: row.start) - 1
        row = self._rows[index] if index >= 0 else None
        return None if row is None or row.ends else row


def read_lines(dwarf: Any) -> LineTable:
    """Read every line program; None for a file without debug information."""
    rows: list[Row] = []
    for cu in dwarf.iter_CUs() if dwarf is not None else ():
        program = dwarf.line_program_for_CU(cu)
        if program is None:
            continue
        top = cu.get_top_DIE()
        folder = top.attributes.get("DW_AT_comp_dir")
        unit = Unit(cu, Files(program.header, "" if folder is None else _text(folder.value)))
        rows += _rows(program, unit)
    return LineTable(rows)


def _rows(program: Any, unit: Unit) -> list[Row]:
    rows: list[Row] = []
    run: list[Row] = []
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        run.append(Row(state.address, unit, state.file, state.line, state.end_sequence))
        if state.end_sequence:
            if run[0].start:  # code that the linker threw away begins at 0
                rows += run
            run = []
    return rows


def _text(raw: Any) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)

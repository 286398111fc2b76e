"""Addresses to lines with a toolchain's own ``addr2line``, GNU's or LLVM's: run as a program."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.link.crash.elf import read_code
from hostkit.link.crash.places import Location, Place, plain_name
from hostkit.process import Command, Runner

PROGRAMS = (
    "xtensa-esp32-elf-addr2line",
    "xtensa-esp32s3-elf-addr2line",
    "xtensa-esp-elf-addr2line",
    "riscv32-esp-elf-addr2line",
    "llvm-addr2line",
    "addr2line",
)
"""Names under which it is looked for, the chips' own toolchains first."""

_TIMEOUT_S = 20.0
_PLACE = re.compile(r"(?P<file>.*):(?P<line>\d+|\?)(?: \(discriminator \d+\))?")


class Addr2lineLocator:
    """Implements :class:`hostkit.link.crash.places.Locator` by asking a program, once for each address."""

    def __init__(self, program: str, elf: Path, runner: Runner) -> None:
        """Name program and file; nothing runs yet.

        Raises :class:`ToolError` for a file that is no ELF file.
        """
        self._code = read_code(elf)  # the program itself guesses where there is none
        self._program = program
        self._elf = elf
        self._runner = runner
        self._known: dict[int, Location] = {}

    def locate(self, address: int) -> Location:
        """Return where an address lies. Raises :class:`ToolError` when the program fails."""
        if not self._code.has(address):
            return Location(address)
        if address not in self._known:
            argv = (self._program, "-e", str(self._elf), "-f", "-C", "-i", hex(address))
            done = self._runner.run(Command(argv, timeout_s=_TIMEOUT_S))
            if not done.ok:
                said = (done.output.strip().splitlines() or ["no output"])[0]
                raise ToolError(
                    f"{self._program} cannot look {address:#x} up: {said}",
                    hint="hostkit's own reader needs no such program: leave the option out",
                )
            self._known[address] = Location(address, parse_places(done.output))
        return self._known[address]


def find_addr2line(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """Return the first of :data:`PROGRAMS` that is on PATH, or None."""
    return next((found for name in PROGRAMS if (found := which(name))), None)


def parse_places(output: str) -> tuple[Place, ...]:
    """Read pairs of lines, function and ``file:line``; ``??`` is what the program does not know. Pure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    places = []
    for name, where in zip(lines[::2], lines[1::2], strict=False):
        found = _PLACE.fullmatch(where)
        file = found["file"] if found is not None and not found["file"].startswith("??") else ""
        line = int(found["line"]) if found is not None and file and found["line"] != "?" else 0
        function = "" if name == "??" else plain_name(name)
        if function or file:
            places.append(Place(function, file, line))
    return tuple(places)

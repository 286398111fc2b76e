"""Where an address lies in the sources, and who can say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """A function and a line. ``file`` is as the build named it, "" and ``line`` 0 where it is not known."""

    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return ``function, file:line`` as far as it is known."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ", ".join(part for part in (self.function, where) if part)


@dataclass(frozen=True, slots=True)
class Location:
    """One address. ``places``: the line first, then the calls that were inlined around it.

    Empty ``places``: the ELF file has no code there, and nothing is guessed.
    """

    address: int
    places: tuple[Place, ...] = ()

    def __str__(self) -> str:
        """Return the innermost place, or that there is none."""
        return str(self.places[0]) if self.places else f"{self.address:#010x}, not in the ELF file"


class Locator(Protocol):
    """Looks addresses up in one ELF file. The real ones pass ``tests/contract/link/crash``."""

    def locate(self, address: int) -> Location:
        """Return where an address lies. An answer is kept: asking again costs nothing."""
        ...


def plain_name(name: str) -> str:
    """Return a C++ function's name without parameters and anonymous namespaces."""
    name = name.replace("(anonymous namespace)::", "")
    depth = 0
    for index, char in enumerate(name):
        depth += (char == "<") - (char == ">")
        if char == "(" and not depth and not name.endswith("operator", 0, index):
            return name[:index]
    return name


def demangle(name: str) -> str:
    """Return ``a::b::c`` for the plain names of the Itanium C++ ABI (``_ZN1a1b1cE…``); others as they are."""
    rest = name.removeprefix("_Z").removeprefix("L")
    if rest == name or not rest:
        return name
    nested = rest.startswith("N")
    rest = rest[1:].lstrip("rVKRO") if nested else rest
    parts = []
    while rest[:1].isdigit():
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        size, rest = int(digits), rest[len(digits) :]
        parts.append(rest[:size])
        rest = rest[size:]
        if not nested:
            break
    if not parts or (nested and not rest.startswith("E")):
        return name
    return "::".join(part for part in parts if part != "_GLOBAL__N_1")

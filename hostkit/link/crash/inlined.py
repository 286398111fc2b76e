"""Which function an address belongs to, and which calls were inlined around it (DWARF)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hostkit.link.crash.lines import Unit

_FUNCTION, _INLINED = "DW_TAG_subprogram", "DW_TAG_inlined_subroutine"
_HOLDS_CODE = (_FUNCTION, _INLINED, "DW_TAG_lexical_block")
_HOLDS_FUNCTIONS = (
    "DW_TAG_namespace",
    "DW_TAG_structure_type",
    "DW_TAG_class_type",
    "DW_TAG_union_type",
)
_ORIGINS = ("DW_AT_abstract_origin", "DW_AT_specification")
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Call:
    """A function, and where it was called if it was inlined there (else file and line are 0)."""

    function: str
    file: int
    line: int


class Scopes:
    """Functions of all units, read unit by unit as they are asked for."""

    def __init__(self, dwarf: Any) -> None:
        """Take pyelftools' record of a file's debug information; None for none."""
        self._ranges: Any = None if dwarf is None else dwarf.range_lists()
        self._functions: dict[int, list[tuple[int, int, Any]]] = {}

    def around(self, unit: Unit, address: int) -> tuple[Call, ...]:
        """Return the functions that an address is in, innermost first; empty when none is known."""
        key = unit.cu.cu_offset
        if key not in self._functions:
            self._functions[key] = list(self._read(unit.cu.get_top_DIE()))
        found = [die for start, end, die in self._functions[key] if start <= address < end]
        return tuple(reversed(list(self._descend(found[-1], address)))) if found else ()

    def _read(self, parent: Any) -> Iterator[tuple[int, int, Any]]:
        """Return every function with code, also those inside namespaces and classes."""
        for die in parent.iter_children():
            if die.tag == _FUNCTION:
                for start, end in self._pieces(die):
                    yield start, end, die
            elif die.tag in _HOLDS_FUNCTIONS:
                yield from self._read(die)

    def _descend(self, die: Any, address: int) -> Iterator[Call]:
        """Yield a function and, below it, what was inlined at an address: outermost first."""
        if die.tag in (_FUNCTION, _INLINED):
            yield Call(_name(die), _number(die, "DW_AT_call_file"), _number(die, "DW_AT_call_line"))
        for child in die.iter_children():
            if child.tag in _HOLDS_CODE and self._covers(child, address):
                yield from self._descend(child, address)
                return

    def _covers(self, die: Any, address: int) -> bool:
        return any(start <= address < end for start, end in self._pieces(die))

    def _pieces(self, die: Any) -> Iterator[tuple[int, int]]:
        """Return the ranges of addresses of one function or block."""
        low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
        if low is not None and high is not None:
            length = 0 if high.form == "DW_FORM_addr" else low.value
            yield low.value, high.value + length
        elif "DW_AT_ranges" in die.attributes and self._ranges is not None:
            yield from self._listed(die)

    def _listed(self, die: Any) -> Iterator[tuple[int, int]]:
        offset = die.attributes["DW_AT_ranges"].value
        first = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = 0 if first is None else first.value
        for entry in self._ranges.get_range_list_at_offset(offset, die.cu):
            if hasattr(entry, "base_address"):
                base = entry.base_address
                continue
            moved = 0 if getattr(entry, "is_absolute", False) else base
            yield entry.begin_offset + moved, entry.end_offset + moved


def _number(die: Any, attribute: str) -> int:
    found = die.attributes.get(attribute)
    return 0 if found is None else int(found.value)


def _name(die: Any) -> str:
    """Return a function's name with its namespaces and classes, anonymous ones left out."""
    for _ in range(_DEEPEST):
        origin = next((each for each in _ORIGINS if each in die.attributes), None)
        if origin is None:
            break
        die = die.get_DIE_from_attribute(origin)
    parts = []
    while die is not None and die.tag in (_FUNCTION, *_HOLDS_FUNCTIONS):
        found = die.attributes.get("DW_AT_name")
        if found is not None:
            parts.append(found.value.decode(errors="replace"))
        die = die.get_parent()
    return "::".join(reversed(parts))

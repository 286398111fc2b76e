"""What a firmware grew by, against an earlier build: in all, by section and by symbol, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

from hostkit.build.model import Artifact, Sizes
from hostkit.errors import FailedError, ToolError
from hostkit.files import disk_error

GREW = "grew too much"
"""How a reason begins that is about growth."""

_NAMED = 3  # files or symbols that a reason names


@dataclass(frozen=True, slots=True)
class GrowthLimits:
    """How many bytes more than at ``base`` (a commit) are allowed; 0: any number.

    ``section`` and ``symbol`` hold for each one of them.
    """

    base: str
    flash: int = 0
    ram: int = 0
    section: int = 0
    symbol: int = 0

    def plain(self) -> dict[str, object]:
        """Return it as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or an object: its section, its size in bytes, and where it lies in memory."""

    name: str
    section: str
    size: int
    address: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What a linked program has: bytes by section that is loaded, and its symbols."""

    sections: Mapping[str, int]
    symbols: tuple[Symbol, ...]


def check_growth(old: Artifact, new: Artifact, limits: GrowthLimits) -> None:
    """Raise :class:`FailedError` with the figures, and where they come from, when a limit is passed.

    Raises :class:`ToolError` for an ELF file that cannot be read.
    """
    over = list(grown_in_all(old.sizes, new.sizes, limits))
    if over or limits.section or limits.symbol:
        before, after = read_layout(old), read_layout(new)
        over += grown_sections(before, after, limits.section)
        over += grown_symbols(before, after, limits.symbol)
    if not over:
        return
    raise FailedError(
        f"{GREW} since {limits.base[:12]}: {'; '.join((*over, *where(before, after, new)))}",
        hint="make it smaller, or raise the limit (max_…_growth in hostkit.toml) in a change of its own",
    )


def read_layout(artifact: Artifact) -> Layout:
    """Read sections and symbols of an artifact's ELF file."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - 40 ms, and most builds ask for none
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    path = artifact.directory / artifact.elf
    try:
        elf = ELFFile(BytesIO(path.read_bytes()))
        return _layout(elf)
    except OSError as error:
        raise disk_error(error, path) from error
    except (ELFError, KeyError, ValueError) as error:
        raise ToolError(f"cannot read {path}: {error}", hint="build again: hostkit build") from error


def grown_in_all(old: Sizes, new: Sizes, limits: GrowthLimits) -> Iterator[str]:
    """Say which of flash and RAM grew by more than its limit (0: none is asked). Pure."""
    for what, before, after, limit in (
        ("flash", old.flash, new.flash, limits.flash),
        ("RAM", old.ram, new.ram, limits.ram),
    ):
        if limit and after - before > limit:
            yield f"{signed(after - before)} of {what} (limit {limit:,} B)"


def grown_sections(before: Layout, after: Layout, limit: int) -> Iterator[str]:
    """Say which sections grew by more than a limit (0: none is asked). Pure."""
    for name, size in sorted(after.sections.items()):
        more = size - before.sections.get(name, 0)
        if limit and more > limit:
            yield f"{signed(more)} in {name} (limit {limit:,} B)"


def grown_symbols(before: Layout, after: Layout, limit: int) -> Iterator[str]:
    """Say which symbols grew by more than a limit (0: none is asked). Pure."""
    if limit:
        for symbol, more in _changes(before, after):
            if more > limit:
                yield f"{signed(more)} in {symbol.section}: {_plain(symbol.name)} (limit {limit:,} B)"


def where(before: Layout, after: Layout, new: Artifact) -> Iterator[str]:
    """Say what grew most, by section and source file where debug information says it, else by name."""
    from hostkit.link.crash.elf import ElfLocator  # noqa: PLC0415 - pyelftools, only for a reason

    locator = ElfLocator(new.directory / new.elf)
    grown: Counter[tuple[str, str]] = Counter()
    for symbol, more in _changes(before, after):
        places = locator.locate(symbol.address).places
        file = next((place.file for place in reversed(places) if place.file), "")
        grown[symbol.section, file.removeprefix("./") or _plain(symbol.name)] += more
    for (section, place), more in grown.most_common(_NAMED):
        if more > 0:
            yield f"{signed(more)} in {section}: {place}"


def signed(count: int) -> str:
    """Return bytes for people: ``+1,204 B``."""
    return f"{count:+,} B"


def _changes(before: Layout, after: Layout) -> list[tuple[Symbol, int]]:
    """Return symbols whose size differs, the most grown first; those of one name count together."""
    old: Counter[tuple[str, str]] = Counter()
    for symbol in before.symbols:
        old[symbol.section, symbol.name] += symbol.size
    new: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Symbol] = {}
    for symbol in after.symbols:
        new[symbol.section, symbol.name] += symbol.size
        first.setdefault((symbol.section, symbol.name), symbol)
    rows = [(first[key], size - old[key]) for key, size in new.items() if size != old[key]]
    return sorted(rows, key=lambda row: (-row[1], row[0].name))


def _layout(elf: Any) -> Layout:
    names, sections = {}, {}
    for number, section in enumerate(elf.iter_sections()):
        if section["sh_flags"] & 0x2:  # SHF_ALLOC: it is there when the program runs
            names[number] = section.name
            sections[section.name] = section["sh_size"]
    table = elf.get_section_by_name(".symtab")
    rows = table.iter_symbols() if table is not None else ()
    symbols = tuple(
        Symbol(row.name, names[row["st_shndx"]], row["st_size"], row["st_value"])
        for row in rows
        if row["st_size"]
        and row["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT")
        and row["st_shndx"] in names
    )
    return Layout(sections, symbols)


def _plain(name: str) -> str:
    from hostkit.link.crash.places import demangle  # noqa: PLC0415

    return demangle(name)

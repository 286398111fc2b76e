"""What is plugged in, what boards.toml says of it, and what to add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.model import BoardSpec, Kind
from hostkit.boards.usb import KnownChip, Lister, UsbMemory, UsbPort
from hostkit.errors import InconclusiveError
from hostkit.files import atomic_write, disk_error


@dataclass(frozen=True, slots=True)
class Found:
    """One port: ``chip`` None when it was not asked or did not answer, ``problem`` then says why.

    ``name``: of the board in boards.toml, or the one proposed (``known`` False).
    """

    port: UsbPort
    chip: KnownChip | None = None
    asked: bool = False
    problem: str = ""
    name: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """How to look. ``ask`` may raise :class:`InconclusiveError`; ``hold`` keeps others away from a port
    meanwhile, and raises :class:`InconclusiveError` naming who has it."""

    lister: Lister
    memory: UsbMemory
    ask: Callable[[str], KnownChip]
    hold: Callable[[UsbPort], AbstractContextManager[object]]

    def run(self, boards: Sequence[BoardSpec], *, again: bool = False) -> tuple[Found, ...]:
        """Return every USB port that may be a board. Each is asked once in its life, or ``again``."""
        found = [self._look(port, again) for port in self.lister() if port.adapter]
        return name_all(found, boards)

    def _look(self, port: UsbPort, again: bool) -> Found:
        known = None if again else self.memory.chips().get(port.key)
        if known is not None:
            return Found(port, known)
        try:
            with self.hold(port):
                chip = self.ask(port.device)
        except InconclusiveError as error:
            return Found(port, problem=f"{error.message} ({error.hint})" if error.hint else error.message)
        self.memory.remember(port, chip)
        return Found(port, chip, asked=True)


def name_all(found: Iterable[Found], boards: Sequence[BoardSpec]) -> tuple[Found, ...]:
    """Return each chip with the name that boards.toml has for its MAC, else with a new one."""
    by_mac = {board.mac: board.name for board in boards if board.mac}
    taken = {board.name for board in boards}
    named = []
    for each in found:
        name, known = "", False
        if each.chip is not None:
            known = each.chip.mac in by_mac
            name = by_mac.get(each.chip.mac) or _new_name(each.chip, taken)
            taken.add(name)
        named.append(Found(each.port, each.chip, each.asked, each.problem, name, known))
    return tuple(named)


def entry(found: Found) -> str:
    """Return the lines for boards.toml. No port: the board is found by its MAC wherever it is plugged in."""
    assert found.chip is not None
    port, chip = found.port, found.chip
    size = f"{chip.flash_size >> 20}MB" if chip.flash_size >= 1 << 20 else f"{chip.flash_size >> 10}KB"
    where = f"serial number {port.serial}" if port.serial else "no serial number"
    return "\n".join(
        (
            f"# {port.adapter}, {where}, at {port.location or port.device}",
            f"[boards.{found.name}]",
            f'kind = "{Kind.SERIAL.value}"',
            f'chip = "{chip.chip.value}"',
            f'mac = "{chip.mac}"',
            f'flash_size = "{size}"',
            "",
        )
    )


def append(path: Path, entries: Sequence[str]) -> None:
    """Add entries at the end of a boards.toml; what is there stays as it is, comments too.

    Raises :class:`ToolError` when the disk refuses; the file is the old one then.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    except OSError as error:
        raise disk_error(error, path) from error
    if before and not before.endswith("\n"):
        before += "\n"
    joined = "\n".join(entries)
    atomic_write(path, (f"{before}\n{joined}" if before else joined).encode(), mode=mode)


def _new_name(chip: KnownChip, taken: set[str]) -> str:
    base = f"{chip.chip.value}-{chip.mac.replace(':', '')[-4:]}"
    if base not in taken:
        return base
    return f"{chip.chip.value}-{chip.mac.replace(':', '')}"

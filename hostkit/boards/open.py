"""From a line of ``boards.toml`` to a board that can be used."""

from __future__ import annotations

from pathlib import Path

from hostkit.boards.model import Board, BoardSpec, Kind
from hostkit.boards.simulated.engine import require_engine
from hostkit.boards.usb import MEMORY, PortFinder, UsbMemory, list_ports
from hostkit.clock import Clock


def open_board(spec: BoardSpec, *, boards_dir: Path, clock: Clock, autostart: bool = True) -> Board:
    """Return the board, ready to be reset, flashed and talked to; close it when done.

    ``boards_dir``: live state of virtual and simulated boards (``Paths.boards``). One that nobody serves
    is served by a child of this process until it is closed, unless ``autostart`` is off: then that is
    an :class:`InconclusiveError`. A QEMU board runs from its first use until it is closed. A real board
    is not touched before it is used. Take the board's lease first (:mod:`hostkit.boards.lease`).
    """
    if spec.kind is Kind.SIMULATED:
        require_engine(spec.chip)
    if spec.served:
        from hostkit.boards.virtual.board import VirtualBoard  # noqa: PLC0415 - not for real boards

        return VirtualBoard(spec, boards_dir / spec.name, autostart=autostart)
    if spec.kind is Kind.QEMU:
        from hostkit.boards.qemu.board import QemuBoard  # noqa: PLC0415 - only for such a board

        return QemuBoard(spec, boards_dir / spec.name, clock)
    from hostkit.boards.silicon import SerialLines, SiliconBoard  # noqa: PLC0415 - not for virtual boards

    return SiliconBoard(spec, clock, SerialLines(), port_finder(boards_dir).find)


def port_finder(boards_dir: Path) -> PortFinder:
    """Return what finds serial boards by the MACs that ``hostkit boards scan`` met on this machine."""
    return PortFinder(UsbMemory(boards_dir / MEMORY), list_ports)

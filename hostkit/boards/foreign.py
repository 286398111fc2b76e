"""Programs that have a board's port open without knowing of leases: a terminal, an IDE, another tool."""

from __future__ import annotations

from pathlib import Path

from hostkit.boards.holder import BusyError
from hostkit.boards.model import Board
from hostkit.errors import InconclusiveError
from hostkit.holders import Holder, find_holder


def foreign_holder(port: str) -> Holder | None:
    """Return who has a device open, other than this process; None for nobody, and for a URL."""
    return None if not port or "://" in port else find_holder(Path(port))


def refuse_foreign(board: Board) -> None:
    """Raise :class:`BusyError` that names whoever has the port open; to be called with the lease in hand.

    A board that is not there is left to who opens it.
    """
    try:
        port = board.link_port()
    except InconclusiveError:
        return
    refuse_open_port(port, f"board {board.spec.name}")


def refuse_open_port(port: str, what: str) -> None:
    """Raise :class:`BusyError` when another process has ``port`` open; ``what`` is in use then."""
    holder = foreign_holder(port)
    if holder is not None:
        raise BusyError(
            f"{what} is in use by pid {holder.pid}, which holds no lease: {holder.command} has {port} open",
            hint=f"end that program: kill {holder.pid}",
        )

"""Boards that are out of service: a file each, so that every checkout on the machine knows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hostkit.boards.model import BoardSpec
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError
from hostkit.files import atomic_write, pretty_json

FOLDER = "out-of-service"
"""Directory of the records, inside the state directory."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Why a board is not used. ``since``: wall time, seconds; ``run``: whose evidence tells more, or ""."""

    name: str
    reason: str
    since: float
    run: str = ""


class OutOfServiceError(InconclusiveError):
    """The board was taken out of service (exit 3)."""

    def __init__(self, outage: Outage) -> None:
        """Say why, and the way back."""
        super().__init__(
            f"board {outage.name} is out of service: {outage.reason}",
            hint=f"hostkit boards check {outage.name}, then: hostkit boards restore {outage.name}",
        )
        self.outage = outage


@dataclass(frozen=True, slots=True)
class OutageBook:
    """The records below a state directory. A board goes by its identity, whatever a checkout calls it."""

    state: Path
    clock: Clock

    def take_out(self, spec: BoardSpec, reason: str, run: str = "") -> Outage:
        """Take a board out of service. Raises :class:`ToolError` when the disk refuses."""
        outage = Outage(spec.name, reason, self.clock.wall_ns() / 1e9, run)
        atomic_write(self._path(spec), pretty_json(asdict(outage)))
        return outage

    def find(self, spec: BoardSpec) -> Outage | None:
        """Return why a board is out of service, None when it is in service.

        A record that cannot be read counts as one: somebody took the board out.
        """
        path = self._path(spec)
        if not path.exists():
            return None
        try:
            raw: Any = json.loads(path.read_bytes())
            return Outage(**raw)
        except (OSError, ValueError, TypeError):
            return Outage(spec.name, f"{path} cannot be read", 0.0)

    def refuse(self, spec: BoardSpec) -> None:
        """Raise :class:`OutOfServiceError` unless a board is in service."""
        outage = self.find(spec)
        if outage is not None:
            raise OutOfServiceError(outage)

    def restore(self, spec: BoardSpec) -> bool:
        """Put a board back in service; False when it was."""
        path = self._path(spec)
        if not path.exists():
            return False
        path.unlink(missing_ok=True)
        return True

    def _path(self, spec: BoardSpec) -> Path:
        return self.state / FOLDER / f"{spec.identity}.json"

"""A board's own log: what happened to it, and what its application wrote to stderr. Bounded."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hostkit.clock import Clock

_MOST = 1 << 20  # bytes before the log starts anew, keeping the last one beside it
_LINE = 2000  # characters kept of one line


class Journal:
    """Appends lines to a file; a disk that refuses loses lines, never the board."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Name the file; lines carry seconds of the clock's monotonic time."""
        self._path = path
        self._clock = clock

    def note(self, text: str) -> None:
        """Write one event; control characters are made visible."""
        stamp = f"{self._clock.monotonic_ns() / 1e9:.6f}"
        lines = [
            f"{stamp} {''.join(c if c.isprintable() else '?' for c in line[:_LINE])}\n"
            for line in text.splitlines()
        ]
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size > _MOST:
                self._path.replace(self._path.with_suffix(".1.log"))
            with self._path.open("a", encoding="utf-8") as stream:
                stream.writelines(lines)

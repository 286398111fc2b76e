"""A board with nothing to run tries again, as silicon does, but ever more slowly. Pure."""

from __future__ import annotations

from hostkit.boards.virtual.bootrom import ResetReason

_FIRST_NS = 250_000_000
_LAST_NS = 8_000_000_000


class BootRetry:
    """The next attempt after one that failed; :meth:`forget` when a person or a host resets the board."""

    def __init__(self) -> None:
        """Start with no failure behind."""
        self._failures = 0
        self.deadline_ns: int | None = None
        """When to try again, None while nothing failed."""
        self.reason = ResetReason.WATCHDOG
        """What that attempt's reset reason will be."""

    def failed(self, reason: ResetReason, now_ns: int) -> None:
        """Plan another attempt: after a quarter of a second, then twice as long each time, 8 s at most."""
        self.deadline_ns = now_ns + min(_FIRST_NS << min(self._failures, 8), _LAST_NS)
        self.reason = reason
        self._failures += 1

    def forget(self) -> None:
        """Start anew: the next failure is the first."""
        self._failures = 0
        self.deadline_ns = None

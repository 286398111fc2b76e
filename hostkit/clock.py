"""Time comes in through constructors, so that tests own it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. The shipped fake is ``hostkit.testing.clock.FakeClock``."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds from an arbitrary start; never goes back."""
        ...

    def wall_ns(self) -> int:
        """Return nanoseconds since the Unix epoch (UTC); may jump."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let at least ``seconds`` pass."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        """Return ``time.monotonic_ns()``."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Return ``time.time_ns()``."""
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        """Sleep; a value of zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)

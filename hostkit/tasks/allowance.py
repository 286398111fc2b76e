"""The time that one run may take."""

from __future__ import annotations

from hostkit.clock import Clock


class Allowance:
    """How long a run may go on; ``wall_s`` None: as long as it takes."""

    def __init__(self, clock: Clock, wall_s: float | None) -> None:
        """Begin now."""
        self._clock = clock
        self._wall_s = wall_s
        self._began_ns = clock.monotonic_ns()
        self.cut = False  # what was at work when it was used up has been stopped

    @property
    def is_over(self) -> bool:
        """True once it is used up."""
        return self._wall_s is not None and self._left_s(self._wall_s) <= 0

    def wait_s(self, most_s: float) -> float:
        """Return how long to wait for something else: until it is used up, unless that was seen to."""
        if self._wall_s is None or self.cut:
            return most_s
        return max(0.0, min(most_s, self._left_s(self._wall_s)))

    def _left_s(self, wall_s: float) -> float:
        return wall_s - (self._clock.monotonic_ns() - self._began_ns) / 1e9

    @property
    def said(self) -> str:
        """Return in words that it is used up."""
        return f"the run's time ({self._wall_s or 0:g} s) is used up"

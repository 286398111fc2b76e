"""A clock that tests move by hand."""

from __future__ import annotations


class FakeClock:
    """Time that passes only when it is told to, or when someone sleeps."""

    def __init__(self, *, wall_ns: int = 1_700_000_000_000_000_000) -> None:
        """Start with monotonic time zero and the given wall time, nanoseconds since the epoch."""
        self._monotonic_ns = 0
        self._wall_ns = wall_ns
        self.slept: list[float] = []

    def monotonic_ns(self) -> int:
        """Return nanoseconds since this clock was made."""
        return self._monotonic_ns

    def wall_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._wall_ns

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, and remember that they were asked for."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on both clocks. Raises :class:`ValueError` for a negative value."""
        if seconds < 0:
            raise ValueError("time does not go back; use jump() to move the wall clock alone")
        step = round(seconds * 1e9)
        self._monotonic_ns += step
        self._wall_ns += step

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as NTP or a person does; may be negative."""
        self._wall_ns += round(seconds * 1e9)

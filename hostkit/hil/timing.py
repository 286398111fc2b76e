"""Live frames: how fast they come, how evenly, and whether the wire could have carried them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from hostkit.errors import FailedError
from hostkit.hil.golden.symbols import shortest_frame_us
from hostkit.link.client import Link
from hostkit.link.messages import FrameEvent, Mode

_PATIENCE_S = 2.0  # without any event


@dataclass(frozen=True, slots=True)
class LiveRun:
    """Frame events of one stretch of live mode, at least two, and the rate as the board applied it."""

    events: tuple[FrameEvent, ...]
    applied_fps: int

    @property
    def intervals_us(self) -> tuple[int, ...]:
        """Microseconds from each frame's start to the next one's."""
        pairs = zip(self.events, self.events[1:], strict=False)
        return tuple(after.time_us - before.time_us for before, after in pairs)

    @property
    def rate_hz(self) -> float:
        """Frames a second over the whole stretch."""
        span = self.events[-1].time_us - self.events[0].time_us
        return (len(self.events) - 1) * 1e6 / span if span > 0 else float("inf")

    @property
    def median_interval_us(self) -> float:
        """The middle interval."""
        return median(self.intervals_us)

    @property
    def jitter_us(self) -> float:
        """Largest distance of an interval from the middle one."""
        middle = self.median_interval_us
        return max(abs(interval - middle) for interval in self.intervals_us)

    @property
    def missing(self) -> int:
        """Sequence numbers that never came, though no drop was told."""
        pairs = zip(self.events, self.events[1:], strict=False)
        return sum(after.seq - before.seq - 1 for before, after in pairs)

    @property
    def dropped(self) -> int:
        """Frames that the board says it dropped."""
        return self.events[-1].dropped


def floor_us(longest: int, reset_us: int) -> int:
    """Return the shortest time that a frame can take when all strips are sent at once.

    30 us an LED of the longest strip, and the reset gap: what is faster was not sent.
    """
    return shortest_frame_us(longest, reset_us)


def collect_live(link: Link, fps: int, frames: int) -> LiveRun:
    """Let the board run free at ``fps`` (0: as fast as it can) and return ``frames`` events.

    The board is back in test mode afterwards. Raises :class:`FailedError` when events stop coming although
    the board still answers.
    """
    applied = link.mode(Mode.LIVE, fps)
    events: list[FrameEvent] = []
    try:
        for event in link.events(_PATIENCE_S):
            events.append(event)
            if len(events) >= frames:
                break
    finally:
        link.mode(Mode.TEST)
    if len(events) < frames:
        raise FailedError(
            f"only {len(events)} of {frames} frame events came, then none for {_PATIENCE_S:g} s",
            hint="the board answers, but sends no frames: look at its live mode",
        )
    return LiveRun(tuple(events), applied.fps)

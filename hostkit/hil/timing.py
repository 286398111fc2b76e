"""Live frames: how fast they come, how evenly, and whether the wire could have carried them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
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
    def lateness_us(self) -> tuple[int, ...]:
        """How long after its turn each frame began, in microseconds, as if the first had begun on time.

        Turns are a period of the applied rate apart, and a frame that was dropped had one too. A board that
        keeps time begins every frame within its own turn, so these numbers differ by less than a period
        over any length of time; it is the board's own clock and count that say so, not the host's.
        """
        first = self.events[0]
        turns = ((e.seq - first.seq) + (e.dropped - first.dropped) for e in self.events)
        return tuple(
            e.time_us - first.time_us - turn * 1_000_000 // self.applied_fps
            for e, turn in zip(self.events, turns, strict=True)
        )

    @property
    def keeps_turns(self) -> bool:
        """True when every frame began within its own turn; a period may be rounded to whole microseconds."""
        spread = max(self.lateness_us) - min(self.lateness_us)
        turns = self.events[-1].seq - self.events[0].seq + self.dropped - self.events[0].dropped
        return spread < 1_000_000 // self.applied_fps + turns

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
    deque(link.events(0), maxlen=0)  # what came of the last time before the board heard that it was enough
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


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least of the values that ``share`` (above 0, to 1) of them do not exceed; nearest rank."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A board's clock at a moment of the host's: ``host_ns``, give or take ``within_ns``."""

    host_ns: int
    within_ns: int
    board_us: int


@dataclass(frozen=True, slots=True)
class Drift:
    """How much faster a board's clock runs than the host's, in millionths, give or take ``within_ppm``.

    What a request takes widens the bounds, so a busy host can hide a drift, never make one up.
    """

    ppm: float
    within_ppm: float

    @property
    def low_ppm(self) -> float:
        """The least that it can be."""
        return self.ppm - self.within_ppm

    @property
    def high_ppm(self) -> float:
        """The most that it can be."""
        return self.ppm + self.within_ppm


def read_clock(link: Link, tries: int = 20) -> ClockReading:
    """Ask for the board's time since boot; of some tries the one with the shortest round trip counts.

    The board read its clock between question and answer, so ``within_ns`` is a bound, not an estimate: a
    host that is busy makes it wide, never wrong.
    """
    now_ns = link.clock.monotonic_ns
    readings = []
    for _ in range(tries):
        before = now_ns()
        board_us = link.stats().uptime_us
        after = now_ns()
        readings.append(ClockReading((before + after) // 2, (after - before + 1) // 2, board_us))
    return min(readings, key=lambda reading: reading.within_ns)


def drift(first: ClockReading, last: ClockReading) -> Drift:
    """Compare two readings some time apart. Raises :class:`ValueError` when no time went by."""
    host_ns = last.host_ns - first.host_ns
    if host_ns <= 0:
        raise ValueError("no time went by between two readings of a clock")
    board_ns = (last.board_us - first.board_us) * 1000
    unsure_ns = first.within_ns + last.within_ns + 1000  # the board counts whole microseconds
    return Drift((board_ns - host_ns) / host_ns * 1e6, unsure_ns / host_ns * 1e6)

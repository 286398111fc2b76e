"""Numbers as SVG shapes: places and sizes only, the template draws them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

WIDTH, HEIGHT, WIDE = 640, 200, 1240
"""Of a histogram; of what runs over the whole width of the page."""

LEFT, RIGHT, TOP, BOTTOM = 56, 12, 28, 30
"""Margins around the plot, for the axes' numbers."""

_BINS, _COLUMNS = 40, 240


@dataclass(frozen=True, slots=True)
class Tick:
    """A number on an axis, at ``at`` pixels."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram, with what it says when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Where a chart's axes are, in pixels of its own."""

    width: int
    height: int = HEIGHT
    left: int = LEFT
    right: int = 0
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


_NARROW, _BROAD = Plot(WIDTH, right=WIDTH - RIGHT), Plot(WIDE, right=WIDE - RIGHT)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often which value came. ``floor``: where a limit lies, None outside of the plot."""

    title: str
    summary: str
    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    floor: float | None
    plot: Plot = _NARROW


@dataclass(frozen=True, slots=True)
class Spans:
    """Values over time: a bar from the least to the most of each moment that has any."""

    summary: str
    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    plot: Plot = _BROAD


def histogram(title: str, intervals_us: Sequence[int], floor_us: float | None = None) -> Histogram:
    """Return the histogram of at least one interval, in milliseconds."""
    values = np.asarray(intervals_us, dtype=np.float64) / 1000
    low, high = float(values.min()), float(values.max())
    margin = max((high - low) * 0.04, 0.05)
    low, high = low - margin, high + margin
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    across, up = _Axis(low, high, LEFT, WIDTH - RIGHT), _Axis(0, float(counts.max()), HEIGHT - BOTTOM, TOP)
    bars = tuple(
        Bar(
            round(across.at(left), 2),
            round(up.at(count), 2),
            round(max(across.at(right) - across.at(left) - 1, 1), 2),
            round(up.at(0) - up.at(count), 2),
            f"{left:.3f} to {right:.3f} ms: {count}",
        )
        for count, left, right in zip(counts.tolist(), edges.tolist(), edges[1:].tolist(), strict=False)
        if count
    )
    middle, most, worst = (float(np.percentile(values, share)) for share in (50, 95, 99))
    summary = (
        f"{values.size} intervals: median {middle:.3f} ms, 95 % within {most:.3f} ms, "
        f"99 % within {worst:.3f} ms, longest {values.max():.3f} ms"
    )
    limit = None if floor_us is None or not low <= floor_us / 1000 <= high else across.at(floor_us / 1000)
    whole = tuple(tick for tick in up.ticks(4) if float(tick.label.replace(",", "")) % 1 == 0)
    return Histogram(title, summary, bars, across.ticks(6), whole, limit)


def spans(points: Sequence[tuple[int, int]]) -> Spans:
    """Return mA over time of at least one point (microseconds, mA)."""
    times = np.asarray([us for us, _ in points], dtype=np.float64) / 1e6
    values = np.asarray([ma for _, ma in points], dtype=np.float64)
    end = max(float(times.max()), float(times.min()) + 1e-3)
    across = _Axis(float(times.min()), end, LEFT, WIDE - RIGHT)
    up = _Axis(0, max(float(values.max()), 1), HEIGHT - BOTTOM, TOP)
    width = (WIDE - RIGHT - LEFT) / _COLUMNS
    column = np.minimum(((times - times.min()) / (end - times.min()) * _COLUMNS).astype(int), _COLUMNS - 1)
    bars = []
    for number in np.unique(column).tolist():
        inside = values[column == number]
        least, most = float(inside.min()), float(inside.max())
        y, low = up.at(most) - 1, up.at(least) + 1
        title = f"{times[column == number].min():.3f} s: {least:,.0f} to {most:,.0f} mA, {inside.size} frames"
        x = round(LEFT + number * width, 2)
        bars.append(Bar(x, round(y, 2), round(width - 0.5, 2), round(low - y, 2), title))
    summary = (
        f"{values.size:,} frames: least {values.min():,.0f} mA, mean {values.mean():,.0f} mA, "
        f"most {values.max():,.0f} mA"
    )
    return Spans(summary, tuple(bars), across.ticks(8), up.ticks(4))


@dataclass(frozen=True, slots=True)
class _Axis:
    """Maps values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Return round numbers along the axis, about ``most`` of them."""
        rough = (self.high - self.low) / most
        power = 10.0 ** floor(log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        digits = max(0, -floor(log10(step) + 1e-9))
        first = ceil(self.low / step - 1e-9)
        count = floor(self.high / step + 1e-9) - first + 1
        return tuple(
            Tick(round(self.at((first + n) * step), 2), f"{(first + n) * step:,.{digits}f}")
            for n in range(count)
        )

"""Where the LEDs are: ``docs/reference/rendering.md``, section 2, for all strips in one row of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hostkit.hil.golden.arithmetic import Array

MAX_LEDS = 1024  # of one strip


@dataclass(frozen=True)
class Geometry:
    """Lengths of the strips, in strip order. The arrays run over all LEDs, strip after strip."""

    lengths: tuple[int, ...] = (160, 160)

    def __post_init__(self) -> None:
        """Refuse what no firmware can have; raises :class:`ValueError`."""
        if not self.lengths or not all(1 <= n <= MAX_LEDS for n in self.lengths):
            raise ValueError(f"strips must have 1..{MAX_LEDS} LEDs each, not {self.lengths}")

    @property
    def leds(self) -> int:
        """Number of LEDs on all strips."""
        return sum(self.lengths)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each strip lies in the arrays."""
        ends = np.cumsum(self.lengths).tolist()
        return tuple(slice(end - n, end) for n, end in zip(self.lengths, ends, strict=True))

    @cached_property
    def index(self) -> Array:
        """``i``: place in its strip, 0 at the wire's start."""
        return np.concatenate([np.arange(n, dtype=np.int64) for n in self.lengths])

    @cached_property
    def strip(self) -> Array:
        """``s``: number of the strip."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths)

    @cached_property
    def length(self) -> Array:
        """``n``: length of the strip that the LED is on."""
        return np.repeat(np.array(self.lengths, dtype=np.int64), self.lengths)

    @cached_property
    def mirrored(self) -> Array:
        """``m``: place seen from the strip's other end."""
        return self.length - 1 - self.index

    @cached_property
    def distance(self) -> Array:
        """``k``: whole LEDs from the centre; 0 for both LEDs next to the centre of an even strip."""
        away: Array = np.abs(2 * self.index - (self.length - 1)) >> 1
        return away

    @cached_property
    def radius(self) -> Array:
        """``r``: distance from the centre as a fraction, 65535 at both ends."""
        span = (self.length + 1) // 2 - 1
        return np.where(span > 0, self.distance * 65535 // np.maximum(span, 1), 0)

    @property
    def reach(self) -> int:
        """``K`` of the longest strip: how many distances from the centre there are."""
        return (max(self.lengths) + 1) // 2

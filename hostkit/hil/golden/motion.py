"""Time of ``docs/reference/rendering.md``, section 3. Python integers: a time has 64 bits, unsigned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import TURN, WORD, Array


def cycle(time_us: int, period_ms: int) -> tuple[int, int]:
    """Return how many periods have passed (mod 2^32) and the phase in this one; (0, 0) for no period."""
    if period_ms == 0:
        return 0, 0
    count, rest = divmod(time_us, period_ms * 1000)
    return count % WORD, rest * TURN // (period_ms * 1000)


def travel(time_us: int, speed: int) -> int:
    """Return the way that ``speed`` LEDs a second has covered, in 1/256 LED rounded down; fits 64 bits."""
    return time_us * speed * 256 // 1_000_000


def phases(times: Sequence[int], period_ms: int) -> Array:
    """Return the phase for each time, as a column: shape (times, 1)."""
    return np.array([[cycle(time, period_ms)[1]] for time in times], dtype=np.int64)


def cycles(times: Sequence[int], period_ms: int) -> tuple[Array, Array]:
    """Return the counts and the phases for each time, both as columns: shape (times, 1)."""
    pairs = np.array([cycle(time, period_ms) for time in times], dtype=np.int64).reshape(-1, 2)
    return pairs[:, :1], pairs[:, 1:]

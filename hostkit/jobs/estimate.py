"""When a waiting job will begin, from how long such jobs took before."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN_S = float("inf")
"""What a step takes while none of its kind has ended yet: nobody can say. It makes every sum unknown."""


def typical_s(past: Sequence[float]) -> float:
    """Return the median of past durations in seconds, :data:`UNKNOWN_S` for none."""
    if not past:
        return UNKNOWN_S
    return sorted(past)[len(past) // 2]


def start_in_s(ahead: Sequence[float], running: Sequence[float], servers: int) -> float:
    """Return in how many seconds a job begins.

    ``ahead``: how long each job before it will take, in order; ``running``: how long the running ones have
    left; ``servers``: how many run at once (boards that fit, or build slots). All in seconds;
    :data:`UNKNOWN_S` where it rests on something that is not known.
    """
    free_at = sorted([max(0.0, left) for left in running] + [0.0] * max(0, servers - len(running)))
    if not free_at:
        return UNKNOWN_S
    for took in ahead:
        free_at[0] += took
        free_at.sort()
    return free_at[0]

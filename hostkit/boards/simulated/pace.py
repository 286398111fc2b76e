"""How the time of a simulated board follows the time of its host. Pure."""

from __future__ import annotations

_DEBT_TICKS = 800_000
"""How far behind the host the board may stay (50 ms): what it is behind more than that is forgotten."""


class Pace:
    """Decides how long a sleeping board sleeps, in ticks of the system timer.

    A board that is busy runs as fast as the simulator goes, which is slower than its clock says. One that
    sleeps never gets ahead of its host: so a time-out of the firmware is no shorter than it says, and a
    busy board that sleeps in between makes up for lost time without waiting.
    """

    def __init__(self, host_ticks: int) -> None:
        """Begin with the board's clock at 0."""
        self._base = host_ticks

    def wake(self, now: int, target: int, host_ticks: int) -> tuple[int, int]:
        """Return the board's time now, and for how many ticks of the host it has to sleep on (0: none)."""
        host = host_ticks - self._base
        if host - now > _DEBT_TICKS:
            self._base += host - now - _DEBT_TICKS
            host = now + _DEBT_TICKS
        if host >= target:
            return max(now, target), 0
        return max(now, host), target - max(now, host)

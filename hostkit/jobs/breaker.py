"""A board that fails again and again is left alone for a while, then asked whether it is well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

FAULTS = 3
"""So many infrastructure faults in a row open the circuit."""

COOL_S, LONGEST_S = 60.0, 3600.0
"""How long it stays open at first, and at most: it doubles each time that the probe fails."""


class Circuit(Enum):
    """What may be done with a board."""

    CLOSED = "closed"  # use it
    OPEN = "open"  # leave it alone
    HALF_OPEN = "half-open"  # ask it with an image that is known to run, before anything else


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of a board. ``opened_ns``: wall time, 0 while the circuit is closed."""

    faults: int = 0
    opened_ns: int = 0
    cool_s: float = COOL_S

    def circuit(self, now_ns: int) -> Circuit:
        """Return what may be done now. A clock that was set back counts as time enough: asking is cheap."""
        if not self.opened_ns:
            return Circuit.CLOSED
        passed_s = (now_ns - self.opened_ns) / 1e9
        return Circuit.OPEN if 0 <= passed_s < self.cool_s else Circuit.HALF_OPEN

    def after_good(self) -> Breaker:
        """Return what is remembered after the board did its part, whatever the verdict."""
        return Breaker()

    def after_fault(self, now_ns: int) -> Breaker:
        """Return what is remembered after the board, or the way to it, failed."""
        if self.opened_ns:  # the probe failed, or a job that had begun before
            longer = min(LONGEST_S, self.cool_s * 2)
            return replace(self, faults=self.faults + 1, opened_ns=now_ns, cool_s=longer)
        faults = self.faults + 1
        return Breaker(faults, now_ns if faults >= FAULTS else 0)

"""The two-transistor auto-reset circuit of ESP32 boards: DTR and RTS in, EN and GPIO0 out. Pure."""

from __future__ import annotations

from enum import Enum

CHARGE_NS = 500_000_000
"""How long EN takes to rise when DTR and RTS leave it to its capacitor.

On a board it is some milliseconds, which a USB driver beats. A client over RFC 2217 takes at least
50 ms from one line to the next, and port servers make up for that; this board does so with a larger
capacitor.
"""


class Strap(Enum):
    """What GPIO0 said when EN rose."""

    RUN = "run"
    DOWNLOAD = "download"


class ResetCircuit:
    """``dtr`` and ``rts`` are as pyserial has them: True is asserted.

    RTS alone pulls EN low (the chip is in reset), DTR alone pulls GPIO0 low; both, or neither, pull
    nothing. The strap is sampled when EN rises.
    """

    def __init__(self, charge_ns: int = CHARGE_NS) -> None:
        """Start with both lines released and the chip out of reset."""
        self._charge_ns = charge_ns
        self._dtr = False
        self._rts = False
        self._rises_at: int | None = None
        self.in_reset = False
        """True from EN low until the strap was sampled."""

    @property
    def lines(self) -> tuple[bool, bool]:
        """DTR and RTS as last set."""
        return self._dtr, self._rts

    @property
    def gpio0_low(self) -> bool:
        """True while the circuit pulls GPIO0 down: any reset then ends in download mode."""
        return self._dtr and not self._rts

    @property
    def deadline_ns(self) -> int | None:
        """When :meth:`tick` has something to do."""
        return self._rises_at

    def set(self, now_ns: int, *, dtr: bool | None = None, rts: bool | None = None) -> Strap | None:
        """Drive a line, or both at once; return the strap when this let EN rise."""
        self._dtr = self._dtr if dtr is None else dtr
        self._rts = self._rts if rts is None else rts
        if self._rts and not self._dtr:
            self.in_reset = True
            self._rises_at = None
            return None
        if not self.in_reset:
            return None
        if self._rts and self._dtr:
            if self._rises_at is None:
                self._rises_at = now_ns + self._charge_ns
            return None
        return self._rise()

    def tick(self, now_ns: int) -> Strap | None:
        """Return the strap when the capacitor has charged by now."""
        if self._rises_at is None or now_ns < self._rises_at:
            return None
        return self._rise()

    def _rise(self) -> Strap:
        self.in_reset = False
        self._rises_at = None
        return Strap.DOWNLOAD if self.gpio0_low else Strap.RUN

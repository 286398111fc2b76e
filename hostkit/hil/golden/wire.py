"""What WS2812B LEDs make of symbols: bits inside the datasheet's windows, a reset gap, GRB.

Sources: WS2812B data sheet (T0H 0.40, T0L 0.85, T1H 0.80, T1L 0.45 us, each +- 150 ns; reset of more
than 280 us on current parts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hostkit.hil.golden.symbols import TICK_NS, Pixels, Words

TOLERANCE_NS = 150
RESET_NS = 280_000
T0H_NS, T0L_NS, T1H_NS, T1L_NS = 400, 850, 800, 450


@dataclass(frozen=True, slots=True)
class Pulse:
    """The four numbers of each word: durations in ns and levels, arrays of one length."""

    first_ns: npt.NDArray[np.int64]
    first_level: npt.NDArray[np.int64]
    second_ns: npt.NDArray[np.int64]
    second_level: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WireFault:
    """The first thing wrong on a wire: at which bit (counted from the strip's start) and what."""

    bit: int
    reason: str


@dataclass(frozen=True, slots=True)
class Latched:
    """What the LEDs of a strip show after its words: R, G, B; the reset gap in ns; the first fault."""

    pixels: Pixels
    reset_ns: int
    fault: WireFault | None = None


def split(words: Words, tick_ns: int = TICK_NS) -> Pulse:
    """Take words apart into durations and levels."""
    wide = words.astype(np.int64)
    return Pulse((wide & 0x7FFF) * tick_ns, wide >> 15 & 1, (wide >> 16 & 0x7FFF) * tick_ns, wide >> 31 & 1)


def _near(value: npt.NDArray[np.int64], wanted: int) -> npt.NDArray[np.bool_]:
    return np.abs(value - wanted) <= TOLERANCE_NS


def decode(words: Words, tick_ns: int = TICK_NS) -> Latched:
    """Return what a strip of WS2812B latches from the words of one frame, the reset word last.

    Bits before the first fault count; a fault leaves the pixels short. Never raises on any words.
    """
    if not words.size:
        return Latched(np.zeros((0, 3), dtype=np.uint8), 0, WireFault(0, "no symbols at all"))
    body, last = split(words[:-1], tick_ns), split(words[-1:], tick_ns)
    reset_ns = _low_ns(last)
    levels = (body.first_level == 1) & (body.second_level == 0)
    zero = levels & _near(body.first_ns, T0H_NS) & _near(body.second_ns, T0L_NS)
    one = levels & _near(body.first_ns, T1H_NS) & _near(body.second_ns, T1L_NS)
    bad = np.flatnonzero(~(zero | one))
    fault = _bit_fault(body, int(bad[0])) if bad.size else None
    good = int(bad[0]) if bad.size else one.size
    if fault is None and one.size % 24:
        fault = WireFault(one.size, f"{one.size} bits are not a whole number of LEDs")
    if fault is None and reset_ns < RESET_NS:
        fault = WireFault(one.size, f"reset gap of {reset_ns} ns, at least {RESET_NS} ns needed")
    grb = np.packbits(one[: good - good % 24]).reshape(-1, 3)
    return Latched(np.ascontiguousarray(grb[:, (1, 0, 2)]), reset_ns, fault)


def _low_ns(last: Pulse) -> int:
    """Return how long the last word holds the line low, 0 if it raises it at all."""
    first, second = int(last.first_ns[0]), int(last.second_ns[0])
    high = (first and int(last.first_level[0])) or (second and int(last.second_level[0]))
    return 0 if high else first + second


def _bit_fault(body: Pulse, bit: int) -> WireFault:
    first, second = int(body.first_ns[bit]), int(body.second_ns[bit])
    levels = (int(body.first_level[bit]), int(body.second_level[bit]))
    if levels != (1, 0):
        return WireFault(bit, f"levels {levels[0]} then {levels[1]}, a bit is high then low")
    return WireFault(
        bit,
        f"{first} ns high, {second} ns low is neither a 0 ({T0H_NS}/{T0L_NS}) nor a 1 ({T1H_NS}/{T1L_NS}) "
        f"within {TOLERANCE_NS} ns",
    )


@dataclass(frozen=True, slots=True)
class PulseClass:
    """One of the four times of the data sheet, and what a wire made of it: the least and the most, in ns."""

    name: str  # "T0H", "T0L", "T1H" or "T1L"
    wanted_ns: int
    least_ns: int
    most_ns: int

    @property
    def inside(self) -> bool:
        """True when every pulse was within the tolerance."""
        low, high = self.wanted_ns - TOLERANCE_NS, self.wanted_ns + TOLERANCE_NS
        return low <= self.least_ns and self.most_ns <= high


def pulse_classes(words: Words, tick_ns: int = TICK_NS) -> tuple[PulseClass, ...]:
    """Return the classes that occur in the words of bits (without the reset word): high times, then low.

    A bit is a 1 when its high time is nearer to T1H than to T0H.
    """
    bits = split(words, tick_ns)
    one = bits.first_ns > (T0H_NS + T1H_NS) // 2
    sorts = (
        ("T0H", T0H_NS, bits.first_ns[~one]),
        ("T0L", T0L_NS, bits.second_ns[~one]),
        ("T1H", T1H_NS, bits.first_ns[one]),
        ("T1L", T1L_NS, bits.second_ns[one]),
    )
    return tuple(
        PulseClass(name, wanted, int(times.min()), int(times.max()))
        for name, wanted, times in sorts
        if times.size
    )


def duration_ns(words: Words, tick_ns: int = TICK_NS) -> int:
    """Return how long words keep a line busy, the reset gap included."""
    pulse = split(words, tick_ns)
    return int(pulse.first_ns.sum() + pulse.second_ns.sum())

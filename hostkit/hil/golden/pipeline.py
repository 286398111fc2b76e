"""From what a pattern drew to what is sent: brightness, gamma, power limit, 8 bits (section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hostkit.hil.golden.arithmetic import TURN, Array
from hostkit.hil.golden.gamma import GAMMA

IDLE_UA = 1000  # of one LED
CHANNEL_UA = 20000  # of one channel at full drive
MAX_LIMIT_MA = 65535

_LUT: Array = np.array((*GAMMA, GAMMA[-1]), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Output:
    """What ``output`` sets: brightness 0..255 and a limit in mA, 0 for none. The default changes nothing."""

    brightness: int = 255
    limit_ma: int = 0

    @classmethod
    def clamped(cls, brightness: int, limit_ma: int) -> Output:
        """Return the nearest setting that the firmware applies."""
        return cls(min(max(brightness, 0), 255), min(max(limit_ma, 0), MAX_LIMIT_MA))


@dataclass(frozen=True, slots=True)
class Taps:
    """All stages of some frames, arrays of shape (frames, LEDs, 3), and the estimated current of each."""

    linear: npt.NDArray[np.uint16]
    gamma: npt.NDArray[np.uint16]
    limited: npt.NDArray[np.uint16]
    frame: npt.NDArray[np.uint8]
    milliamps: tuple[int, ...]


def corrected(linear: Array, brightness: int) -> Array:
    """Return channels after brightness and gamma, u16 in and out."""
    dimmed = (linear * (brightness * 257) + 32767) // 65535
    stretched = dimmed + (dimmed >> 15)
    low, part = stretched >> 8, stretched & 255
    gamma: Array = (_LUT[low] * (256 - part) + _LUT[low + 1] * part + 128) >> 8
    return gamma


@lru_cache(maxsize=8)
def _curve(brightness: int) -> npt.NDArray[np.uint16]:
    """Return :func:`corrected` of every u16: for many frames a look-up is ten times faster."""
    curve = _u16(corrected(np.arange(TURN, dtype=np.int64), brightness))
    curve.setflags(write=False)
    return curve


def power_factor(total: int, leds: int, limit_ma: int) -> int:
    """Return the factor (65536 is one) that keeps LEDs with channel sum ``total`` under the limit."""
    idle = IDLE_UA * leds
    active = total * CHANNEL_UA // 65535
    if limit_ma == 0 or idle + active <= limit_ma * 1000:
        return 65536
    return max(0, limit_ma * 1000 - idle) * 65536 // active if active else 0


def milliamps(total: int, leds: int) -> int:
    """Return the estimated current in mA, rounded up, for the sum of all 8-bit channels as sent."""
    return (IDLE_UA * leds + total * CHANNEL_UA // 255 + 999) // 1000


def process(linear: Array, output: Output) -> Taps:
    """Return every stage for linear frames of shape (frames, LEDs, 3)."""
    linear = np.ascontiguousarray(linear)  # in the order of the bytes, and so all that is made of it
    count, leds = linear.shape[:2]
    many = linear.size > TURN
    gamma = _curve(output.brightness)[linear] if many else _u16(corrected(linear, output.brightness))
    limited = gamma if output.limit_ma == 0 else _limited(gamma, output.limit_ma)
    frame = (limited // 257).astype(np.uint8)
    sent = frame.reshape(count, -1).sum(axis=1, dtype=np.int64).tolist()
    return Taps(_u16(linear), gamma, limited, frame, tuple(milliamps(total, leds) for total in sent))


def _limited(gamma: npt.NDArray[np.uint16], limit_ma: int) -> npt.NDArray[np.uint16]:
    count, leds = gamma.shape[:2]
    totals = gamma.reshape(count, -1).sum(axis=1, dtype=np.int64).tolist()
    factors = np.array([power_factor(total, leds, limit_ma) for total in totals], dtype=np.int64)
    return _u16((gamma * factors[:, None, None]) >> 16)


def _u16(channels: Array) -> npt.NDArray[np.uint16]:
    return channels.astype(np.uint16)

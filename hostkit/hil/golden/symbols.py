"""WS2812B symbols as RMT words: from pixels to the wire (``docs/reference/rendering.md``, section 8)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TICK_NS = 25
RESET_US = 300
ZERO_WORD = 0x00228010  # 16 ticks high, 34 low
ONE_WORD = 0x00128020  # 32 ticks high, 18 low
RESET_WORD = 0x00002EE0  # 12000 ticks low, then the end

Words = npt.NDArray[np.uint32]
Pixels = npt.NDArray[np.uint8]

_GRB = (1, 0, 2)


def encode(pixels: Pixels) -> Words:
    """Return the words for one strip: 24 for each R, G, B pixel of shape (LEDs, 3), then the reset word."""
    bits = np.unpackbits(np.ascontiguousarray(pixels[:, _GRB]))
    words = np.where(bits == 1, np.uint32(ONE_WORD), np.uint32(ZERO_WORD))
    return np.append(words, np.uint32(RESET_WORD)).astype(np.uint32)


def shortest_frame_us(leds: int, reset_us: int = RESET_US) -> int:
    """Return how long a strip of ``leds`` LEDs takes to send: 30 us each and the reset gap."""
    return leds * 30 + reset_us

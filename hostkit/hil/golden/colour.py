"""Colours of ``docs/reference/rendering.md``, section 3: HSV, palettes, channels of parameters."""

from __future__ import annotations

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, Array, Number, lerp16, scale16

_STOPS = (
    (0x100000, 0x8C1400, 0xFF4800, 0xFFA810, 0xFFF0B0),
    (0x000418, 0x002C70, 0x0078C8, 0x20D0D8, 0xD0FFF0),
    (0x0C0018, 0x5000A0, 0xC01890, 0xFF5070, 0xFFD0A0),
    (0x001006, 0x00481C, 0x20A030, 0xA0D840, 0xF8F8B0),
)
PALETTE_NAMES = ("ember", "ocean", "orchid", "forest")

# Which of (v, d, u, a) becomes red, green and blue in each of the six sextants.
_SEXTANTS = np.array(((0, 2, 3), (1, 0, 3), (3, 0, 2), (3, 1, 0), (2, 3, 0), (0, 3, 1)), dtype=np.int64)


def channels(colour: int) -> Array:
    """Return 0xRRGGBB as three u16 channels, red first."""
    return np.array([(colour >> shift & 255) * 257 for shift in (16, 8, 0)], dtype=np.int64)


PALETTES: Array = np.array([[channels(stop) for stop in stops] for stops in _STOPS], dtype=np.int64)
"""u16 channels by palette, stop and channel."""


def hsv16(hue: Number, saturation: Number, value: Number) -> Array:
    """Return red, green, blue on a new last axis; hue is a phase, the others are fractions."""
    hue, saturation, value = np.broadcast_arrays(hue, saturation, value)
    turned = hue * 6
    f = turned & FULL
    parts = np.stack(
        (
            value,
            scale16(value, FULL - scale16(saturation, f)),
            scale16(value, FULL - scale16(saturation, FULL - f)),
            scale16(value, FULL - saturation),
        ),
        axis=-1,
    )
    return np.take_along_axis(parts, _SEXTANTS[turned >> 16], axis=-1)


def ramp16(palette: int, x: Array) -> Array:
    """Return the palette's colour at a fraction ``x``, channels on a new last axis."""
    stops = PALETTES[palette]
    j = x >> 14
    return lerp16(stops[j], stops[j + 1], ((x & 16383) * 4)[..., None])

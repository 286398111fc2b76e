"""Patterns made of chance, which is a hash: twinkle, lava."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import (
    FULL,
    TURN,
    WORD,
    Array,
    hash32,
    lerp16,
    noise16,
    scale16,
    smooth16,
    widen,
)
from hostkit.hil.golden.colour import PALETTE_NAMES, ramp16
from hostkit.hil.golden.model import Audio, Pattern, Setting, choice, colour, flag, integer, stateless
from hostkit.hil.golden.motion import cycles

_STRIP_STEP = 0x9E3779B9
_OCTAVE = 0x5BD1E995


def _twinkle(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    count, phase = cycles(times, setting["period"])
    star = geometry.strip * 65536 + geometry.index
    shifted = phase + (hash32(setting.seed, star, 0) & FULL)
    chance = hash32(setting.seed, star, count + (shifted >> 16) + 1)
    f = shifted & FULL
    falling = FULL - (f - 16384) * 4 // 3
    envelope = np.where(f < 16384, smooth16(4 * np.minimum(f, 16383)), scale16(falling, falling))
    lit = chance >> 24 < setting["density"]
    bright = np.where(lit, scale16(envelope, 32768 + (chance >> 8 & 32767)), 0)
    white = scale16((chance & 255) * 257, widen(setting["variety"]))
    star_colour = lerp16(setting.colour("colour"), FULL, white[..., None])
    return lerp16(setting.colour("back"), star_colour, bright[..., None])


def _lava(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    count, phase = cycles(times, setting["period"])
    y = count * TURN + phase
    place = geometry.distance if setting["mirror"] else geometry.index
    x = (place * TURN // setting["size"] - (y >> 2)) % WORD
    blobs = np.empty(x.shape, dtype=np.int64)
    for s, part in enumerate(geometry.slices):
        seed = (setting.seed + s * _STRIP_STEP) % WORD
        coarse = noise16(seed, x[:, part], y)
        fine = noise16(seed ^ _OCTAVE, 2 * x[:, part], 2 * y)
        blobs[:, part] = (2 * coarse + fine) // 3
    sharp = lerp16(blobs, smooth16(smooth16(blobs)), widen(setting["contrast"]))
    return ramp16(setting["palette"], sharp)


TWINKLE = Pattern(
    "twinkle",
    (
        colour("colour", 0xFFD9A0),
        colour("back", 0x04060C),
        integer("density", 0, 255, 110, "/256"),
        integer("period", 100, 20000, 2400, "ms"),
        integer("variety", 0, 255, 120, "/255"),
    ),
    stateless(_twinkle),
)

LAVA = Pattern(
    "lava",
    (
        choice("palette", len(PALETTE_NAMES), 0),
        integer("size", 2, 128, 14, "LED"),
        integer("period", 100, 60000, 2600, "ms"),
        integer("contrast", 0, 255, 180, "/255"),
        flag("mirror", True),
    ),
    stateless(_lava),
)

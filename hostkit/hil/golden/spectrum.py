"""The pattern that shows the eight bands: bass at the centre, treble at the ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, TURN, Array, lerp16, scale16, smooth16, widen
from hostkit.hil.golden.colour import hsv16
from hostkit.hil.golden.model import Audio, Pattern, Setting, integer, stateless
from hostkit.hil.golden.motion import phases


def _spectrum(setting: Setting, times: Sequence[int], audio: Audio) -> Array:
    radius = setting.geometry.radius
    bands = np.array(audio.bands, dtype=np.int64)
    x = radius * 7
    band = x >> 16
    energy = lerp16(bands[band], bands[band + 1], smooth16(x & FULL))
    energy = np.minimum(FULL, energy * setting["gain"] // 64)
    inward = FULL - radius
    energy = np.minimum(FULL, energy + scale16(audio.beat, scale16(inward, inward)) // 4)
    value = np.maximum(energy, scale16(widen(setting["floor"]), FULL - radius // 2))
    drift = phases(times, setting["drift"])
    hue = (widen(setting["hue"]) + scale16(radius, widen(setting["spread"])) + drift) % TURN
    return hsv16(hue, FULL - scale16(scale16(energy, energy), 40000), value)


SPECTRUM = Pattern(
    "spectrum",
    (
        integer("hue", 0, 255, 0, "/255"),
        integer("spread", 0, 255, 170, "/255"),
        integer("gain", 1, 255, 64, "/64"),
        integer("floor", 0, 255, 24, "/255"),
        integer("drift", 0, 60000, 20000, "ms"),
    ),
    stateless(_spectrum),
    audio_driven=True,
)

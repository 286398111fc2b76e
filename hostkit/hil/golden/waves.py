"""Patterns of travelling waves: wave, rainbow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import TURN, Array, lerp16, smooth16, swell16, widen
from hostkit.hil.golden.colour import hsv16
from hostkit.hil.golden.model import Audio, Pattern, Setting, colour, flag, integer, stateless
from hostkit.hil.golden.motion import phases


def _wave(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    length, period = setting["length"], setting["period"]
    odd = geometry.strip % 2
    place = np.where(odd == 1, geometry.mirrored, geometry.index) * TURN
    there = (place // length + TURN - phases(times, period) + odd * 16384) % TURN
    back = (place // (length + length // 2) + phases(times, period + period // 2)) % TURN
    mix = (2 * swell16(there) + swell16(back)) // 3
    mix = lerp16(mix, smooth16(mix), widen(setting["sharp"]))
    return lerp16(setting.colour("low"), setting.colour("high"), mix[..., None])


def _rainbow(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    place = geometry.distance if setting["centre"] else geometry.index
    shift = TURN - phases(times, setting["period"]) + geometry.strip % 2 * 32768
    hue = (place * TURN // setting["span"] + shift) % TURN
    return hsv16(hue, widen(setting["saturation"]), widen(setting["value"]))


WAVE = Pattern(
    "wave",
    (
        colour("low", 0x0018C0),
        colour("high", 0xFF20A0),
        integer("length", 2, 512, 48, "LED"),
        integer("period", 100, 60000, 3200, "ms"),
        integer("sharp", 0, 255, 90, "/255"),
    ),
    stateless(_wave),
)

RAINBOW = Pattern(
    "rainbow",
    (
        integer("period", 0, 60000, 6000, "ms"),
        integer("span", 1, 1024, 160, "LED"),
        integer("saturation", 0, 255, 240, "/255"),
        integer("value", 0, 255, 255, "/255"),
        flag("centre", False),
    ),
    stateless(_rainbow),
)

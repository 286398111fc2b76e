"""Patterns that stay where they are: solid, gradient, breathe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, TURN, Array, lerp16, scale16, smooth16, swell16, tri16, widen
from hostkit.hil.golden.model import Audio, Pattern, Setting, choice, colour, integer, stateless
from hostkit.hil.golden.motion import phases


def _solid(setting: Setting, _times: Sequence[int], _audio: Audio) -> Array:
    return setting.colour("colour")


def _gradient(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    x = setting.geometry.radius[None, :]
    if setting["period"] > 0:
        x = tri16((x // 2 + TURN - phases(times, setting["period"])) % TURN)
    if setting["curve"] == 1:
        x = smooth16(x)
    return lerp16(setting.colour("inner"), setting.colour("outer"), x[..., None])


def _breathe(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    strips = np.arange(len(setting.geometry.lengths), dtype=np.int64)
    lag = setting["lag"] * TURN // 360
    phase = (phases(times, setting["period"]) + strips * (TURN - lag)) % TURN
    value = lerp16(widen(setting["floor"]), FULL, swell16(phase))
    return scale16(setting.colour("colour"), value[:, setting.geometry.strip, None])


SOLID = Pattern("solid", (colour("colour", 0xFFA040),), stateless(_solid))

GRADIENT = Pattern(
    "gradient",
    (
        colour("inner", 0xFF7010),
        colour("outer", 0x2000A0),
        choice("curve", 2, 1),
        integer("period", 0, 60000, 0, "ms"),
    ),
    stateless(_gradient),
)

BREATHE = Pattern(
    "breathe",
    (
        colour("colour", 0xFF6020),
        integer("period", 200, 60000, 4000, "ms"),
        integer("floor", 0, 255, 10, "/255"),
        integer("lag", 0, 359, 0, "deg"),
    ),
    stateless(_breathe),
)

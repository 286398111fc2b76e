"""Patterns that run along the strip: comet, chase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, Array, lerp16, scale16, widen
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Audio, Pattern, Setting, colour, flag, integer, stateless
from hostkit.hil.golden.motion import travel

RAMP = 268431360  # 65535 << 12: divided by a width, it makes a falling edge of that width


def _ring(geometry: Geometry, bounce: bool) -> Array:
    """Return the length of the way round, in 1/256 LED, for every LED's strip."""
    n = geometry.length
    return np.where(bounce & (n > 1), (n - 1) * 512, n * 256)


def _light(behind: Array, spacing: Array, tail: int) -> Array:
    """Return how bright an LED is that lies ``behind`` a head, in 1/256 LED along the way round."""
    width = tail * 256
    near = behind % spacing
    falling = FULL - ((near * (RAMP // width)) >> 12)
    glow = np.where(near < width, scale16(falling, falling), 0)
    ahead = spacing - near
    edge = np.where(ahead < 256, (256 - ahead) * 256, 0)
    return np.maximum(glow, edge)


def _comet(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    bounce = bool(setting["bounce"])
    ring = _ring(geometry, bounce)
    turned = (geometry.strip % 2 == 1) & bool(setting["mirror"])
    place = np.where(turned, geometry.mirrored, geometry.index) * 256
    ways = [travel(time, setting["speed"]) for time in times]
    rings = ring[[part.start for part in geometry.slices]].tolist()
    heads = np.array([[way % length for length in rings] for way in ways], dtype=np.int64)
    head = heads[:, geometry.strip]
    spacing = ring // setting["count"]
    value = _light((head + ring - place) % ring, spacing, setting["tail"])
    if bounce:
        back = _light((head + place) % ring, spacing, setting["tail"])
        value = np.where(geometry.length > 1, np.maximum(value, back), value)
    white = scale16(scale16(value, value), widen(setting["spark"]))
    return scale16(lerp16(setting.colour("colour"), FULL, white[..., None]), value[..., None])


def _chase(setting: Setting, times: Sequence[int], _audio: Audio) -> Array:
    geometry = setting.geometry
    lit = setting["width"] * 256
    period = lit + setting["space"] * 256
    moved = np.array([[travel(time, setting["speed"]) % period] for time in times], dtype=np.int64)
    offset = (moved + geometry.strip % 2 * (period // 2)) % period
    place = geometry.index * 256
    q = (place + (offset if setting["reverse"] else period - offset)) % period
    cover = np.where(q < lit, np.minimum(256, lit - q), 0)
    cover = np.where(q > period - 256, q + 256 - period, cover)
    mix = np.minimum(FULL, cover * 256)
    return lerp16(setting.colour("back"), setting.colour("colour"), mix[..., None])


COMET = Pattern(
    "comet",
    (
        colour("colour", 0x40A0FF),
        integer("speed", 1, 1000, 80, "LED/s"),
        integer("tail", 1, 512, 40, "LED"),
        integer("count", 1, 8, 1),
        flag("bounce", False),
        integer("spark", 0, 255, 160, "/255"),
        flag("mirror", True),
    ),
    stateless(_comet),
)

CHASE = Pattern(
    "chase",
    (
        colour("colour", 0xFFC020),
        colour("back", 0x080010),
        integer("width", 1, 64, 3, "LED"),
        integer("space", 1, 64, 5, "LED"),
        integer("speed", 0, 1000, 12, "LED/s"),
        flag("reverse", False),
    ),
    stateless(_chase),
)

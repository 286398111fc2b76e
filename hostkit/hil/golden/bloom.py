"""The pattern in which light wells up at the centre, flows outwards and fades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, TURN, Array, noise16, scale16, swell16, widen
from hostkit.hil.golden.colour import hsv16
from hostkit.hil.golden.model import Audio, Pattern, Setting, integer
from hostkit.hil.golden.ticks import Ticking, keep_factor

_IDLE_TICKS = 500  # of one breath when nothing plays: 4 s
_WANDER_STEP = 1024  # of noise a tick: a new hue every 64 ticks


class Bloom(Ticking[Array]):
    """A field of colours by distance from the centre."""

    def __init__(self, setting: Setting) -> None:
        """Set up, with an empty field."""
        super().__init__()
        self._setting = setting
        self._keep = keep_factor(setting["decay"])
        self._clear()

    def _clear(self) -> None:
        self._field = np.zeros((self._setting.geometry.reach, 3), dtype=np.int64)

    def _inputs(self, numbers: Sequence[int], audio: Audio) -> Array:
        """Return the colour that wells up at each tick: shape (ticks, 3)."""
        setting = self._setting
        breath = np.array([number % _IDLE_TICKS for number in numbers], dtype=np.int64) * TURN // _IDLE_TICKS
        loud = min(FULL, audio.level * setting["gain"] // 64)
        energy = np.maximum(loud, scale16(swell16(breath), widen(setting["idle"])))
        energy = np.minimum(FULL, energy + audio.beat // 4)
        total = sum(audio.bands)
        moment = sum(i * band for i, band in enumerate(audio.bands))
        centroid = moment * 2048 // total if total else 0
        y = np.array([number * _WANDER_STEP % (1 << 48) for number in numbers], dtype=np.int64)
        wander = scale16(noise16(setting.seed, 0, y), widen(setting["wander"]))
        hue = (widen(setting["hue"]) + centroid + wander) % TURN
        return hsv16(hue, FULL - scale16(audio.beat, 26214), energy)

    def _advance(self, inputs: Array) -> None:
        flow, keep = self._setting["flow"], self._keep
        field = self._field.copy()
        inner, outer = field[:-1], field[1:]
        stayed, came = np.empty_like(outer), np.empty_like(outer)
        for fresh in inputs:
            np.multiply(outer, 256 - flow, out=stayed)
            np.multiply(inner, flow, out=came)
            stayed += came
            stayed >>= 8
            stayed *= keep
            stayed >>= 16
            field[0] = np.maximum((field[0] * keep) >> 16, fresh)
            outer[:] = stayed
        self._field = field

    def _state(self) -> Array:
        return self._field

    def _paint(self, states: Sequence[Array]) -> Array:
        return np.stack(states)[:, self._setting.geometry.distance]


BLOOM = Pattern(
    "bloom",
    (
        integer("hue", 0, 255, 12, "/255"),
        integer("wander", 0, 255, 60, "/255"),
        integer("flow", 1, 255, 200, "/256 LED"),
        integer("decay", 50, 10000, 900, "ms"),
        integer("gain", 1, 255, 64, "/64"),
        integer("idle", 0, 255, 40, "/255"),
    ),
    Bloom,
    audio_driven=True,
)

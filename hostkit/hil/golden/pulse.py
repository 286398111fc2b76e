"""The pattern that sends a ring of light outwards on every beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hostkit.hil.golden.arithmetic import FULL, WORD, Array, hash32, lerp16, scale16, smooth16, widen
from hostkit.hil.golden.model import Audio, Pattern, Setting, colour, integer
from hostkit.hil.golden.runners import RAMP
from hostkit.hil.golden.ticks import Ticking, keep_factor

RINGS = 4
_FURTHEST = 0xFFFFFF
_PURPOSE = 0x70756C73


@dataclass(frozen=True, slots=True)
class Rings:
    """What can be seen of the state: the glow, and each ring's place, power and hue."""

    env: int
    pos: tuple[int, ...]  # 1/256 LED from the centre
    power: tuple[int, ...]
    turn: tuple[int, ...]


class Pulse(Ticking[Rings]):
    """Rings and a background that glows with the level."""

    def __init__(self, setting: Setting) -> None:
        """Set up, with no ring under way."""
        super().__init__()
        self._setting = setting
        self._keep = keep_factor(setting["decay"])
        self._stride = setting["speed"] * 2048 // 1000
        self._pause = setting["gap"] // 8
        self._threshold = max(1, widen(setting["threshold"]))
        self._clear()

    def _clear(self) -> None:
        self._env = self._wait = self._count = 0
        self._pos, self._power, self._turn = [0] * RINGS, [0] * RINGS, [0] * RINGS

    def _inputs(self, numbers: Sequence[int], audio: Audio) -> Array:
        return np.tile(np.array((audio.level, audio.beat), dtype=np.int64), (len(numbers), 1))

    def _advance(self, inputs: Array) -> None:
        for level, beat in inputs.tolist():
            self._pos = [min(pos + self._stride, _FURTHEST) for pos in self._pos]
            self._power = [(power * self._keep) >> 16 for power in self._power]
            self._env = max(level, (self._env * self._keep) >> 16)
            self._wait = max(0, self._wait - 1)
            if self._wait == 0 and beat >= self._threshold:
                self._launch(beat)

    def _launch(self, beat: int) -> None:
        oldest = self._count % RINGS
        self._pos[oldest], self._power[oldest] = 0, beat
        self._turn[oldest] = _turn(self._setting.seed, self._count)
        self._count = (self._count + 1) % WORD
        self._wait = self._pause

    def _state(self) -> Rings:
        return Rings(self._env, tuple(self._pos), tuple(self._power), tuple(self._turn))

    def _paint(self, states: Sequence[Rings]) -> Array:
        setting, geometry = self._setting, self._setting.geometry
        body = setting.colour("colour")
        env = np.array([[state.env] for state in states], dtype=np.int64)
        frames = lerp16(setting.colour("back"), body, scale16(env, FULL - geometry.radius)[..., None])
        width = setting["width"] * 256
        for ring in range(RINGS):
            pos, power, turn = np.array(
                [(state.pos[ring], state.power[ring], state.turn[ring]) for state in states], dtype=np.int64
            ).T[..., None]
            away = np.minimum(np.abs(geometry.distance * 256 - pos), width)
            falling = FULL - ((away * (RAMP // width)) >> 12)
            bright = np.where(away < width, scale16(smooth16(falling), power), 0)
            white = scale16(turn, widen(setting["variety"]))
            tint = lerp16(body, FULL, white)[:, None, :]
            frames = np.minimum(FULL, frames + scale16(tint, bright[..., None]))
        return frames


@lru_cache(maxsize=8192)
def _turn(seed: int, count: int) -> int:
    """Return the hue of a ring; kept, as many scenes launch the same ones."""
    return int(hash32(seed, count, _PURPOSE)) >> 16


PULSE = Pattern(
    "pulse",
    (
        colour("colour", 0xFF2060),
        colour("back", 0x0A0418),
        integer("speed", 1, 1000, 120, "LED/s"),
        integer("width", 1, 64, 6, "LED"),
        integer("decay", 50, 5000, 600, "ms"),
        integer("threshold", 0, 255, 60, "/255"),
        integer("gap", 8, 2000, 240, "ms"),
        integer("variety", 0, 255, 90, "/255"),
    ),
    Pulse,
    audio_driven=True,
)

"""A whole controller in NumPy: the same requests as the firmware's test mode, the same answers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from hostkit.hil.golden import symbols
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import SILENCE, Artist, Audio, Pattern, Setting
from hostkit.hil.golden.pipeline import Output, Taps, process
from hostkit.hil.golden.registry import PATTERNS
from hostkit.link.messages import Tap

_TIMES = 1 << 64
_EMPTY: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Frames:
    """Some rendered frames, with every tap of each."""

    geometry: Geometry
    times: tuple[int, ...]
    taps: Taps

    @property
    def milliamps(self) -> tuple[int, ...]:
        """Estimated current of each frame."""
        return self.taps.milliamps

    def strip(self, tap: Tap, strip: int, frame: int = -1) -> bytes:
        """Return one strip's bytes of a tap, as ``read`` gives them. The wire is what should be latched."""
        part = self.geometry.slices[strip]
        if tap is Tap.SYMBOLS:
            return symbols.encode(self.taps.frame[frame, part]).astype("<u4").tobytes()
        return self._stage(tap)[frame, part].tobytes()

    def crc(self, tap: Tap, frame: int = -1) -> int:
        """Return the CRC-32 over all strips' bytes of a tap."""
        if tap is not Tap.SYMBOLS:  # the strips lie one after the other
            return zlib.crc32(self._stage(tap)[frame])
        crc = 0
        for strip in range(len(self.geometry.lengths)):
            crc = zlib.crc32(self.strip(tap, strip, frame), crc)
        return crc

    def crcs(self, tap: Tap) -> list[int]:
        """Return one CRC a frame, as ``run`` does."""
        if tap is Tap.SYMBOLS:
            return [self.crc(tap, frame) for frame in range(len(self.times))]
        return [zlib.crc32(frame) for frame in self._stage(tap)]

    def _stage(self, tap: Tap) -> npt.NDArray[Any]:
        """Return a tap of all frames as it lies in the firmware's memory, but for the symbols."""
        if tap in (Tap.FRAME, Tap.WIRE):
            return self.taps.frame
        stage = {Tap.LINEAR: self.taps.linear, Tap.GAMMA: self.taps.gamma, Tap.LIMITED: self.taps.limited}
        return stage[tap].astype("<u2", copy=False)


class GoldenController:
    """The model of a controller in test mode. Give it the requests that the board gets, in the same order.

    Starts as after ``configure("solid", 0)`` with full brightness, no power limit and silence; set what
    matters. Patterns with a state keep it from frame to frame, as the firmware does.
    """

    def __init__(self, geometry: Geometry, patterns: Mapping[str, Pattern] = PATTERNS) -> None:
        """Take the strips and the patterns that exist."""
        self.geometry = geometry
        self.patterns = patterns
        self._output = Output()
        self._audio = SILENCE
        self._artist: Artist
        self.configure(next(iter(patterns)))

    def configure(
        self, name: str, seed: int = 0, params: Mapping[str, int] = _EMPTY
    ) -> tuple[dict[str, int], list[str]]:
        """Select a pattern; return all parameters as applied, and the names clamped or unknown.

        Raises :class:`KeyError` for an unknown pattern.
        """
        pattern = self.patterns[name]
        values, flagged = pattern.apply(params)
        self._artist = pattern.start(Setting(self.geometry, seed, values))
        return values, flagged

    def output(self, brightness: int, limit_ma: int) -> tuple[int, int]:
        """Set brightness and limit; return them as applied."""
        self._output = Output.clamped(brightness, limit_ma)
        return self._output.brightness, self._output.limit_ma

    def audio(self, audio: Audio) -> None:
        """Set the audio, which stays until it is set again."""
        self._audio = audio

    def reset_state(self) -> None:
        """Forget the pattern's state."""
        self._artist.reset()

    def render(self, times: Sequence[int]) -> Frames:
        """Draw one frame at each time (u64 us), in order."""
        linear = self._artist.draw(times, self._audio)
        return Frames(self.geometry, tuple(times), process(linear, self._output))

    def step(self, time_us: int) -> Frames:
        """Draw one frame."""
        return self.render((time_us,))

    def run(self, start_us: int, step_us: int, count: int) -> Frames:
        """Draw ``count`` frames at start, start + step, ... as the request ``run`` does."""
        return self.render([(start_us + i * step_us) % _TIMES for i in range(count)])

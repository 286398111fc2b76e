"""What is to be drawn, set up in the same way on a board and on its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.model import SILENCE, Audio
from hostkit.hil.golden.pipeline import Output
from hostkit.link.bodies import Configured
from hostkit.link.client import Link

FRAME_60_US = 16_667


@dataclass(frozen=True, slots=True)
class Scene:
    """One pattern with everything that its frames depend on, and the moments to draw.

    ``count`` frames (1..256) at ``start_us``, ``start_us + step_us``, ...
    """

    pattern: str
    params: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    audio: Audio = SILENCE
    output: Output = field(default_factory=Output)
    start_us: int = 0
    step_us: int = FRAME_60_US
    count: int = 200

    def time_us(self, index: int) -> int:
        """Return the time of a frame, wrapped at 2^64 as the firmware does."""
        return (self.start_us + index * self.step_us) % (1 << 64)

    def sampled(self, most: int) -> Scene:
        """Return the scene with ``most`` frames (0: all) spread evenly over the same stretch of time."""
        if not 0 < most < self.count:
            return self
        return replace(self, step_us=self.step_us * self.count // most, count=most)

    def __str__(self) -> str:
        """Return pattern, seed and what else is not the default."""
        said = [f"seed {self.seed}"]
        if self.params:
            said.append(", ".join(f"{name}={value}" for name, value in self.params.items()))
        if self.audio != SILENCE:
            said.append(f"audio level {self.audio.level} beat {self.audio.beat} bands {self.audio.bands}")
        if self.output != Output():
            said.append(f"brightness {self.output.brightness}, limit {self.output.limit_ma} mA")
        return f"{self.pattern} ({'; '.join(said)})"


def set_board(link: Link, scene: Scene) -> Configured:
    """Set a board up; its state is fresh then. Returns the parameters as the board applied them."""
    link.output(scene.output.brightness, scene.output.limit_ma)
    link.audio(scene.audio.level, scene.audio.beat, scene.audio.bands)
    return link.configure(scene.pattern, scene.seed, scene.params)


def set_model(model: GoldenController, scene: Scene) -> dict[str, int]:
    """Set a model up; its state is fresh then. Returns the parameters as they must be applied."""
    model.output(scene.output.brightness, scene.output.limit_ma)
    model.audio(scene.audio)
    values, _ = model.configure(scene.pattern, scene.seed, scene.params)
    return values

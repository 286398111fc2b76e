"""Records that all pattern models share: parameters, audio, a pattern set up on a geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.golden.colour import channels
from hostkit.hil.golden.geometry import Geometry
from hostkit.link.bodies import ParameterType


@dataclass(frozen=True, slots=True)
class Parameter:
    """One knob of a pattern. ``unit`` is what ``describe`` tells; bounds are inclusive."""

    name: str
    type: ParameterType
    minimum: int
    maximum: int
    default: int
    unit: str = ""

    def clamp(self, value: int) -> int:
        """Return the nearest value inside the range."""
        return min(max(value, self.minimum), self.maximum)


def integer(name: str, minimum: int, maximum: int, default: int, unit: str = "") -> Parameter:
    """Return an integer parameter."""
    return Parameter(name, ParameterType.INTEGER, minimum, maximum, default, unit)


def colour(name: str, default: int) -> Parameter:
    """Return a colour parameter, 0xRRGGBB."""
    return Parameter(name, ParameterType.COLOUR, 0, 0xFFFFFF, default)


def choice(name: str, count: int, default: int) -> Parameter:
    """Return a parameter that counts choices from 0."""
    return Parameter(name, ParameterType.CHOICE, 0, count - 1, default)


def flag(name: str, default: bool) -> Parameter:
    """Return a parameter that is 0 or 1."""
    return Parameter(name, ParameterType.FLAG, 0, 1, int(default))


@dataclass(frozen=True, slots=True)
class Audio:
    """What the music does at a moment; every number is a u16. The default is silence."""

    level: int = 0
    beat: int = 0
    bands: tuple[int, ...] = (0,) * 8

    def __post_init__(self) -> None:
        """Refuse what the link cannot carry; raises :class:`ValueError`."""
        if len(self.bands) != 8 or not all(0 <= v <= 65535 for v in (self.level, self.beat, *self.bands)):
            raise ValueError(f"audio is ten numbers 0..65535 (level, beat, eight bands), not {self}")


SILENCE = Audio()


@dataclass(frozen=True, slots=True)
class Setting:
    """A pattern's surroundings: the strips, a u32 seed, and a value for every parameter."""

    geometry: Geometry
    seed: int
    values: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        """Return a parameter's value."""
        return self.values[name]

    def colour(self, name: str) -> Array:
        """Return a colour parameter as three u16 channels."""
        return channels(self.values[name])


class Artist(Protocol):
    """A pattern that is set up and can draw; keeps the state of the patterns that have one."""

    def draw(self, times: Sequence[int], audio: Audio) -> Array:
        """Return linear u16 channels of shape (times, LEDs, 3), drawn in the order of ``times``."""
        ...

    def reset(self) -> None:
        """Forget all state, as after ``configure``."""
        ...


@dataclass(frozen=True, slots=True)
class Stateless:
    """An artist that is a function of time."""

    setting: Setting
    function: Callable[[Setting, Sequence[int], Audio], Array]

    def draw(self, times: Sequence[int], audio: Audio) -> Array:
        """Return what the function says, whatever was drawn before."""
        shape = (len(times), self.setting.geometry.leds, 3)
        return np.broadcast_to(self.function(self.setting, times, audio), shape)

    def reset(self) -> None:
        """Do nothing: there is no state."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern's name, whether it listens to audio, its parameters, and how it is set up."""

    name: str
    parameters: tuple[Parameter, ...]
    start: Callable[[Setting], Artist]
    audio_driven: bool = False

    def apply(self, wanted: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
        """Return a value for every parameter, and the names that were clamped or (``?name``) unknown."""
        values: dict[str, int] = {}
        flagged: list[str] = []
        for parameter in self.parameters:
            asked = wanted.get(parameter.name, parameter.default)
            values[parameter.name] = parameter.clamp(asked)
            if values[parameter.name] != asked:
                flagged.append(parameter.name)
        known = {parameter.name for parameter in self.parameters}
        return values, flagged + [f"?{name}" for name in wanted if name not in known]


def stateless(function: Callable[[Setting, Sequence[int], Audio], Array]) -> Callable[[Setting], Artist]:
    """Return how a pattern without state is set up."""

    def start(setting: Setting) -> Artist:
        return Stateless(setting, function)

    return start

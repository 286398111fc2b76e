"""Scenes that together look at all of a pattern: usual, silent, odd and late; extremes are corners."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from hostkit.hil.golden.model import Audio, Parameter, Pattern
from hostkit.hil.golden.pipeline import Output
from hostkit.hil.scene import Scene
from hostkit.link.bodies import ParameterType

MUSIC = Audio(31000, 26000, (60000, 48000, 33000, 21000, 12000, 6000, 2500, 900))
"""A bar of something with bass."""

LOUD = Audio(65535, 65535, (65535,) * 8)
"""Everything at its most."""


def _defaults(pattern: Pattern) -> Scene:
    return Scene(pattern.name, audio=MUSIC)


def _silent(pattern: Pattern) -> Scene:
    return Scene(pattern.name, seed=3, step_us=40_000)


def _mixed(pattern: Pattern) -> Scene:
    """Draw parameters at random, the same ones every time."""
    draw = random.Random(pattern.name)
    params = {parameter.name: drawn(draw, parameter) for parameter in pattern.parameters}
    audio = Audio(20000, 50000, (100, 9000, 65535, 400, 30000, 0, 22222, 7))
    output = Output(170, 2500)
    return Scene(pattern.name, params, draw.getrandbits(32), audio, output, start_us=123_457, step_us=21_011)


def _late(pattern: Pattern) -> Scene:
    """Draw where time needs more than 32 bits, and where it wraps at 64."""
    start = (1 << 64) - 150 * 33_331
    return Scene(pattern.name, seed=77, audio=MUSIC, start_us=start, step_us=33_331)


def drawn(draw: random.Random, parameter: Parameter) -> int:
    """Return a value for a parameter, at random from its range."""
    if parameter.type is ParameterType.INTEGER:  # most of a long range looks all the same
        span = min(parameter.maximum - parameter.minimum, 4 * max(parameter.default, 8))
        return parameter.minimum + draw.randint(0, span)
    return draw.randint(parameter.minimum, parameter.maximum)


VARIANTS: Mapping[str, Callable[[Pattern], Scene]] = MappingProxyType(
    {
        "defaults": _defaults,
        "silent": _silent,
        "mixed": _mixed,
        "late": _late,
    }
)
"""A scene of 200 frames by its name, for any pattern."""

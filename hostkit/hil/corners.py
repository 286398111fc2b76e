"""Scenes at the corners of a pattern's parameters, and between them: the same ones at every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hostkit.hil.golden.model import SILENCE, Audio, Parameter, Pattern
from hostkit.hil.golden.pipeline import Output
from hostkit.hil.scene import FRAME_60_US, Scene
from hostkit.hil.variants import LOUD, MUSIC, drawn

SEEDS = (0, 0x9E3779B9, 0xFFFFFFFF)
"""Seeds that the suite draws every corner with."""

_BETWEEN = 2  # scenes with parameters drawn from inside their ranges, for each seed
_STARTS_US = (0, 123_457, (1 << 32) - 700_000, (1 << 40) + 7, (1 << 64) - 90 * FRAME_60_US)
_STEPS_US = (4_001, 7_919, FRAME_60_US, 33_331)


def corners(parameters: tuple[Parameter, ...]) -> tuple[dict[str, int], ...]:
    """Return settings in which every parameter is at its least or its most.

    Any three parameters take all eight combinations, each equally often; so what up to three of them
    bring about together is met. All combinations of n would be 2^n; these are 4n at most (and all of them
    for three parameters or fewer): the words of a first-order Reed-Muller code, an orthogonal array of
    strength 3.
    """
    if not parameters:
        return ({},)
    bits = (len(parameters) - 1).bit_length()
    rows = []
    for word in range(2 << bits):
        flip, mask = word & 1, word >> 1
        high = [flip ^ ((mask & place).bit_count() & 1) for place in range(len(parameters))]
        rows.append({p.name: p.maximum if up else p.minimum for p, up in zip(parameters, high, strict=True)})
    return tuple(rows)


def corner_scenes(pattern: Pattern, seed: int) -> tuple[Scene, ...]:
    """Return scenes of 200 frames: all :func:`corners`, and some settings between them.

    Audio, output, start and step of each are drawn from pattern, seed and place in the list alone: a test
    whose id says pattern and seed draws the same scenes again.
    """
    return tuple(_scenes(pattern, seed))


def _scenes(pattern: Pattern, seed: int) -> Iterator[Scene]:
    settings = list(corners(pattern.parameters))
    for number in range(_BETWEEN if pattern.parameters else 0):
        draw = random.Random(f"{pattern.name}/{seed:08x}/between/{number}")
        settings.append({each.name: drawn(draw, each) for each in pattern.parameters})
    for number, setting in enumerate(settings):
        draw = random.Random(f"{pattern.name}/{seed:08x}/{number}")
        yield Scene(
            pattern.name,
            setting,
            seed,
            draw.choice((SILENCE, MUSIC, LOUD, _audio(draw))),
            draw.choice((Output(), Output(), Output(170, 2500), _output(draw))),
            draw.choice(_STARTS_US),
            draw.choice(_STEPS_US),
        )


def _audio(draw: random.Random) -> Audio:
    level, beat, *bands = (draw.randrange(65536) for _ in range(10))
    return Audio(level, beat, tuple(bands))


def _output(draw: random.Random) -> Output:
    return Output(draw.randint(1, 255), draw.choice((0, draw.randint(330, 15_000))))

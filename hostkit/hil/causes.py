"""Guesses at why pixels differ: simple changes that turn the expected pixels into those that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import TypeAlias

import numpy as np

from hostkit.hil.golden.arithmetic import Array

Strips: TypeAlias = Sequence[Array]
"""Pixels of each strip, shape (LEDs, 3)."""

_NAMES = ("red", "green", "blue")
_SHIFTS = (1, -1, 2, -2)
_SWAPS = {
    (1, 0, 2): "red and green are swapped: colour order",
    (0, 2, 1): "green and blue are swapped: colour order",
    (2, 1, 0): "red and blue are swapped: colour order",
    (1, 2, 0): "the colours are rotated: colour order",
    (2, 0, 1): "the colours are rotated: colour order",
}


def likely_cause(expected: Strips, got: Strips, alternatives: Mapping[str, Strips]) -> str:
    """Return the simplest explanation that fits every pixel, or an empty string when none does.

    ``alternatives`` holds pixels as they would be if something else had been asked, by what that is.
    """
    sizes = [(len(a), len(b)) for a, b in zip(expected, got, strict=True)]
    for strip, (wanted, came) in enumerate(sizes):
        if wanted != came:
            return f"strip {strip} has {came} LEDs instead of {wanted}"
    for cause, pixels in _explanations(expected, alternatives):
        if _same(pixels, got) and not _same(pixels, expected):
            return cause
    return _numeric(expected, got)


def _same(a: Strips, b: Strips) -> bool:
    return all(x.shape == y.shape and bool((x == y).all()) for x, y in zip(a, b, strict=True))


def _explanations(expected: Strips, alternatives: Mapping[str, Strips]) -> Iterator[tuple[str, Strips]]:
    for order in permutations(range(3)):
        if order in _SWAPS:
            yield _SWAPS[order], [pixels[:, order] for pixels in expected]
    yield "all LEDs are black: nothing was drawn or sent", [np.zeros_like(p) for p in expected]
    for channel, name in enumerate(_NAMES):
        yield f"{name} is missing on every LED", [_without(pixels, channel) for pixels in expected]
    yield from _strip_mistakes(expected)
    for shift in _SHIFTS:
        where = "later" if shift > 0 else "earlier"
        for edge, moved in (("round", _rolled), ("off the end", _pushed)):
            yield (
                f"every LED shows the colour of the one {abs(shift)} {where} on the strip ({edge})",
                [moved(pixels, -shift) for pixels in expected],
            )
    yield from alternatives.items()


def _strip_mistakes(expected: Strips) -> Iterator[tuple[str, Strips]]:
    for strip in range(len(expected)):
        dark = [np.zeros_like(p) if s == strip else p for s, p in enumerate(expected)]
        yield f"strip {strip} is black: it is not drawn or not sent", dark
        turned = [p[::-1] if s == strip else p for s, p in enumerate(expected)]
        yield f"strip {strip} runs from the other end", turned
        for order, swap in _SWAPS.items():
            one = [p[:, order] if s == strip else p for s, p in enumerate(expected)]
            yield f"on strip {strip} {swap}", one
    if len(expected) == 2:
        yield "the strips are swapped", [expected[1], expected[0]]
        yield "strip 1 shows what belongs on strip 0", [expected[0], expected[0]]
        yield "strip 0 shows what belongs on strip 1", [expected[1], expected[1]]
    yield "every strip runs from the other end", [pixels[::-1] for pixels in expected]


def _numeric(expected: Strips, got: Strips) -> str:
    """Say how the numbers relate where no change of places explains it."""
    a, b = np.concatenate(list(expected)), np.concatenate(list(got))
    off = np.abs(a - b)
    if a.max(initial=0) > 255 and (b == ((a & 255) << 8 | a >> 8)).all():
        return "the bytes of every number are swapped: endianness"
    if off.max() == 1:
        return "no channel is off by more than 1: rounding"
    if (b <= a).all() and ((b == a) | (b == 0)).all():
        return "some LEDs are black that should not be"
    return ""


def _without(pixels: Array, channel: int) -> Array:
    changed = pixels.copy()
    changed[:, channel] = 0
    return changed


def _rolled(pixels: Array, by: int) -> Array:
    return np.roll(pixels, by, axis=0)


def _pushed(pixels: Array, by: int) -> Array:
    moved = np.zeros_like(pixels)
    if by > 0:
        moved[by:] = pixels[:-by]
    else:
        moved[:by] = pixels[-by:]
    return moved

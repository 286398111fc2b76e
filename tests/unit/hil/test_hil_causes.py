"""Guesses at why pixels differ."""

import numpy as np
import pytest

from hostkit.hil.causes import likely_cause

DRAW = np.random.default_rng(1)
EXPECTED = [DRAW.integers(1, 65536, (20, 3)), DRAW.integers(1, 65536, (20, 3))]


def guess(change, alternatives=None):
    return likely_cause(
        EXPECTED, [change(s, pixels) for s, pixels in enumerate(EXPECTED)], alternatives or {}
    )


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ((1, 0, 2), "red and green are swapped: colour order"),
        ((0, 2, 1), "green and blue are swapped: colour order"),
        ((2, 1, 0), "red and blue are swapped: colour order"),
        ((1, 2, 0), "the colours are rotated: colour order"),
    ],
)
def test_a_colour_order_is_named(order, said):
    assert guess(lambda _, pixels: pixels[:, order]) == said


def test_a_colour_order_of_one_strip_names_the_strip():
    said = guess(lambda s, pixels: pixels[:, (1, 0, 2)] if s == 1 else pixels)
    assert said == "on strip 1 red and green are swapped: colour order"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, p: p * 0, "all LEDs are black"),
        (lambda s, p: p * (s == 0), "strip 1 is black"),
        (lambda s, p: p * [1, 0, 1], "green is missing"),
        (lambda s, p: p[::-1] if s == 0 else p, "strip 0 runs from the other end"),
        (lambda s, p: p[::-1], "every strip runs from the other end"),
        (lambda s, p: EXPECTED[1 - s], "the strips are swapped"),
        (lambda s, p: EXPECTED[0], "strip 1 shows what belongs on strip 0"),
        (lambda s, p: np.roll(p, -1, axis=0), "of the one 1 later on the strip (round)"),
        (lambda s, p: np.vstack([p[:1] * 0, p[:-1]]), "of the one 1 earlier on the strip (off the end)"),
        (lambda s, p: p + (np.arange(60).reshape(20, 3) % 2) * (p < 65535), "rounding"),
        (lambda s, p: (p & 255) << 8 | p >> 8, "endianness"),
        (lambda s, p: p * (np.arange(20) != 7)[:, None], "some LEDs are black that should not be"),
        (lambda s, p: p[:19] if s == 1 else p, "strip 1 has 19 LEDs instead of 20"),
        (lambda s, p: 65535 - p, ""),
    ],
)
def test_simple_mistakes_are_recognised(change, said):
    found = guess(change)
    assert said in found
    assert bool(said) == bool(found)


def test_what_would_have_been_drawn_otherwise_is_recognised():
    other = [pixels // 3 for pixels in EXPECTED]
    assert guess(lambda s, _: other[s], {"the seed is ignored": other}) == "the seed is ignored"


def test_an_explanation_that_changes_nothing_is_none():
    grey = [np.full((4, 3), 7)]
    assert likely_cause(grey, [np.full((4, 3), 9)], {}) == ""

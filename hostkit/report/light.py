"""LEDs' light as a screen must be told it. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.picture import Picture
from hostkit.link.messages import Tap

Pixels = npt.NDArray[np.uint8]
"""Red, green, blue of a screen in the last axis."""


def as_seen(numbers: Array, picture: Picture) -> Pixels:
    """Return some of a picture's numbers as sRGB (IEC 61966-2-1), so that they look as the LEDs do.

    LEDs give light in proportion to a number; only what comes before the gamma is as the eye sees it.
    """
    values = numbers / ((1 << picture.depth) - 1)
    if picture.tap is not Tap.LINEAR:
        bright = 1.055 * np.power(values, 1 / 2.4, where=values > 0, out=np.zeros_like(values)) - 0.055
        values = np.where(values <= 0.0031308, 12.92 * values, bright)
    return np.clip(np.rint(255 * values), 0, 255).astype(np.uint8)

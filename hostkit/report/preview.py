"""One frame of a picture as a line for a terminal that has colours. Pure."""

from __future__ import annotations

import numpy as np
from rich.style import Style
from rich.text import Text

from hostkit.hil.picture import Picture
from hostkit.report.light import Pixels, as_seen

_HALF = "▀"  # the upper half has the character's colour, the lower one the ground's


def strip_line(picture: Picture, width: int) -> Text:
    """Return what the board showed, ``width`` cells wide: the first strip above, the second one below.

    It is the first frame that differs, else the one in the middle. More LEDs than cells: each cell is the
    brightest of its LEDs.
    """
    frame = picture.first_wrong if picture.first_wrong is not None else len(picture.times_us) // 2
    shown = as_seen(picture.observed[frame], picture)
    strips = np.split(shown, np.cumsum(picture.leds)[:-1])
    upper = _cells(strips[0], width)
    lower = _cells(strips[1], width) if len(strips) > 1 else np.zeros_like(upper)
    line = Text()
    for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
        line.append(
            _HALF, Style.parse(f"rgb({','.join(map(str, above))}) on rgb({','.join(map(str, below))})")
        )
    return line


def _cells(strip: Pixels, width: int) -> Pixels:
    """Return ``width`` colours along a strip."""
    edges = np.linspace(0, len(strip), width + 1)
    cells = []
    for left, right in zip(edges.astype(int), np.ceil(edges[1:]).astype(int), strict=False):
        inside = strip[left : max(right, left + 1)]
        cells.append(inside[int(inside.sum(axis=1).argmax())])
    return np.stack(cells)

"""Golden vectors for the primitives: where two implementations first part, these say which one."""

from __future__ import annotations

from typing import Any

import numpy as np

from hostkit.hil.golden import arithmetic as fixed
from hostkit.hil.golden.colour import hsv16, ramp16
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.motion import cycle, travel

_EDGES = (0, 1, 2, 127, 128, 255, 256, 257, 16383, 16384, 16385, 21845, 32767, 32768, 32769, 43690)
_SIXTEEN = (*_EDGES, 49151, 49152, 49153, 65279, 65534, 65535)
_PAIRS = ((0, 0), (65535, 65535), (65535, 1), (1, 32768), (32767, 32769), (12345, 54321), (255, 257))
_WORDS = (0, 1, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_TIMES = (0, 1, 7999, 999_999, 1_000_000, 123_456_789, 1 << 32, (1 << 63) + 12345, (1 << 64) - 1)


def _single(function: Any) -> list[list[int]]:
    return [[x, int(function(np.array(x)))] for x in _SIXTEEN]


def _triples() -> list[tuple[int, int, int]]:
    return [(a, b, t) for a, b in _PAIRS for t in (0, 1, 32768, 54321, 65535)]


def _noise_points() -> list[tuple[int, int, int]]:
    return [
        (seed, x, y)
        for seed in (0, 7, 0xFFFFFFFF)
        for x, y in ((0, 0), (65535, 65535), (98304, 32768), (0xFFFFFFFF, (1 << 48) - 1), (1234567, 89101112))
    ]


def _colours() -> list[tuple[int, int, int]]:
    hues = (0, 1, 10922, 10923, 21845, 32768, 43690, 54613, 65535)
    return [(h, s, v) for h in hues for s, v in ((65535, 65535), (0, 40000), (30000, 50000))]


def primitive_vectors() -> dict[str, Any]:
    """Return inputs and results of every primitive: each row is the arguments, then the result."""
    return {
        "about": "docs/reference/rendering.md, sections 2 and 3. A row: arguments, then the result.",
        "scale16": [[a, b, int(fixed.scale16(a, b))] for a, b in _PAIRS],
        "lerp16": [[a, b, t, int(fixed.lerp16(a, b, t))] for a, b, t in _triples()],
        "fade16": [[a, b, int(fixed.fade16(a, b))] for a, b in _PAIRS],
        "tri16": _single(fixed.tri16),
        "smooth16": _single(fixed.smooth16),
        "sin16": _single(fixed.sin16),
        "swell16": _single(fixed.swell16),
        "mix32": [[x, int(fixed.mix32(x))] for x in _WORDS],
        "hash32": [[s, a, 7, int(fixed.hash32(s, a, 7))] for s in _WORDS for a in (0, 1, 0xFFFFFFFF)],
        "noise16": [[s, x, y, int(fixed.noise16(s, x, y))] for s, x, y in _noise_points()],
        "hsv16": [[h, s, v, *hsv16(h, s, v).tolist()] for h, s, v in _colours()],
        "ramp16": [
            [p, x, *ramp16(p, np.array(x)).tolist()]
            for p in range(4)
            for x in (0, 1, 16383, 16384, 40000, 65535)
        ],
        "cycle": [[t, p, *cycle(t, p)] for t in _TIMES for p in (0, 1, 333, 60000)],
        "travel": [[t, v, travel(t, v)] for t in _TIMES for v in (0, 1, 77, 1000)],
        "geometry": [_geometry(n) for n in (1, 2, 3, 7, 8, 160)],
    }


def _geometry(n: int) -> dict[str, Any]:
    geometry = Geometry((n,))
    return {"n": n, "k": geometry.distance.tolist(), "r": geometry.radius.tolist()}

"""Parameters as no sensible host sends them: out of range, of another type, under names that there are not.

The firmware must clamp and flag a number, and refuse everything else with a reason; see :class:`Oddity`.
"""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from hostkit.hil.golden.model import Pattern
from hostkit.link.client import Link
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Nak, Reply
from hostkit.link.session import Stray

MOST_NAMES = 24
"""Parameters of one request, known or not, that the firmware takes (``Adjusted::kMost``)."""

_FAR = (1 << 31, -(1 << 31) - 1, 1 << 32, 1 << 53, (1 << 63) - 1, -(1 << 63))
_NO_INT64 = (1 << 63, (1 << 64) - 1, -(1 << 63) - 1, -(1 << 64), 1 << 64, -(1 << 80))
_NO_NUMBER: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, 0.5, 1.0, -0.0, 1e300),
    *(True, False, None, "", "1", b"", b"\x01", [], [1], {}, {"value": 1}),
)
_UNKNOWN = ("no-such", "x", "colour2", "SPEED", "sixteen-letters-", "~", "?")
_NO_NAME: tuple[Any, ...] = (
    *("", "seventeen-letters", "two words", "line\n", "nul\0", "é"),
    *(0, -1, b"speed", None),
)
_ID = 1 << 30  # far from those that a link counts
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Oddity:
    """One map for ``configure``, which must be ``refused`` and change nothing, or else clamped."""

    params: Mapping[Any, Any]
    refused: bool

    def __str__(self) -> str:
        """Return the map, shortened."""
        shown = repr(dict(self.params))
        return shown if len(shown) <= 200 else f"{shown[:200]}... ({len(self.params)} names)"


def oddities(pattern: Pattern, seed: int, count: int) -> tuple[Oddity, ...]:
    """Return odd settings of a pattern, drawn from its name and ``seed`` alone; both kinds in turn."""
    draw = random.Random(f"{pattern.name}/{seed}/odd")
    return tuple((_refused if number % 2 else _clamped)(draw, pattern) for number in range(count))


def _clamped(draw: random.Random, pattern: Pattern) -> Oddity:
    params: dict[Any, Any] = {}
    for parameter in pattern.parameters:
        outside = (parameter.minimum - 1, parameter.maximum + 1, *_FAR)
        inside = (parameter.minimum, parameter.maximum, parameter.default)
        if draw.random() < 0.8:
            params[parameter.name] = draw.choice(outside if draw.random() < 0.7 else inside)
    for name in draw.sample(_UNKNOWN, draw.randint(0, 3)):
        params[name] = draw.choice((0, 1, *_FAR))
    return Oddity(params, refused=False)


def _refused(draw: random.Random, pattern: Pattern) -> Oddity:
    params = dict(_clamped(draw, pattern).params)
    known = [parameter.name for parameter in pattern.parameters]
    match draw.randrange(4):
        case 0:
            params[draw.choice((*known, *_UNKNOWN))] = draw.choice(_NO_NUMBER)
        case 1:
            params[draw.choice((*known, *_UNKNOWN))] = draw.choice(_NO_INT64)
        case 2:
            params[draw.choice(_NO_NAME)] = 1
        case _:
            params = {f"name-{number}": number for number in range(MOST_NAMES + 1)}
    return Oddity(params, refused=True)


def ask_oddly(link: Link, op: int, args: tuple[Any, ...]) -> Reply | Nak | None:
    """Ask with arguments that the link's own encoder refuses; return what came back, None for nothing.

    Integers, lengths and floats are in their shortest form, keys sorted, as of RFC 8949 4.2.1.
    """
    asked = cbor2.dumps([int(op), list(args)], canonical=True)
    id_ = _ID | zlib.crc32(asked) % _ID
    link.raw(encode_frame(cbor2.dumps([0, id_, int(op), list(args)], canonical=True)))
    while True:
        items = link.receive(_PATIENCE_S)
        if not items:
            return None
        for item in items:
            if isinstance(item, Nak):
                return item
            if isinstance(item, Stray) and item.reply.id == id_:
                return item.reply

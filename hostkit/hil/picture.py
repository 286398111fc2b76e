"""Frames of one scene over time, as the model has them and as the board showed them: evidence for people.

A file is JSON; its pixels are numbers of the tap, R, G, B of every LED of every strip, frame after frame,
compressed with zlib in base64, so that one file reads without any other.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hostkit.errors import InvalidError, ToolError
from hostkit.files import atomic_write
from hostkit.hil.golden.arithmetic import Array
from hostkit.link.messages import Tap

SCHEMA = "hostkit.picture/1"

_MOST_FRAMES, _MOST_LEDS = 256, 8192
_DEEP = (Tap.LINEAR, Tap.GAMMA, Tap.LIMITED)  # of 16 bits
_NUMBERS: dict[int, npt.DTypeLike] = {8: np.dtype("u1"), 16: np.dtype("<u2")}


@dataclass(frozen=True, slots=True)
class Picture:
    """``expected`` and ``observed`` have the shape (frames, LEDs of all strips, 3).

    ``times_us``: of each frame; ``first`` is the number of the first frame in the scene. ``leds``: of each
    strip. ``note``: where they part, in one line, empty where they do not.
    """

    test: str
    pattern: str
    scene: str
    tap: Tap
    leds: tuple[int, ...]
    first: int
    times_us: tuple[int, ...]
    expected: Array
    observed: Array
    note: str = ""

    @property
    def depth(self) -> int:
        """Bits of a number."""
        return 16 if self.tap in _DEEP else 8

    @property
    def wrong(self) -> tuple[int, ...]:
        """How many LEDs differ in each frame."""
        return tuple((self.expected != self.observed).any(axis=2).sum(axis=1).tolist())

    @property
    def first_wrong(self) -> int | None:
        """The first frame of the picture that differs, from 0; None when all are the same."""
        return next((number for number, wrong in enumerate(self.wrong) if wrong), None)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a file. Raises :class:`ToolError` when the disk refuses."""
    record = {
        "schema": SCHEMA,
        "test": picture.test,
        "pattern": picture.pattern,
        "scene": picture.scene,
        "tap": picture.tap.label,
        "leds": list(picture.leds),
        "first": picture.first,
        "times_us": list(picture.times_us),
        "note": picture.note,
        "expected": _packed(picture.expected, picture.depth),
        "observed": _packed(picture.observed, picture.depth),
    }
    atomic_write(path, json.dumps(record, ensure_ascii=False).encode(), durable=False)


def read_picture(path: Path) -> Picture:
    """Read a file. Raises :class:`InvalidError` for one that makes no sense or is larger than it may be."""
    try:
        record = json.loads(path.read_bytes())
        return _picture(record)
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}", hint="check the path and the disk"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, binascii.Error) as error:
        raise InvalidError(
            f"the picture {path.name} makes no sense: {error}",
            hint="the evidence is broken: run the gate again",
        ) from error


def _picture(record: Any) -> Picture:
    if record["schema"] != SCHEMA:
        raise ValueError(f"its schema is {record['schema']!r}")
    tap = next((tap for tap in Tap if tap.label == record["tap"]), None)
    if tap is None:
        raise ValueError(f"no tap is called {record['tap']!r}")
    leds, times = tuple(map(int, record["leds"])), tuple(map(int, record["times_us"]))
    if not 0 < len(times) <= _MOST_FRAMES or not 0 < sum(leds) <= _MOST_LEDS or min(leds) < 0:
        raise ValueError(f"{len(times)} frames of {sum(leds)} LEDs")
    shape = (len(times), sum(leds), 3)
    depth = 16 if tap in _DEEP else 8
    words = {name: str(record[name]) for name in ("test", "pattern", "scene", "note")}
    return Picture(
        tap=tap,
        leds=leds,
        first=int(record["first"]),
        times_us=times,
        expected=_unpacked(record["expected"], shape, depth),
        observed=_unpacked(record["observed"], shape, depth),
        **words,
    )


def _packed(pixels: Array, depth: int) -> str:
    return base64.b64encode(zlib.compress(pixels.astype(_NUMBERS[depth]).tobytes(), 9)).decode("ascii")


def _unpacked(text: str, shape: tuple[int, int, int], depth: int) -> Array:
    size = int(np.prod(shape)) * depth // 8
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text, validate=True), size + 1)
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes of pixels instead of {size}")
    return np.frombuffer(data, dtype=_NUMBERS[depth]).reshape(shape).astype(np.int64)

"""Pictures of strips over time as PNG, in a data URI. Pure."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.picture import Picture
from hostkit.report.light import Pixels, as_seen

GAP = 3
"""Columns between two strips, and between the mark of a row that differs and the strips."""

_MARK = 2  # columns at the left, of a frame that differs
_MARK_COLOUR = (255, 90, 200)
_GAP_COLOUR = (58, 62, 70)
_FAINTEST = 96  # of a difference: one that is hardly any is to be seen all the same


@dataclass(frozen=True, slots=True)
class Strips:
    """Images of one picture, as data URIs, and their size in pixels."""

    expected: str
    observed: str
    difference: str
    width: int
    height: int


def strips_of(picture: Picture) -> Strips:
    """Return the three images: a row for each frame, the first on top; strips side by side."""
    wrong = np.array(picture.wrong) > 0
    top = (1 << picture.depth) - 1
    off = np.abs(picture.expected - picture.observed)
    shown = np.where(off > 0, _FAINTEST + off * (255 - _FAINTEST) // top, 0).astype(np.uint8)
    images = [as_seen(picture.expected, picture), as_seen(picture.observed, picture), shown]
    framed = [_framed(image, picture.leds, wrong) for image in images]
    height, width, _ = framed[0].shape
    expected, observed, difference = (data_uri(png(image)) for image in framed)
    return Strips(expected, observed, difference, width, height)


def png(pixels: Pixels) -> bytes:
    """Return an image of shape (height, width, 3) as a PNG file: 8 bits, true colour."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # a 0 before each row: no filter
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def data_uri(image: bytes) -> str:
    """Return a PNG file as an address that needs no network."""
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _framed(image: Pixels, leds: tuple[int, ...], wrong: npt.NDArray[np.bool_]) -> Pixels:
    """Put strips side by side, and a mark at the left of every frame that differs."""
    height = image.shape[0]
    mark = np.zeros((height, _MARK, 3), dtype=np.uint8)
    mark[:] = _GAP_COLOUR
    mark[wrong] = _MARK_COLOUR
    gap = np.full((height, GAP, 3), _GAP_COLOUR, dtype=np.uint8)
    parts: list[Array | Pixels] = [mark]
    for part in np.split(image, np.cumsum(leds)[:-1], axis=1):
        parts += [gap, part]
    framed: Pixels = np.concatenate(parts, axis=1).astype(np.uint8)
    return framed

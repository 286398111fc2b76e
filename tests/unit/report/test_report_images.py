"""PNG files that any reader decodes to the pixels that were given."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hostkit.hil.picture import Picture
from hostkit.link.messages import Tap
from hostkit.report.html.images import GAP, png, strips_of


def decoded(data: bytes) -> np.ndarray:
    """Decode a PNG file of 8-bit true colour without filters, checking every chunk."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour, rest) == (8, 2, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def of_uri(uri: str) -> np.ndarray:
    return decoded(base64.b64decode(uri.removeprefix("data:image/png;base64,"), validate=True))


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_any_image_is_decoded_to_what_it_was(pixels: np.ndarray) -> None:
    assert (decoded(png(pixels)) == pixels).all()


def picture(tap: Tap, expected: np.ndarray, observed: np.ndarray) -> Picture:
    return Picture("t", "p", "p", tap, (2, 1), 0, tuple(range(len(expected))), expected, observed)


def test_light_is_shown_as_the_eye_sees_it() -> None:
    frame = np.array([[[255, 0, 128], [1, 2, 3], [0, 0, 0]]])
    shown = of_uri(strips_of(picture(Tap.FRAME, frame, frame)).expected)
    assert shown[0, 2 + GAP].tolist() == [255, 0, 188]  # half the light is no half on a screen
    assert shown[0, 3 + GAP].tolist() == [13, 22, 28]


def test_what_was_not_yet_through_the_gamma_is_shown_as_it_is() -> None:
    frame = np.array([[[65_535, 0, 32_768]] * 3])
    shown = of_uri(strips_of(picture(Tap.LINEAR, frame, frame)).expected)
    assert shown[0, 2 + GAP].tolist() == [255, 0, 128]


def test_the_smallest_difference_is_seen_and_its_frame_marked() -> None:
    for tap, top in ((Tap.FRAME, 255), (Tap.GAMMA, 65_535)):
        expected = np.zeros((3, 3, 3), dtype=np.int64)
        observed = expected.copy()
        observed[1, 2, 0] = 1
        observed[2, 0, 1] = top
        strips = strips_of(picture(tap, expected, observed))
        shown = of_uri(strips.difference)
        assert shown.shape == (3, strips.width, 3) == (3, 2 + 3 + 2 * GAP, 3)
        assert shown[1, -1].tolist()[0] >= 90
        assert shown[2, 2 + GAP].tolist() == [0, 255, 0]
        assert (shown[1, 0] == shown[2, 0]).all()
        assert (shown[0, 0] != shown[1, 0]).any()
        assert not shown[0, 2 + GAP : 4 + GAP].any()

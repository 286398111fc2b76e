"""Files of frames over time: what is written is read back, and no broken one is taken for a picture."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.errors import InvalidError, ToolError
from hostkit.hil.picture import Picture, read_picture, write_picture
from hostkit.link.messages import Tap


def picture(tap: Tap = Tap.FRAME, frames: int = 3, leds: tuple[int, ...] = (4, 2), seed: int = 1) -> Picture:
    """Return a picture of noise, the same both ways."""
    top = 65_536 if tap in (Tap.LINEAR, Tap.GAMMA, Tap.LIMITED) else 256
    pixels = np.random.default_rng(seed).integers(0, top, (frames, sum(leds), 3))
    times = tuple(range(0, 1000 * frames, 1000))
    return Picture("t::a[lava]", "lava", "lava (seed 1)", tap, leds, 7, times, pixels, pixels.copy())


@settings(deadline=None)
@given(
    tap=st.sampled_from(Tap),
    frames=st.integers(1, 20),
    leds=st.lists(st.integers(1, 30), min_size=1, max_size=3),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, tap: Tap, frames: int, leds: list[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "picture.json"
    given = picture(tap, frames, tuple(leds))
    write_picture(path, given)
    found = read_picture(path)
    assert (found.expected == given.expected).all()
    assert (found.observed == given.observed).all()
    assert replace(found, expected=given.expected, observed=given.observed) == given


def test_frames_that_differ_are_counted_in_leds() -> None:
    given = picture()
    given.observed[1, 2:4] ^= 1
    assert (given.wrong, given.first_wrong) == ((0, 2, 0), 1)
    assert picture().first_wrong is None


@pytest.fixture
def record(tmp_path: Path) -> dict[str, object]:
    """A good file's content."""
    write_picture(tmp_path / "p.json", picture())
    value: dict[str, object] = json.loads((tmp_path / "p.json").read_bytes())
    return value


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": "hostkit.picture/2"},
        {"tap": "nose"},
        {"leds": [10**9]},
        {"leds": [-1, 7]},
        {"leds": []},
        {"times_us": []},
        {"times_us": [0] * 257},
        {"expected": packed(b"")},
        {"expected": packed(bytes(50_000_000))},  # nothing is unpacked beyond what must be there
        {"observed": "not base64!"},
        {"observed": base64.b64encode(b"no zlib").decode()},
        {"first": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_file_that_makes_no_sense_is_invalid(
    tmp_path: Path, record: dict[str, object], wrong: dict[str, object]
) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(record | wrong))
    with pytest.raises(InvalidError, match=r"the picture p\.json makes no sense") as caught:
        read_picture(path)
    assert "run the gate again" in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{}", "7"])
def test_a_file_that_is_no_record_is_invalid(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(InvalidError):
        read_picture(path)


def test_a_file_that_is_not_there_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot read"):
        read_picture(tmp_path / "none.json")

"""Brightness, gamma, power limit, 8 bits."""

import hil_scalar_reference as plain
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.golden.gamma import GAMMA
from hostkit.hil.golden.pipeline import Output, corrected, milliamps, power_factor, process

u16 = st.integers(0, 65535)
EVERY = np.arange(65536, dtype=np.int64)
frames = st.lists(st.tuples(u16, u16, u16), min_size=1, max_size=12)


def run(pixels, brightness=255, limit=0):
    return process(np.array(pixels, dtype=np.int64)[None], Output(brightness, limit))


@given(frames, st.integers(0, 255), st.one_of(st.just(0), st.integers(1, 300), st.integers(0, 65535)))
def test_all_stages_are_those_of_plain_integers(pixels, brightness, limit):
    taps = run(pixels, brightness, limit)
    flat = [channel for pixel in pixels for channel in pixel]
    gamma, limited, frame, ma = plain.pipeline(flat, brightness, limit, GAMMA)
    assert taps.gamma.ravel().tolist() == gamma
    assert taps.limited.ravel().tolist() == limited
    assert taps.frame.ravel().tolist() == frame
    assert taps.milliamps == (ma,)


def test_the_gamma_table_is_a_power_of_2_2():
    assert len(GAMMA) == 257
    assert all(abs(value - 65535 * (i / 256) ** 2.2) <= 0.5 for i, value in enumerate(GAMMA))


@pytest.mark.parametrize("brightness", [1, 40, 255])
def test_more_light_in_is_never_less_light_out(brightness):
    assert (np.diff(corrected(EVERY, brightness)) >= 0).all()


def test_more_brightness_is_never_darker():
    levels = np.stack([corrected(EVERY, brightness) for brightness in range(0, 256, 15)])
    assert (np.diff(levels, axis=0) >= 0).all()


def test_brightness_0_is_black():
    assert not corrected(EVERY, 0).any()


def test_full_drive_is_full():
    assert run([(65535, 65535, 65535)]).frame.ravel().tolist() == [255, 255, 255]


@given(frames, st.integers(1, 400))
def test_the_limit_is_never_exceeded_unless_idling_alone_does(pixels, limit):
    (ma,) = run(pixels, 255, limit).milliamps
    assert ma <= max(limit, len(pixels))


@given(frames, st.integers(1, 400))
def test_the_limit_takes_no_more_than_it_must(pixels, limit):
    taps = run(pixels, 255, limit)
    free = run(pixels, 255, 0)
    active = int(free.gamma.astype(np.int64).sum()) * 20000 // 65535
    if 1000 * len(pixels) + active <= limit * 1000:
        assert (taps.limited == free.limited).all()
    else:
        left = int(taps.limited.astype(np.int64).sum()) * 20000 // 65535
        wanted = max(0, limit * 1000 - 1000 * len(pixels))
        assert left <= wanted
        assert left >= wanted - active // 65536 - len(pixels) * 3 - 2


@given(frames, st.integers(1, 400))
def test_the_limit_changes_no_colour_to_another(pixels, limit):
    """All channels lose the same share, so none becomes larger than one that it was below."""
    taps = run(pixels, 255, limit)
    order = np.argsort(taps.gamma.ravel(), kind="stable")
    assert (np.diff(taps.limited.ravel()[order].astype(int)) >= 0).all()


def test_current_is_rounded_up():
    assert milliamps(0, 320) == 320
    assert milliamps(1, 320) == 321
    assert milliamps(255 * 3, 1) == 61


def test_black_needs_no_limit():
    assert power_factor(0, 320, 320) == 65536
    assert run([(0, 0, 0)], 255, 1).milliamps == (1,)


@pytest.mark.parametrize("limit_ma", [0, 3000])
@pytest.mark.parametrize("brightness", [0, 1, 96, 255])
def test_many_frames_at_once_are_those_of_one_after_the_other(brightness, limit_ma):
    many = np.random.default_rng(5).integers(0, 65536, (80, 320, 3), dtype=np.int64)
    assert many.size > 65536 > many[0].size
    together = process(many, Output(brightness, limit_ma))
    for index in (0, 41, 79):
        alone = process(many[index : index + 1], Output(brightness, limit_ma))
        assert (together.gamma[index] == alone.gamma[0]).all()
        assert (together.limited[index] == alone.limited[0]).all()
        assert (together.frame[index] == alone.frame[0]).all()
        assert together.milliamps[index] == alone.milliamps[0]


@pytest.mark.parametrize("count", [1, 80])
def test_the_stages_lie_in_memory_as_the_bytes_of_a_frame_do_however_it_was_drawn(count):
    drawn = np.random.default_rng(6).integers(0, 65536, (3, 320, count), dtype=np.int64).T
    assert not drawn.flags.c_contiguous
    turned, plain_order = process(drawn, Output()), process(drawn.copy(), Output())
    for name in ("linear", "gamma", "limited", "frame"):
        stage = getattr(turned, name)
        assert stage.flags.c_contiguous
        assert (stage == getattr(plain_order, name)).all()

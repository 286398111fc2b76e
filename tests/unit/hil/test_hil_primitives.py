"""The NumPy primitives against plain integers, and what they promise."""

import math

import hil_scalar_reference as plain
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.golden import arithmetic as fixed
from hostkit.hil.golden.colour import PALETTES, channels, hsv16, ramp16
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.motion import cycle, travel

u16 = st.integers(0, 65535)
u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
EVERY = np.arange(65536, dtype=np.int64)


@given(u16, u16, u16)
def test_products_and_mixtures_are_those_of_plain_integers(a, b, t):
    assert fixed.scale16(a, b) == plain.scale16(a, b)
    assert fixed.lerp16(a, b, t) == plain.lerp16(a, b, t)
    assert fixed.fade16(a, b) == plain.fade16(a, b)


@pytest.mark.parametrize("name", ["tri16", "smooth16", "sin16", "swell16"])
def test_curves_are_those_of_plain_integers_at_every_point(name):
    wanted = [getattr(plain, name)(x) for x in range(65536)]
    assert getattr(fixed, name)(EVERY).tolist() == wanted


def test_the_sine_is_a_sine():
    true = 32767 * np.sin(2 * math.pi * EVERY / 65536)
    assert np.abs(fixed.sin16(EVERY) - true).max() < 5


def test_a_smoothstep_keeps_its_ends_and_falls_by_no_more_than_can_be_seen():
    curve = fixed.smooth16(EVERY)
    assert (curve[0], curve[-1]) == (0, 65535)
    assert np.diff(curve).min() >= -4


@given(u16, u16)
def test_a_mixture_of_equals_is_the_same_and_stays_between(a, b):
    for t in (0, 1, 32768, 65535):
        assert fixed.lerp16(a, a, t) == a
        assert min(a, b) <= fixed.lerp16(a, b, t) <= max(a, b)


def test_fading_always_reaches_zero():
    value = 65535
    for _ in range(2000):
        value = int(fixed.fade16(value, 65000))
    assert value == 0


@given(u32, u32, u32)
def test_the_hash_is_that_of_plain_integers(seed, a, b):
    assert fixed.hash32(seed, a, b) == plain.hash32(seed, a, b)
    assert fixed.mix32(a) == plain.mix32(a)


def test_the_hash_takes_whole_arrays_and_wraps_them():
    rows = np.array([[0], [2**32 - 1], [2**32]], dtype=np.int64)
    columns = np.arange(4, dtype=np.int64)
    hashed = fixed.hash32(9, rows, columns)
    assert hashed.shape == (3, 4)
    assert (hashed[0] == hashed[2]).all()
    assert hashed[1, 3] == plain.hash32(9, 2**32 - 1, 3)


def test_the_hash_is_spread_evenly():
    bits = fixed.hash32(1, np.arange(4096), 0)
    for bit in range(32):
        assert 0.45 < (bits >> bit & 1).mean() < 0.55


@given(u32, u32, st.integers(0, 2**49))
def test_the_noise_is_that_of_plain_integers(seed, x, y):
    assert fixed.noise16(seed, x, y) == plain.noise16(seed, x, y)


def test_the_noise_has_no_seam_where_its_coordinates_wrap():
    x = np.arange(2**32 - 40, 2**32 + 40)
    assert np.abs(np.diff(fixed.noise16(5, x, 123456))).max() <= 2


@given(u16, u16, u16)
def test_hsv_is_that_of_plain_integers(h, s, v):
    assert tuple(hsv16(h, s, v).tolist()) == plain.hsv16(h, s, v)


@given(u16, u16)
def test_the_brightest_channel_is_the_value_and_the_darkest_the_unsaturated_part(h, s):
    rgb = hsv16(h, s, 65535)
    assert rgb.max() == 65535
    assert rgb.min() == 65535 - s


@given(st.integers(0, 3), u16)
def test_palettes_are_those_of_plain_integers(palette, x):
    assert tuple(ramp16(palette, np.array(x)).tolist()) == plain.ramp16(palette, x)


@pytest.mark.parametrize("palette", range(4))
def test_palettes_get_brighter_from_stop_to_stop(palette):
    light = PALETTES[palette] @ np.array([2126, 7152, 722])
    assert (np.diff(light) > 0).all()


def test_colours_come_red_first():
    assert channels(0xFF8001).tolist() == [65535, 128 * 257, 257]


@given(u64, st.integers(0, 60_000))
def test_cycles_are_those_of_plain_integers_and_join_without_a_jump(time, period):
    assert cycle(time, period) == plain.cycle(time, period)
    if period and time >= period * 1000:
        earlier = cycle(time - period * 1000, period)
        assert cycle(time, period) == ((earlier[0] + 1) % 2**32, earlier[1])


@given(u64, st.integers(0, 1000))
def test_the_way_travelled_is_that_of_plain_integers(time, speed):
    assert travel(time, speed) == plain.travel(time, speed)


@given(st.lists(st.integers(1, 1024), min_size=1, max_size=4))
def test_distances_from_the_centre_are_symmetric_and_start_at_zero(lengths):
    geometry = Geometry(tuple(lengths))
    for part, n in zip(geometry.slices, lengths, strict=True):
        k, r = geometry.distance[part], geometry.radius[part]
        assert k.tolist() == [plain.distance(i, n) for i in range(n)]
        assert r.tolist() == [plain.radius(i, n) for i in range(n)]
        assert (k == k[::-1]).all()
        assert k.min() == 0
        assert (geometry.mirrored[part] == geometry.index[part][::-1]).all()


def test_leds_79_and_80_of_160_are_the_centre():
    k = Geometry((160,)).distance
    assert (k[79], k[80], k[0], k[159]) == (0, 0, 79, 79)


@pytest.mark.parametrize("lengths", [(), (0,), (1025,), (160, -1)])
def test_impossible_strips_are_refused(lengths):
    with pytest.raises(ValueError, match="strips must have"):
        Geometry(lengths)

"""From pixels to symbols and back, as LEDs do it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.golden import symbols, wire

byte = st.integers(0, 255)
pixels = st.lists(st.tuples(byte, byte, byte), max_size=40).map(
    lambda rows: np.array(rows, dtype=np.uint8).reshape(-1, 3)
)


def word(first, second, levels=(1, 0)):
    return first | levels[0] << 15 | second << 16 | levels[1] << 31


def strip(*words):
    return np.array([*words, symbols.RESET_WORD], dtype=np.uint32)


@given(pixels)
def test_what_is_encoded_is_latched(rows):
    latched = wire.decode(symbols.encode(rows))
    assert latched.fault is None
    assert (latched.pixels == rows).all()
    assert latched.reset_ns == 300_000


def test_green_goes_first_and_the_high_bit_too():
    words = symbols.encode(np.array([[0x01, 0x80, 0x00]], dtype=np.uint8))
    assert words[0] == symbols.ONE_WORD
    assert (words[1:15] == symbols.ZERO_WORD).all()
    assert words[15] == symbols.ONE_WORD
    assert words[24] == symbols.RESET_WORD


def test_a_strip_has_24_words_an_led_and_one_more():
    assert symbols.encode(np.zeros((160, 3), dtype=np.uint8)).size == 160 * 24 + 1


@pytest.mark.parametrize(("high", "low", "bit"), [(16, 34, 0), (32, 18, 1)])
@pytest.mark.parametrize("off", [-6, 0, 6])
def test_150_ns_either_way_is_still_a_bit(high, low, bit, off):
    for shifted in (word(high + off, low), word(high, low + off)):
        latched = wire.decode(strip(*[shifted] * 24))
        assert latched.fault is None
        assert (latched.pixels == 255 * bit).all()


@pytest.mark.parametrize(
    ("high", "low"), [(9, 34), (23, 34), (16, 27), (16, 41), (39, 18), (32, 25), (24, 26)]
)
def test_more_than_150_ns_off_is_no_bit(high, low):
    good = [symbols.ZERO_WORD] * 24
    latched = wire.decode(strip(*good, word(high, low), *good[1:]))
    assert latched.fault is not None
    assert latched.fault.bit == 24
    assert f"{high * 25} ns high" in latched.fault.reason
    assert len(latched.pixels) == 1


def test_a_bit_that_is_low_first_is_no_bit():
    latched = wire.decode(strip(word(16, 34, (0, 1)), *[symbols.ZERO_WORD] * 23))
    assert latched.fault == wire.WireFault(0, "levels 0 then 1, a bit is high then low")


def test_half_an_led_is_a_fault():
    latched = wire.decode(strip(*[symbols.ONE_WORD] * 30))
    assert latched.fault == wire.WireFault(30, "30 bits are not a whole number of LEDs")
    assert latched.pixels.tolist() == [[255, 255, 255]]


@pytest.mark.parametrize(("ticks", "enough"), [(0, False), (2000, False), (11_199, False), (11_200, True)])
def test_a_reset_takes_280_us(ticks, enough):
    words = np.array([symbols.ZERO_WORD] * 24 + [ticks], dtype=np.uint32)
    latched = wire.decode(words)
    assert (latched.fault is None) == enough
    assert latched.reset_ns == ticks * 25


def test_a_reset_word_that_raises_the_line_is_no_reset():
    assert wire.decode(np.array([word(12_000, 0)], dtype=np.uint32)).reset_ns == 0
    assert wire.decode(np.array([word(0, 12_000, (0, 1))], dtype=np.uint32)).reset_ns == 0


def test_two_low_halves_make_one_gap():
    assert wire.decode(np.array([word(8000, 4000, (0, 0))], dtype=np.uint32)).reset_ns == 300_000


def test_no_symbols_at_all_are_a_fault():
    assert wire.decode(np.zeros(0, dtype=np.uint32)).fault == wire.WireFault(0, "no symbols at all")


@given(st.lists(st.integers(0, 2**32 - 1), max_size=80))
def test_hostile_words_never_raise(words):
    latched = wire.decode(np.array(words, dtype=np.uint32))
    assert latched.pixels.shape[1] == 3


def test_another_tick_scales_all_times():
    assert wire.decode(strip(*[word(8, 17)] * 24), tick_ns=50).fault is None
    assert wire.decode(strip(*[word(8, 17)] * 24), tick_ns=25).fault is not None


def test_the_shortest_frame_is_30_us_an_led_and_the_gap():
    assert symbols.shortest_frame_us(160) == 5100
    assert symbols.shortest_frame_us(60, 280) == 2080


def test_each_class_of_pulse_has_its_least_and_its_most():
    words = np.array([word(16, 34), word(14, 36), word(32, 18), word(37, 13)], dtype=np.uint32)
    zero_high, zero_low, one_high, one_low = wire.pulse_classes(words)
    assert zero_high == wire.PulseClass("T0H", 400, 350, 400)
    assert zero_low == wire.PulseClass("T0L", 850, 850, 900)
    assert one_high == wire.PulseClass("T1H", 800, 800, 925)
    assert one_low == wire.PulseClass("T1L", 450, 325, 450)


def test_a_class_that_does_not_occur_is_left_out():
    words = np.array([word(16, 34)], dtype=np.uint32)
    assert [each.name for each in wire.pulse_classes(words)] == ["T0H", "T0L"]
    assert wire.pulse_classes(words[:0]) == ()


def test_another_tick_gives_other_times():
    (high, low) = wire.pulse_classes(np.array([word(4, 9)], dtype=np.uint32), tick_ns=100)
    assert (high.least_ns, low.most_ns) == (400, 900)


@pytest.mark.parametrize(
    ("least", "most", "inside"),
    [(250, 550, True), (249, 400, False), (400, 551, False), (400, 400, True)],
)
def test_a_class_is_inside_when_its_least_and_its_most_are(least, most, inside):
    assert wire.PulseClass("T0H", 400, least, most).inside is inside


@given(pixels)
def test_a_frame_keeps_a_line_busy_for_30_us_an_led_and_the_gap(rows):
    assert wire.duration_ns(symbols.encode(rows)) == len(rows) * 30_000 + 300_000

"""Every expectation of the rungs wired and timed can turn red: planted faults, and what sees each."""

from dataclasses import replace

import numpy as np
import pytest

from hostkit.hil.golden.symbols import ONE_WORD, ZERO_WORD
from hostkit.link.messages import Op
from hostkit.testing.hil_flaws import Flaws

pytest_plugins = ["pytester"]


def on_symbols(change):
    def changed(words):
        copy = words.copy()
        change(copy)
        return copy

    return Flaws(on_symbols=changed)


def bit_words(first, second):
    return np.uint32(second << 16 | 0x8000 | first)


def swap(old, new):
    def change(words):
        words[words == old] = new

    return change


def one_bit_is_long(words):
    words[77 * 24 + 3] = bit_words(16 + 7, 34)  # 175 ns


def one_bit_is_stuck(words):
    words[150 * 24 + 11] = ZERO_WORD


def gap_is_old(words):
    words[-1] = 55_000 // 25


WIRE = {
    "one bit of all is stuck": (
        on_symbols(one_bit_is_stuck),
        "test_the_symbols_of_every_led_and_channel_decode_to_the_frame",
    ),
    "strips that are exchanged": (
        Flaws(on_wire=lambda strips: strips[::-1]),
        "test_the_symbols_of_every_led_and_channel_decode_to_the_frame",
    ),
    "T0H too long on one bit": (on_symbols(one_bit_is_long), "test_every_bit_is_inside_the_data_sheet"),
    "T0H too short": (
        on_symbols(swap(ZERO_WORD, bit_words(9, 34))),
        "test_every_bit_is_inside_the_data_sheet",
    ),
    "T0L too short": (
        on_symbols(swap(ZERO_WORD, bit_words(16, 27))),
        "test_every_bit_is_inside_the_data_sheet",
    ),
    "T1H too long": (
        on_symbols(swap(ONE_WORD, bit_words(39, 18))),
        "test_every_bit_is_inside_the_data_sheet",
    ),
    "T1L too long": (
        on_symbols(swap(ONE_WORD, bit_words(32, 25))),
        "test_every_bit_is_inside_the_data_sheet",
    ),
    "the reset gap of the first parts": (
        on_symbols(gap_is_old),
        "test_the_line_rests_long_enough_to_latch",
    ),
    "a frame that is too fast": (
        on_symbols(swap(ZERO_WORD, bit_words(14, 30))),
        "test_a_frame_keeps_the_line_busy_for_as_long_as_its_leds_need",
    ),
    "a frame that is too slow": (
        on_symbols(swap(ZERO_WORD, bit_words(18, 39))),
        "test_a_frame_keeps_the_line_busy_for_as_long_as_its_leds_need",
    ),
}


@pytest.mark.parametrize("fault", WIRE)
def test_a_fault_on_the_wire_is_seen_by_the_test_that_looks_for_it(suite, failed, fault):
    flaws, test = WIRE[fault]
    assert failed(suite(flaws, "test_wire.py", select=test)) == {test}


LONG = "test_1000_live_frames_are_right_and_come_in_turn_by_a_clock_that_is_right"


def late_by(us):
    """Every frame is late by more than the one before: the next turn is counted from when it came."""
    return Flaws(on_event=lambda event: replace(event, time_us=event.time_us + us * event.seq))


def silent_drop(event):
    return replace(event, time_us=event.time_us + 6_250 * (event.seq > 500))


def too_slow(event):
    return replace(event, render_us=12_000)


def rising():
    """Counts as a firmware does that takes memory for every request."""
    taken = [0]

    def change(stats):
        taken[0] += 1
        return stats | {"allocations": 12 + taken[0]}

    return change


def sinking(name, by):
    asked = [0]

    def change(stats):
        asked[0] += 1
        return stats | {name: max(0, stats[name] - by * asked[0])}

    return change


TIME = {
    "turns that drift": (late_by(20), "test_live.py", LONG),
    "a frame that is dropped in silence": (Flaws(on_event=silent_drop), "test_live.py", LONG),
    "an event that is lost in silence": (
        Flaws(on_event=lambda event: None if event.seq == 700 else event),
        "test_live.py",
        LONG,
    ),
    "frame 900 of 1000 is wrong": (
        Flaws(on_event=lambda event: replace(event, crc=event.crc ^ (event.seq == 900))),
        "test_live.py",
        LONG,
    ),
    "a clock that is 0.1 % fast": (
        Flaws(on_stats=lambda stats: stats | {"uptime-us": stats["uptime-us"] * 1001 // 1000}),
        "test_live.py",
        LONG,
    ),
    "a clock in milliseconds": (
        Flaws(on_stats=lambda stats: stats | {"uptime-us": stats["uptime-us"] // 1000}),
        "test_live.py",
        LONG,
    ),
    "a transmission that is too short": (
        Flaws(on_event=lambda event: replace(event, transmit_us=5_099 if event.seq == 800 else 5_101)),
        "test_live.py",
        LONG,
    ),
    "drawing that takes too long": (
        Flaws(on_event=too_slow),
        "test_live.py",
        "test_a_frame_is_drawn_in_time_for_60_hz",
    ),
    "memory that is taken for each request": (
        Flaws(on_stats=rising()),
        "test_marks.py",
        "test_nothing_is_allocated_in_steady_state_and_stack_is_left",
    ),
    "a heap that shrinks": (
        Flaws(on_stats=sinking("heap-min", 16)),
        "test_marks.py",
        "test_nothing_is_allocated_in_steady_state_and_stack_is_left",
    ),
    "a stack that is used up": (
        Flaws(on_stats=lambda stats: stats | {"stack-free": 128}),
        "test_marks.py",
        "test_nothing_is_allocated_in_steady_state_and_stack_is_left",
    ),
    "a stack that goes deeper and deeper": (
        Flaws(on_stats=sinking("stack-free", 200)),
        "test_marks.py",
        "test_nothing_is_allocated_in_steady_state_and_stack_is_left",
    ),
}


@pytest.mark.parametrize("fault", TIME)
def test_a_fault_in_time_or_memory_is_seen_by_the_test_that_looks_for_it(suite, failed, fault):
    flaws, file, test = TIME[fault]
    assert failed(suite(flaws, file, select=test)) == {test}


def test_a_boot_that_nobody_asked_for_is_seen(suite, failed):
    def restart(firmware, request):
        if request.op == Op.STATS:
            firmware.boots += 1

    test = "test_a_board_counts_its_boots_and_its_time_without_a_gap"
    assert failed(suite(Flaws(before=restart), "test_marks.py", select=test)) == {test}

"""Numbers of live mode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import FailedError
from hostkit.hil.timing import ClockReading, LiveRun, collect_live, drift, floor_us, percentile, read_clock
from hostkit.link.messages import FrameEvent, Mode, Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard
from hostkit.testing.hil_flaws import Flaws


def event(seq, time_us, dropped=0):
    return FrameEvent(1, seq, time_us, 300, 5100, 0, 320, dropped)


def test_rate_intervals_and_jitter_come_from_the_boards_own_times():
    live = LiveRun((event(0, 1000), event(1, 11_000), event(2, 22_000), event(3, 31_000)), 100)
    assert live.intervals_us == (10_000, 11_000, 9_000)
    assert live.rate_hz == pytest.approx(100)
    assert live.median_interval_us == 10_000
    assert live.jitter_us == 1_000


def test_sequence_numbers_that_never_came_are_missing():
    live = LiveRun((event(0, 0), event(1, 10), event(4, 40, dropped=2)), 60)
    assert live.missing == 2
    assert live.dropped == 2


def test_frames_at_one_moment_have_no_finite_rate():
    assert LiveRun((event(0, 5), event(1, 5)), 60).rate_hz == float("inf")


def test_the_floor_of_160_leds_is_5_1_ms():
    assert floor_us(160, 300) == 5100


def test_events_are_collected_and_the_board_is_back_in_test_mode():
    board = ModelBoard(FakeClock())
    link = board.open_link()
    live = collect_live(link, 60, 25)
    assert len(live.events) == 25
    assert live.applied_fps == 60
    assert live.rate_hz == pytest.approx(60, abs=0.01)
    assert board.firmware._mode is Mode.TEST


def test_events_that_were_left_of_the_last_time_are_not_of_this_one():
    link = ModelBoard(FakeClock()).open_link()
    runs = [collect_live(link, 60, 3) for _ in range(2)]
    assert [[event.seq for event in live.events] for live in runs] == [[0, 1, 2]] * 2


def test_a_board_that_answers_but_sends_no_frames_has_failed():
    board = ModelBoard(FakeClock(), Flaws(on_event=lambda event: event if event.seq < 3 else None))
    link = board.open_link()
    with pytest.raises(FailedError, match="only 3 of 25 frame events came") as caught:
        collect_live(link, 60, 25)
    assert "live mode" in caught.value.hint
    assert board.firmware.executed[-1] == Op.MODE
    assert board.firmware._mode is Mode.TEST


def run(*starts, fps=100):
    """Frames as (sequence, time, dropped so far)."""
    return LiveRun(tuple(event(seq, time_us, dropped) for seq, time_us, dropped in starts), fps)


def test_a_frame_that_is_late_stays_in_its_turn_and_the_next_is_not_moved_by_it():
    live = run((0, 500, 0), (1, 10_900, 0), (2, 20_500, 0), (3, 39_000, 0))
    assert live.lateness_us == (0, 400, 0, 8_500)
    assert live.keeps_turns


def test_a_turn_that_was_dropped_and_counted_is_no_lateness():
    live = run((0, 0, 7), (1, 30_100, 9), (2, 40_000, 9))
    assert live.lateness_us == (0, 100, 0)
    assert live.keeps_turns


def test_a_turn_that_was_dropped_in_silence_is_seen():
    assert not run((0, 0, 0), (1, 20_100, 0), (2, 30_000, 0)).keeps_turns


def test_a_drop_that_was_counted_but_never_happened_is_seen():
    assert not run((0, 0, 0), (1, 10_000, 1), (2, 20_000, 2)).keeps_turns


def test_events_that_were_lost_on_the_way_do_not_shift_the_turns():
    assert run((0, 0, 0), (5, 50_000, 0), (6, 60_020, 0)).lateness_us == (0, 0, 20)


@pytest.mark.parametrize(
    ("each_us", "kept"), [(10_001, True), (10_005, True), (10_012, False), (9_985, False)]
)
def test_turns_may_be_rounded_to_a_microsecond_but_not_drift(each_us, kept):
    live = run(*[(seq, seq * each_us, 0) for seq in range(1001)])
    assert live.keeps_turns is kept


@given(st.lists(st.integers(0, 9_999), min_size=2, max_size=60), st.data())
def test_whatever_a_host_does_a_board_that_counts_its_drops_keeps_turns(late, data):
    dropped, starts = 0, []
    for seq, late_us in enumerate(late):
        dropped += data.draw(st.integers(0, 3))
        starts.append((seq, (seq + dropped) * 10_000 + late_us, dropped))
    assert run(*starts).keeps_turns


@pytest.mark.parametrize(
    ("share", "value"), [(0.01, 1), (0.5, 50), (0.95, 95), (0.951, 96), (0.99, 99), (1, 100)]
)
def test_percentiles_are_values_that_were_measured(share, value):
    assert percentile(range(100, 0, -1), share) == value


def test_the_percentile_of_one_value_is_that_value():
    assert {percentile([7], share) for share in (0.01, 0.5, 1)} == {7}


def test_drift_is_told_with_a_bound_that_the_round_trips_set():
    found = drift(ClockReading(0, 100_000, 50), ClockReading(10_000_000_000, 300_000, 10_000_550))
    assert found.ppm == pytest.approx(50)
    assert found.within_ppm == pytest.approx(40.1)
    assert (found.low_ppm, found.high_ppm) == (pytest.approx(9.9), pytest.approx(90.1))


def test_a_clock_that_is_exact_has_no_drift_and_one_that_is_fast_drifts_up():
    start = ClockReading(0, 0, 100)
    assert drift(start, ClockReading(1_000_000_000, 0, 1_000_100)).ppm == 0
    assert drift(start, ClockReading(10_000_000_000, 0, 10_003_100)).ppm == pytest.approx(300)


def test_a_clock_that_stands_still_is_a_million_ppm_slow():
    found = drift(ClockReading(0, 1, 777), ClockReading(5_000_000_000, 1, 777))
    assert found.ppm == -1_000_000


def test_readings_at_one_moment_say_nothing():
    with pytest.raises(ValueError, match="no time went by"):
        drift(ClockReading(5, 1, 0), ClockReading(5, 1, 0))


def test_the_reading_with_the_shortest_round_trip_counts():
    clock = FakeClock()
    slow = iter((0.004, 0.001, 0.003))

    def delay(stats):
        clock.advance(next(slow))
        return stats | {"uptime-us": clock.monotonic_ns() // 1000}

    board = ModelBoard(clock, Flaws(on_stats=delay))
    reading = read_clock(board.open_link(), 3)
    assert reading == ClockReading(4_500_000, 500_000, 5_000)

"""Numbers of live mode."""

import pytest

from hostkit.errors import FailedError
from hostkit.hil.timing import LiveRun, collect_live, floor_us
from hostkit.link.messages import FrameEvent, Mode, Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard
from hostkit.testing.hil_firmware import Flaws


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


def test_a_board_that_answers_but_sends_no_frames_has_failed():
    board = ModelBoard(FakeClock(), Flaws(on_event=lambda event: event if event.seq < 3 else None))
    link = board.open_link()
    with pytest.raises(FailedError, match="only 3 of 25 frame events came") as caught:
        collect_live(link, 60, 25)
    assert "live mode" in caught.value.hint
    assert board.firmware.executed[-1] == Op.MODE
    assert board.firmware._mode is Mode.TEST

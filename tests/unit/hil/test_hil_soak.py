"""A soak: random scenes until the time is up, and marks of what wears out."""

import random
from dataclasses import replace

import pytest

from hostkit.errors import FailedError
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.handle import BoardHandle
from hostkit.hil.session import Expectation, HilSession
from hostkit.hil.soak import Reading, Soak, Soaked, SoakPlan, random_scene
from hostkit.hil.timing import ClockReading
from hostkit.link.bodies import Stats
from hostkit.link.errors import LinkLostError
from hostkit.link.messages import Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard, ModelOpener
from hostkit.testing.hil_flaws import Flaws

STATS = Stats(0, 0, 0, 0, 0, 0, 5000, 0, 2000, 0, 0)


class Rig:
    """A model board for which each request takes 2 ms of a clock that nothing else moves."""

    def __init__(self, before=lambda _firmware, _request: None, **flaws):
        self.clock = FakeClock()

        def tick(firmware, request):
            self.clock.sleep(0.002)
            before(firmware, request)

        self.board = ModelBoard(self.clock, Flaws(before=tick, **flaws))
        self.session = HilSession(lambda: ModelOpener(self.board), Expectation("model"), clock=self.clock)
        self.said = []

    def soak(self, seconds=2.0, seed=1):
        link = self.session.fresh()
        board = BoardHandle(self.session, link, PATTERNS)
        return Soak(board, link, SoakPlan(seconds, seed), self.clock, self.said.append).run()


def test_it_runs_for_as_long_as_it_was_asked_and_looks_at_every_pattern():
    rig = Rig()
    soaked = rig.soak(seconds=5.0)
    assert 5.0 <= soaked.seconds < 5.4
    assert soaked.difference is None
    assert soaked.stepped > 500
    assert soaked.live > 100
    assert len(soaked.readings) > len(PATTERNS)
    assert soaked.heap_lost == soaked.stack_lost == soaked.lost_in_silence == 0
    assert soaked.counted("frames") >= soaked.stepped
    assert rig.said[-1].startswith("soak 0:05 of 0:05: ")
    assert rig.said[-1].endswith(f" scenes, {soaked.stepped + soaked.live} frames as the model's")


def test_however_short_it_is_it_steps_and_lets_the_board_run_free():
    soaked = Rig().soak(seconds=0.001)
    assert soaked.stepped > 0
    assert soaked.live > 0
    assert len(soaked.readings) == 5


def test_the_same_seed_draws_the_same_scenes():
    def scenes(seed):
        return [random_scene(p, random.Random(f"{seed}/{n}")) for n, p in enumerate(PATTERNS.values())]

    assert scenes(3) == scenes(3) != scenes(4)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_drawn_at_random_lies_in_the_ranges(pattern):
    draw = random.Random(pattern)
    for _ in range(50):
        scene = random_scene(PATTERNS[pattern], draw)
        assert 1 <= scene.count <= 256
        assert 0 <= scene.start_us < 1 << 64
        applied, flagged = PATTERNS[pattern].apply(scene.params)
        assert (applied, flagged) == (dict(scene.params), [])
    assert len({draw.random() for _ in range(3)}) == 3


def test_a_frame_that_is_wrong_after_a_while_ends_it_and_is_kept():
    seen = []

    def tired(firmware, request):
        seen.append(request.op)
        if request.op == Op.RUN and len(seen) > 120:
            firmware._model.output(1, 0)

    soaked = Rig(before=tired).soak(seconds=60)
    assert "differs from the model" in str(soaked.difference)
    assert soaked.seconds < 60


def test_a_live_frame_that_is_wrong_ends_it_too():
    soaked = Rig(on_event=lambda event: replace(event, crc=7)).soak()
    assert "live frame at 0 us is not the model's: " in str(soaked.difference)


def test_events_that_no_counter_knows_of_are_lost_in_silence():
    soaked = Rig(on_event=lambda event: event if event.seq % 9 else None).soak()
    assert soaked.lost_in_silence > 0


def test_a_board_that_sends_no_frames_has_failed():
    with pytest.raises(FailedError, match="frame events came"):
        Rig(on_event=lambda event: None).soak()


def test_a_board_that_restarts_is_lost():
    def once(firmware, request):
        if request.op == Op.RUN and firmware.boots == 1 and len(firmware.executed) > 60:
            firmware.boot("watchdog")

    with pytest.raises(LinkLostError):
        Rig(before=once).soak()


def test_a_leak_is_seen():
    def leak(firmware, request):
        firmware.heap_min = 50_000 - len(firmware.executed)

    soaked = Rig(before=leak).soak(seconds=5)
    assert soaked.heap_lost > 100


def reading(asked_us, uptime_us, took_us=0, **stats):
    stats = replace(STATS, uptime_us=uptime_us, **stats)
    return Reading(asked_us * 1000, stats, (asked_us + took_us) * 1000)


def test_what_is_allocated_once_is_no_leak():
    marks = [9000] + [8000] * 2 + [7000] * 40
    soaked = Soaked(SoakPlan(1, 1), 12, readings=[reading(0, 0, heap_min=mark) for mark in marks])
    assert soaked.heap_lost == 0
    soaked.readings.append(reading(0, 0, heap_min=6990))
    assert soaked.heap_lost == 10


def test_a_reading_is_one_of_the_clock_at_some_moment_of_the_request():
    assert reading(200, 7).clock == ClockReading(200_000, 0, 7)
    assert reading(0, 500, took_us=1000).clock == ClockReading(500_000, 500_000, 500)


def test_the_drift_is_taken_from_the_quickest_readings_near_both_ends():
    slow = [reading(0, 0, took_us=900_000), reading(1_000_000, 1_000_000, took_us=10)]
    middle = [reading(2_000_000 + n, 0, took_us=5) for n in range(4)]
    late = [reading(9_000_000, 9_000_000, took_us=10), reading(9_500_000, 9_500_000, took_us=800_000)]
    soaked = Soaked(SoakPlan(1, 1), 12, readings=slow + middle + late)
    assert abs(soaked.drift.low_ppm) < 3
    assert abs(soaked.drift.high_ppm) < 3

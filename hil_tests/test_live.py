"""Live frames: at the asked rate, as the model says, and no faster than a wire can carry them.

What is asserted rests on the board's own clock and counts. How late a host was to read them is no fault of
the firmware, so that is measured at most.
"""

from statistics import median

import pytest

from hostkit.boards.model import Fidelity
from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.hil.timing import LiveRun, collect_live, drift, floor_us, percentile, read_clock
from hostkit.hil.variants import MUSIC
from hostkit.link.messages import FrameEvent, Mode, Tap

pytestmark = pytest.mark.rung("timed")

QUARTZ_PPM = 200  # modules promise some 10 at 25 degrees C; a clock that is wrong is wrong by far more
LONG_HZ = 160  # a whole number of microseconds, and 1.1 ms more than two strips of 160 need


@pytest.fixture
def floor(board, profile):
    return floor_us(profile.longest, board.identity.reset_us)


@pytest.mark.parametrize("pattern", ["rainbow"])
def test_no_frame_is_faster_than_the_wire(board, link, floor, measure, pattern):
    link.configure(pattern)
    live = collect_live(link, 0, len(board.some(range(100), 25)))
    measure("highest live rate", live.rate_hz, "Hz")
    measure("shortest frame interval", min(live.intervals_us), "us")
    measure("shortest transmission", min(event.transmit_us for event in live.events), "us")
    measure("physical floor", floor, "us")
    assert min(live.intervals_us) >= floor, "a frame came before the last one can have been sent"
    assert min(event.transmit_us for event in live.events) >= floor
    assert live.applied_fps == 1_000_000 // floor


def test_requests_in_between_make_no_frame_faster_than_the_wire(link, floor):
    """A request wakes the firmware while the last frame is still on its way."""
    link.configure("rainbow")
    applied = link.mode(Mode.LIVE, 0)
    events = []
    for _ in range(3000):
        link.echo(b"now?")
        events += [item for item in link.receive(0) if isinstance(item, FrameEvent)]
        if len(events) > 10:
            break
    link.mode(Mode.TEST)
    assert len(events) > 10, "live mode stands still while it is asked"
    assert min(LiveRun(tuple(events), applied.fps).intervals_us) >= floor


@pytest.mark.parametrize("pattern", ["rainbow"])
def test_1000_live_frames_are_right_and_come_in_turn_by_a_clock_that_is_right(
    board, link, golden, floor, measure, measure_series, pattern
):
    scene = Scene(pattern, seed=8)
    set_board(link, scene)
    set_model(golden, scene)
    before, clock = link.stats(), read_clock(link)
    live = collect_live(link, LONG_HZ, len(board.some(range(1000), 40)))
    after, drifted = link.stats(), drift(clock, read_clock(link))
    measure(f"live rate, {LONG_HZ} Hz asked", live.rate_hz, "Hz")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("longest", 1)):
        measure(f"frame interval, {name}", percentile(live.intervals_us, share), "us")
    missed = live.dropped - live.events[0].dropped
    measure("missed deadlines", missed, f"of {len(live.events) + missed}")
    measure("latest start of a frame", max(live.lateness_us) - min(live.lateness_us), "us")
    measure("clock against the host's", drifted.ppm, "ppm")
    measure("clock against the host's, give or take", drifted.within_ppm, "ppm")
    measure("transmission as told, p50", median(event.transmit_us for event in live.events), "us")
    measure_series("frame interval", live.intervals_us, "us")
    assert live.applied_fps == LONG_HZ
    assert live.keeps_turns, "frames do not come when they are due, or dropped ones are not counted"
    assert live.missing <= after.events_lost - before.events_lost, "an event was lost in silence"
    assert min(live.intervals_us) >= floor
    assert min(event.transmit_us for event in live.events) >= floor
    frames = golden.render([event.time_us for event in live.events])
    assert [event.crc for event in live.events] == frames.crcs(Tap.FRAME)
    if board.spec.fidelity is not Fidelity.SIMULATED:  # its clock waits for its host
        assert abs(drifted.ppm) <= QUARTZ_PPM + drifted.within_ppm


@pytest.mark.parametrize("pattern", ["comet"])
@pytest.mark.parametrize(("fps", "frames"), [(30, 10), (60, 30), (100, 30)], ids=["30Hz", "60Hz", "100Hz"])
def test_frames_come_at_the_asked_rate_or_are_counted_as_dropped(
    board, link, floor, measure, fps, frames, pattern
):
    link.configure(pattern)
    lost = link.stats().events_lost
    live = collect_live(link, fps, len(board.some(range(frames), 10)))
    measure(f"live rate, {fps} Hz asked", live.rate_hz, "Hz")
    measure(f"jitter at {fps} Hz", live.jitter_us, "us")
    measure(f"render at {fps} Hz, worst", max(event.render_us for event in live.events), "us")
    measure(f"dropped at {fps} Hz", live.dropped, "frames")
    assert live.applied_fps == fps
    assert live.missing <= link.stats().events_lost - lost, "an event was lost in silence"
    assert live.keeps_turns
    assert min(live.intervals_us) >= floor


@pytest.mark.parametrize("pattern", ["rainbow"])
def test_frames_that_no_wire_can_carry_are_counted_as_dropped_once(board, link, floor, measure, pattern):
    """One a second less than the most: 28 us are left of a period, and each begins later in its turn."""
    link.configure(pattern)
    fps = 1_000_000 // floor - 1
    live = collect_live(link, fps, len(board.some(range(200), 20)))
    measure(f"dropped at {fps} Hz", live.dropped, "frames")
    assert live.applied_fps == fps
    assert link.stats().dropped >= live.dropped, "not all are counted"
    assert live.keeps_turns, "dropped frames are not counted, or counted twice"


def test_a_frame_is_drawn_in_time_for_60_hz(board, link, floor, measure, pattern):
    """Half of them are: one that the host of a virtual board held up is not the firmware's fault."""
    set_board(link, Scene(pattern, audio=MUSIC))
    live = collect_live(link, 0, len(board.some(range(9), 5)))
    middle = median(event.render_us for event in live.events)
    measure("time to draw a frame, median", middle, "us")
    assert middle + floor <= 1_000_000 // 60


@pytest.mark.parametrize("pattern", ["rainbow", "twinkle", "lava"])
def test_live_frames_are_those_of_the_model_at_their_own_time(board, link, golden, pattern):
    scene = Scene(pattern, seed=8)
    set_board(link, scene)
    set_model(golden, scene)
    live = collect_live(link, 100, len(board.some(range(20), 6)))
    frames = golden.render([event.time_us for event in live.events])
    assert [event.crc for event in live.events] == frames.crcs(Tap.FRAME)
    assert tuple(event.ma for event in live.events) == frames.milliamps


@pytest.mark.parametrize("pattern", ["spectrum", "pulse", "bloom"])
def test_silent_audio_still_gives_frames(board, link, pattern):
    link.configure(pattern)
    frames = len(board.some(range(10), 4))
    live = collect_live(link, 100, frames)
    assert len({event.seq for event in live.events}) == frames


def test_live_mode_begins_anew_at_frame_0_each_time(link):
    link.configure("solid")
    first = [collect_live(link, 0, 3).events[0].seq for _ in range(2)]
    assert first == [0, 0]


@pytest.mark.parametrize("pattern", ["pulse", "bloom"])
def test_live_frames_with_a_state_are_drawn_while_music_plays(board, link, pattern):
    link.configure(pattern)
    link.audio(MUSIC.level, MUSIC.beat, MUSIC.bands)
    live = collect_live(link, 100, len(board.some(range(20), 8)))
    assert len({event.crc for event in live.events}) > len(live.events) // 4, "nothing moves"

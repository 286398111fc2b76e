"""Live frames: at the asked rate, as the model says, and no faster than a wire can carry them."""

import pytest

from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.hil.timing import LiveRun, collect_live, floor_us
from hostkit.hil.variants import MUSIC
from hostkit.link.messages import FrameEvent, Mode, Tap

pytestmark = pytest.mark.rung("timed")


@pytest.fixture
def floor(board, profile):
    return floor_us(profile.longest, board.identity.reset_us)


def test_no_frame_is_faster_than_the_wire(link, floor, measure):
    link.configure("rainbow")
    live = collect_live(link, 0, 100)
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


@pytest.mark.parametrize(("fps", "frames"), [(30, 15), (60, 60), (100, 40)], ids=["30Hz", "60Hz", "100Hz"])
def test_frames_come_at_the_asked_rate_or_are_counted_as_dropped(link, floor, measure, fps, frames):
    link.configure("comet")
    lost = link.stats().events_lost
    live = collect_live(link, fps, frames)
    span_s = (live.events[-1].time_us - live.events[0].time_us) / 1e6
    due = len(live.intervals_us) + live.dropped - live.events[0].dropped
    measure(f"live rate, {fps} Hz asked", live.rate_hz, "Hz")
    measure(f"jitter at {fps} Hz", live.jitter_us, "us")
    measure(f"render at {fps} Hz, worst", max(event.render_us for event in live.events), "us")
    measure(f"dropped at {fps} Hz", live.dropped, "frames")
    assert live.applied_fps == fps
    assert live.missing == link.stats().events_lost - lost, "an event was lost in silence"
    assert due == pytest.approx(span_s * fps, abs=1.5)
    assert min(live.intervals_us) >= floor


@pytest.mark.parametrize("pattern", ["rainbow", "twinkle", "lava"])
def test_live_frames_are_those_of_the_model_at_their_own_time(link, golden, pattern):
    scene = Scene(pattern, seed=8)
    set_board(link, scene)
    set_model(golden, scene)
    live = collect_live(link, 100, 20)
    frames = golden.render([event.time_us for event in live.events])
    assert [event.crc for event in live.events] == frames.crcs(Tap.FRAME)
    assert tuple(event.ma for event in live.events) == frames.milliamps


@pytest.mark.parametrize("pattern", ["spectrum", "pulse", "bloom"])
def test_silent_audio_still_gives_frames(link, pattern):
    link.configure(pattern)
    live = collect_live(link, 100, 10)
    assert len({event.seq for event in live.events}) == 10


@pytest.mark.parametrize("pattern", ["pulse", "bloom"])
def test_live_frames_with_a_state_are_drawn_while_music_plays(link, pattern):
    link.configure(pattern)
    link.audio(MUSIC.level, MUSIC.beat, MUSIC.bands)
    live = collect_live(link, 100, 20)
    assert len({event.crc for event in live.events}) > 5, "nothing moves"

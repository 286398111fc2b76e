"""The pattern models against a slow second one, and the laws that patterns keep."""

import zlib

import hil_scalar_reference as plain
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Audio
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.scene import Scene, set_model
from hostkit.hil.variants import LOUD, MUSIC, VARIANTS
from hostkit.link.messages import Tap

DUAL = Geometry((160, 160))
LAST = 2**64 - 1
TICKING = ("pulse", "bloom")

u16 = st.integers(0, 65535)
audios = st.builds(Audio, u16, u16, st.tuples(*[u16] * 8))
strips = st.lists(st.integers(1, 24), min_size=1, max_size=3).map(tuple)
moments = st.one_of(st.integers(0, 10**7), st.integers(0, LAST), st.sampled_from((0, 7999, 8000, LAST)))


@st.composite
def parameters(draw, pattern):
    return {
        p.name: draw(
            st.one_of(st.sampled_from((p.minimum, p.maximum, p.default)), st.integers(p.minimum, p.maximum))
        )
        for p in pattern.parameters
    }


def linear(name, times, *, params=None, seed=0, audio=MUSIC, geometry=DUAL):
    model = GoldenController(geometry)
    model.audio(audio)
    model.configure(name, seed, params or {})
    return model.render(times).taps.linear


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_model_equals_the_specification_read_line_by_line(name, data):
    lengths = data.draw(strips)
    values = data.draw(parameters(PATTERNS[name]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    model = GoldenController(Geometry(lengths))
    model.configure(name, seed, values)
    reference = plain.Reference(name, values, seed, lengths)
    for time, audio in data.draw(st.lists(st.tuples(moments, audios), min_size=1, max_size=4)):
        model.audio(audio)
        wanted = [colour for strip in reference.draw(time, audio) for colour in strip]
        assert model.step(time).taps.linear[0].tolist() == [list(colour) for colour in wanted]


@pytest.mark.parametrize("name", PATTERNS)
def test_many_frames_at_once_are_the_same_as_one_after_the_other(name):
    times = [0, 5000, 8000, 100_000, 99_999, 20_000_000, 3]
    together = linear(name, times, seed=6)
    model = GoldenController(DUAL)
    model.audio(MUSIC)
    model.configure(name, 6)
    for index, time in enumerate(times):
        assert (model.step(time).taps.linear[0] == together[index]).all()


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "lava"])  # no palette has black
def test_a_pattern_with_every_colour_black_and_no_light_is_black(name):
    dark = {
        p.name: 0
        for p in PATTERNS[name].parameters
        if p.name
        in ("colour", "back", "inner", "outer", "low", "high", "value", "floor", "idle", "spark", "variety")
    }
    assert not linear(name, [0, 777_777], params=dark, audio=Audio()).any()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_moves_unless_it_is_meant_to_stand(name):
    frames = linear(name, [16_000, 1_016_000])
    assert (frames[0] != frames[1]).any() == (name not in ("solid", "gradient"))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("gradient", {"period": 900}),
        ("spectrum", {}),
        ("pulse", {}),
        ("bloom", {}),
        ("lava", {}),
        ("rainbow", {"centre": 1}),
    ],
)
@pytest.mark.parametrize("lengths", [(160, 160), (7,), (8, 1, 33)])
def test_a_centred_pattern_is_the_same_on_both_sides(name, params, lengths):
    geometry = Geometry(lengths)
    frames = linear(name, [0, 80_000, 2_222_222], params=params, geometry=geometry)
    for part in geometry.slices:
        assert (frames[:, part] == frames[:, part][:, ::-1]).all()


@pytest.mark.parametrize(
    ("name", "period_ms"),
    [
        ("breathe", 4000),
        ("rainbow", 6000),
        ("wave", 9600),
        ("gradient", 700),
        ("comet", 2000),
        ("chase", 2000),
    ],
)
def test_a_periodic_pattern_comes_back_after_its_period(name, period_ms):
    params = {"gradient": {"period": 700}, "chase": {"speed": 12, "width": 3, "space": 5}}.get(name, {})
    times = [0, 123_456, 333_333]
    later = [time + period_ms * 1000 for time in times]
    assert (linear(name, times, params=params) == linear(name, later, params=params)).all()


@pytest.mark.parametrize("name", ["comet", "chase", "twinkle", "lava", "wave", "rainbow"])
def test_a_dropped_second_strip_would_show(name):
    frame = linear(name, [1_000_000])[0]
    assert (frame[:160] != frame[160:]).any()


@pytest.mark.parametrize("name", TICKING)
def test_the_frame_rate_does_not_matter_while_the_audio_stays(name):
    fast = linear(name, range(0, 2_000_001, 1000), seed=3)
    slow = linear(name, range(0, 2_000_001, 50_000), seed=3)
    assert (fast[::50] == slow).all()


@pytest.mark.parametrize("name", TICKING)
def test_going_back_in_time_plays_again_from_the_start(name):
    frames = linear(name, [500_000, 3_000_000, 500_000, 0], seed=3)
    assert (frames[0] == frames[2]).all()
    assert (frames[3] == linear(name, [0])[0]).all()


@pytest.mark.parametrize("name", TICKING)
def test_a_jump_plays_only_the_last_1024_ticks(name):
    ticks = 1024
    at_once = linear(name, [8000 * ticks], seed=3)[0]
    stepped = linear(name, [8000 * 512, 8000 * ticks], seed=3)[1]
    assert (at_once == stepped).all()
    further = linear(name, [8000 * 1_000_000], seed=3)[0]
    assert further.any()
    assert (further == linear(name, [1, 8000 * 1_000_000 + 7999], seed=3)[1]).all()


@pytest.mark.parametrize("name", TICKING)
def test_the_light_goes_out_when_the_music_stops(name):
    model = GoldenController(DUAL)
    model.configure(name, 0, {"idle": 0, "back": 0})
    model.audio(LOUD)
    assert model.step(800_000).taps.linear.max() > 30_000
    model.audio(Audio())
    assert model.step(30_000_000).taps.linear.max() == 0


def test_a_beat_starts_a_ring_that_travels_outwards():
    model = GoldenController(DUAL)
    model.configure("pulse", 0, {"back": 0, "gap": 2000, "speed": 100})
    model.audio(Audio(0, 65535))
    model.step(8000)
    model.audio(Audio())
    peaks = [
        int(model.step(8000 + t).taps.linear[0, 80:160].sum(axis=1).argmax())
        for t in range(0, 600_000, 80_000)
    ]
    assert peaks == sorted(peaks)
    assert peaks[-1] > 40


def test_a_beat_below_the_threshold_starts_nothing():
    below, at = Audio(0, 100 * 257 - 1), Audio(0, 100 * 257)
    params = {"back": 0, "threshold": 100}
    assert not linear("pulse", [8000], params=params, audio=below).any()
    assert linear("pulse", [8000], params=params, audio=at).any()


def test_each_band_of_the_spectrum_lights_its_own_place():
    for band in range(8):
        bands = tuple(65535 if b == band else 0 for b in range(8))
        frame = linear("spectrum", [0], params={"floor": 0, "drift": 0}, audio=Audio(0, 0, bands))[0, 80:160]
        assert abs(int(frame.max(axis=1).argmax()) - band * 79 // 7) <= 1


def test_a_comet_on_the_second_strip_runs_the_other_way():
    frames = linear("comet", [0, 200_000, 700_000])
    assert (frames[:, :160] == frames[:, 160:][:, ::-1]).all()


def test_a_bouncing_comet_shows_the_same_on_its_way_back():
    params = {"bounce": 1, "speed": 100, "tail": 1, "mirror": 0}
    there, back = linear("comet", [590_000, 2_590_000], params=params)  # LED 59, then 159 - 100
    assert int(there[:160].sum(axis=1).argmax()) == int(back[:160].sum(axis=1).argmax()) == 59


def test_the_density_of_stars_is_what_was_asked_for():
    params = {"back": 0, "density": 128, "period": 1000}
    frames = linear("twinkle", range(0, 60_000_000, 1_000_000), params=params)
    assert 0.45 < frames.any(axis=2).mean() < 0.55


def test_unknown_and_wild_parameters_are_told():
    model = GoldenController(DUAL)
    values, flagged = model.configure("comet", 0, {"tail": 9999, "speed": 1, "wings": 2, "count": -4})
    assert values["tail"] == 512
    assert values["count"] == 1
    assert flagged == ["tail", "count", "?wings"]


@pytest.mark.parametrize(
    "audio", [{"level": 65536}, {"beat": -1}, {"bands": (0,) * 7}, {"bands": (0,) * 7 + (70_000,)}]
)
def test_audio_that_the_link_cannot_carry_is_refused(audio):
    with pytest.raises(ValueError, match="audio is ten numbers"):
        Audio(**audio)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_run_gives_every_frame_and_a_crc_for_each(name):
    model = GoldenController(DUAL)
    model.configure(name)
    frames = model.run(0, 16_667, 200)
    assert frames.taps.frame.shape == (200, 320, 3)
    for tap in Tap:
        crcs = frames.crcs(tap)
        assert len(crcs) == 200
        for index in (0, 199):
            sent = b"".join(frames.strip(tap, strip, index) for strip in (0, 1))
            assert crcs[index] == frames.crc(tap, index) == zlib.crc32(sent)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", PATTERNS)
def test_every_variant_is_a_scene_inside_the_ranges(name, variant):
    scene = VARIANTS[variant](PATTERNS[name])
    _, flagged = GoldenController(DUAL).configure(scene.pattern, scene.seed, scene.params)
    assert flagged == []
    assert 1 <= scene.count <= 256
    assert scene == VARIANTS[variant](PATTERNS[name])


def test_the_times_of_a_scene_wrap_at_64_bits():
    scene = Scene("solid", start_us=LAST - 5, step_us=10)
    assert [scene.time_us(index) for index in range(3)] == [LAST - 5, 4, 14]


def test_a_scene_says_what_is_not_usual():
    assert str(Scene("solid")) == "solid (seed 0)"
    said = str(Scene("comet", {"tail": 3}, 9, LOUD))
    assert "seed 9" in said
    assert "tail=3" in said
    assert "audio level 65535" in said


def test_a_controller_keeps_audio_and_output_over_configure():
    model = GoldenController(DUAL)
    set_model(model, Scene("spectrum", audio=LOUD))
    loud = model.step(0).taps.linear.copy()
    model.configure("solid")
    model.configure("spectrum")
    assert np.array_equal(model.step(0).taps.linear, loud)
    assert model.output(999, 70_000) == (255, 65_535)
    assert model.output(-1, -1) == (0, 0)

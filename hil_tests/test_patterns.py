"""Every pattern draws what its model says, bit for bit."""

from dataclasses import replace

import pytest

from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.hil.variants import MUSIC, VARIANTS
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("rendered")

CENTRED = {
    "gradient": {},
    "rainbow": {"centre": 1},
    "lava": {"mirror": 1},
    "spectrum": {},
    "pulse": {},
    "bloom": {},
}
TICKING = ("pulse", "bloom")
DIFFERENT_STRIPS = ("comet", "chase", "twinkle", "lava", "wave", "rainbow")
MOMENT_US = 2_000_000


@pytest.mark.parametrize("variant", VARIANTS)
def test_200_frames_equal_the_model(board, pattern, variant):
    board.must_draw(VARIANTS[variant](board.patterns[pattern]))


def test_what_is_drawn_equals_the_model_before_any_rounding_to_8_bits(board, pattern):
    scene = VARIANTS["mixed"](board.patterns[pattern])
    for tap in (Tap.LINEAR, Tap.GAMMA, Tap.LIMITED):
        board.must_draw(replace(scene, count=20), tap)


def test_the_same_request_draws_the_same_frames_whatever_came_between(board, link, pattern):
    first = board.sampled(replace(VARIANTS["mixed"](board.patterns[pattern]), count=50))
    other = board.sampled(replace(VARIANTS["defaults"](board.patterns[pattern]), count=50))
    crcs = []
    for scene in (first, other, first):
        set_board(link, scene)
        crcs.append(link.run(scene.start_us, scene.step_us, scene.count))
    assert crcs[0] == crcs[2]


def test_a_reset_of_the_state_is_as_good_as_a_new_start(board, link, pattern):
    scene = board.sampled(replace(VARIANTS["defaults"](board.patterns[pattern]), count=50))
    set_board(link, scene)
    link.reset_state()
    first = link.run(0, scene.step_us, scene.count)
    link.reset_state()
    assert link.run(0, scene.step_us, scene.count) == first


@pytest.mark.parametrize("pattern", CENTRED)
def test_both_halves_of_a_centred_pattern_mirror_each_other(board, pattern):
    board.draw(Scene(pattern, CENTRED[pattern], 5, MUSIC, start_us=MOMENT_US))
    for pixels in board.read(Tap.LINEAR).all_pixels:
        assert pixels.max() > 0
        assert (pixels == pixels[::-1]).all()


@pytest.mark.parametrize("pattern", DIFFERENT_STRIPS)
def test_the_strips_differ_where_they_should(board, pattern):
    board.draw(Scene(pattern, start_us=MOMENT_US))
    first, second = board.read(Tap.FRAME).all_pixels
    assert (first != second).any()


def test_silence_gives_frames_that_can_be_seen(board, pattern):
    board.draw(Scene(pattern, start_us=MOMENT_US))
    for pixels in board.read(Tap.FRAME).all_pixels:
        assert pixels.max() > 0


@pytest.mark.parametrize("pattern", TICKING)
def test_time_that_goes_backwards_plays_again_from_the_start(board, link, pattern):
    scene = Scene(pattern, seed=4, audio=MUSIC)
    board.draw(scene)
    first = link.step(400_000).crc
    link.step(MOMENT_US)
    assert link.step(400_000).crc == first


@pytest.mark.parametrize("forget", ["reset_state", "configure"])
@pytest.mark.parametrize("pattern", TICKING)
def test_nothing_of_before_is_left_in_the_state(board, link, golden, pattern, forget):
    """Time stands still here: a step back in time would forget as well."""
    board.draw(Scene(pattern, seed=4, audio=MUSIC, start_us=MOMENT_US))
    if forget == "configure":
        link.configure(pattern, 4)
    link.audio(0, 0, (0,) * 8)
    if forget == "reset_state":
        link.reset_state()
    set_model(golden, Scene(pattern, seed=4))
    assert link.step(MOMENT_US).crc == golden.step(MOMENT_US).crc(Tap.FRAME)


def test_the_seed_matters_where_chance_does(board, link):
    for pattern in ("twinkle", "lava", "bloom"):
        crcs = set()
        for seed in (0, 1, 0xFFFFFFFF):
            set_board(link, Scene(pattern, seed=seed, audio=MUSIC))
            crcs.add(link.step(MOMENT_US).crc)
        assert len(crcs) == 3, pattern

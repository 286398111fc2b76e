"""Laws that frames obey whatever the model says: read from the board alone, one frame against another."""

import zlib
from itertools import pairwise

import pytest

from hostkit.hil.golden.pipeline import Output
from hostkit.hil.scene import Scene, set_board
from hostkit.hil.variants import LOUD, MUSIC
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("rendered")

MOMENT_US = 1_357_911

# Patterns that paint in the colours they are given: with channels exchanged, so is what they draw.
PAINTERS = ("solid", "gradient", "breathe", "comet", "chase", "twinkle", "wave", "pulse")
SAME_ON_BOTH_STRIPS = ("solid", "gradient", "breathe", "spectrum", "pulse", "bloom")
WITHOUT_CHANCE = ("solid", "gradient", "breathe", "comet", "chase", "wave", "rainbow", "spectrum")

# Parameters with which a pattern is back where it was after so many microseconds.
PERIODS_US = {
    "gradient": ({"period": 2_000}, 2_000_000),
    "breathe": ({"period": 3_000, "lag": 90}, 3_000_000),
    "comet": ({"speed": 1_000, "count": 3}, 160_000),
    "chase": ({"speed": 8, "width": 3, "space": 5}, 1_000_000),
    "wave": ({"period": 2_000}, 6_000_000),
    "rainbow": ({"period": 2_000}, 2_000_000),
    "spectrum": ({"drift": 2_000}, 2_000_000),
}
# Parameters with which everything has moved on by one LED after so many microseconds.
ONE_LED_US = {
    "comet": ({"speed": 20, "mirror": 0}, 50_000),
    "chase": ({"speed": 10}, 100_000),
    "rainbow": ({"span": 128, "period": 2_560}, 20_000),
}
# Parameters with which a pattern has no light to give, in silence.
BLACK = {
    "solid": {"colour": 0},
    "gradient": {"inner": 0, "outer": 0},
    "breathe": {"colour": 0},
    "comet": {"colour": 0, "spark": 0},
    "chase": {"colour": 0, "back": 0},
    "twinkle": {"colour": 0, "back": 0, "variety": 0},
    "wave": {"low": 0, "high": 0},
    "rainbow": {"value": 0},
    "spectrum": {"floor": 0},
    "pulse": {"colour": 0, "back": 0, "variety": 0},
    "bloom": {"idle": 0},
}
FAINTEST = 21  # of 255: the least that gamma 2.2 leaves at 1 of 255, 255 (21/255)^2.2 = 1.05


def drawn(board, scene, tap=Tap.FRAME):
    board.draw(scene)
    return board.read(tap).all_pixels


def test_more_brightness_is_never_darker(board, link, pattern):
    board.draw(Scene(pattern, audio=LOUD, start_us=MOMENT_US))
    seen = []
    for brightness in board.some((0, 1, 2, 5, 13, 33, 64, 96, 128, 170, 211, 254, 255)):
        link.output(brightness)
        link.step(MOMENT_US)
        seen.append((brightness, board.read(Tap.FRAME).all_pixels))
    for (less, darker), (more, brighter) in pairwise(seen):
        for below, above in zip(darker, brighter, strict=True):
            assert (below <= above).all(), f"brightness {more} is darker than {less}"


def test_a_higher_limit_is_never_darker_and_none_is_exceeded(board, link, profile, pattern):
    board.draw(Scene(pattern, audio=LOUD, start_us=MOMENT_US))
    seen = []
    for limit in board.some((321, 400, 555, 1_000, 2_000, 3_333, 6_000, 12_000, 0)):
        link.output(255, limit)
        taken = link.step(MOMENT_US).ma
        assert not limit or taken <= max(limit, profile.leds)
        seen.append((limit, taken, board.read(Tap.FRAME).all_pixels))
    for (_, less, darker), (limit, more, brighter) in pairwise(seen):
        assert less <= more
        for below, above in zip(darker, brighter, strict=True):
            assert (below <= above).all(), f"a limit of {limit} mA is darker than a lower one"


@pytest.mark.parametrize("pattern", PAINTERS)
@pytest.mark.parametrize("order", [(1, 2, 0), (1, 0, 2)], ids=["turned", "red-and-green"])
def test_exchanged_channels_in_the_colours_are_exchanged_in_the_frame(board, pattern, order):
    colours = {p.name: p.default for p in board.patterns[pattern].parameters if p.maximum == 0xFFFFFF}
    exchanged = {}
    for name, colour in colours.items():
        channels = colour.to_bytes(3, "big")
        exchanged[name] = int.from_bytes(bytes(channels[place] for place in order), "big")
    first = drawn(board, Scene(pattern, colours, 3, MUSIC, start_us=MOMENT_US))
    second = drawn(board, Scene(pattern, exchanged, 3, MUSIC, start_us=MOMENT_US))
    for one, other in zip(first, second, strict=True):
        assert one.any()
        assert (one[:, order] == other).all()


@pytest.mark.parametrize("pattern", PERIODS_US)
def test_a_pattern_is_back_where_it_was_after_its_period(board, link, profile, pattern):
    params, period_us = PERIODS_US[pattern]
    if pattern == "comet":  # its way is as long as the strip
        period_us = period_us * profile.longest // 160
    board.draw(Scene(pattern, params, audio=MUSIC))
    for time_us in board.some([0, 1, 77_777, MOMENT_US, (1 << 32) + 5, (1 << 40) + 99_999]):
        now, later = link.step(time_us).crc, link.step(time_us + period_us).crc
        assert now == later, f"at {time_us} us and {period_us} us later"
        assert link.step(time_us + period_us // 3).crc != now, "it stands still"


@pytest.mark.parametrize("pattern", ONE_LED_US)
def test_what_moves_has_moved_one_led_when_it_must_have(board, pattern):
    params, later_us = ONE_LED_US[pattern]
    before = drawn(board, Scene(pattern, params, start_us=MOMENT_US))
    after = drawn(board, Scene(pattern, params, start_us=MOMENT_US + later_us))
    for was, now in zip(before, after, strict=True):
        assert (was[:-1] == now[1:]).all()
        assert (was[0] != was[1]).any() or (was != was[0]).any()


@pytest.mark.parametrize("pattern", SAME_ON_BOTH_STRIPS)
def test_strips_that_must_be_the_same_are(board, pattern):
    first, *others = drawn(board, Scene(pattern, audio=MUSIC, start_us=MOMENT_US))
    assert all((strip == first).all() for strip in others)


def test_a_mirrored_comet_runs_the_other_way_on_the_second_strip(board):
    first, *others = drawn(board, Scene("comet", {"mirror": 1}, start_us=MOMENT_US))
    assert all((strip == first[::-1]).all() for strip in others[:1])
    assert (first != first[::-1]).any()


@pytest.mark.parametrize("pattern", WITHOUT_CHANCE)
def test_the_seed_changes_nothing_where_there_is_no_chance(board, link, pattern):
    crcs = set()
    for seed in (0, 1, 0xFFFFFFFF):
        set_board(link, Scene(pattern, seed=seed, audio=MUSIC))
        crcs.add(link.step(MOMENT_US).crc)
    assert len(crcs) == 1


@pytest.mark.parametrize("pattern", BLACK)
def test_black_stays_black(board, link, profile, pattern):
    black = zlib.crc32(bytes(3 * profile.leds))
    for output in board.some((Output(), Output(77, 1_000)), 1):
        scene = board.sampled(Scene(pattern, BLACK[pattern], 9, output=output, step_us=71_003, count=60))
        current = board.draw(scene)
        assert set(link.run(scene.start_us, scene.step_us, scene.count)) == {black}
        assert current == profile.leds, "an idle LED takes 1 mA"


def test_a_black_channel_stays_black_and_no_light_is_lost_but_by_rounding(board):
    """One channel of all brightnesses, one black: each tap is dark where the one before it is."""
    for output in board.some((Output(), Output(96), Output(20), Output(255, 1_000), Output(33, 700))):
        board.draw(Scene("gradient", {"inner": 0x000005, "outer": 0xFF0080, "curve": 0}, output=output))
        taps = [board.read(tap).all_pixels for tap in (Tap.LINEAR, Tap.GAMMA, Tap.LIMITED, Tap.FRAME)]
        for linear, gamma, limited, frame in zip(*taps, strict=True):
            assert not frame[:, 1].any(), "green was never lit"
            assert not gamma[linear == 0].any()
            assert not limited[gamma == 0].any()
            assert (limited <= gamma).all()
            assert ((frame > 0) == (limited >= 257)).all(), "one of 255 is 257 of 65535"


def test_light_above_the_threshold_is_never_rounded_to_black(board, link):
    before = (0, 0)
    for level in board.some(range(256), 6):
        link.configure("solid", 0, {"colour": level * 0x010101})
        link.step(0)
        shown = int(board.read(Tap.FRAME).pixels(0).min())
        assert (shown > 0) == (level >= FAINTEST), f"level {level} is shown as {shown}"
        assert shown >= before[1], f"level {level} is darker than {before[0]}"
        before = (level, shown)


def test_every_led_is_lit_by_the_faintest_light(board):
    faint = FAINTEST * 0x010101
    for pixels in drawn(board, Scene("gradient", {"inner": faint, "outer": 0xFFFFFF})):
        assert pixels.min() == 1
        assert pixels.max() == 255

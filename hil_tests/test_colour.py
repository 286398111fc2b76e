"""Brightness, gamma and the power limit."""

import pytest

from hostkit.hil.golden.pipeline import Output, milliamps
from hostkit.hil.scene import Scene
from hostkit.hil.variants import LOUD
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("rendered")

WHITE = {"colour": 0xFFFFFF}
MOMENT_US = 1_500_000


def test_brightness_0_is_black(board, link, pattern):
    board.draw(Scene(pattern, audio=LOUD, output=Output(0, 0), start_us=MOMENT_US))
    assert all(not any(link.read_tap(Tap.FRAME, strip)) for strip in range(len(board.profile.strips)))


@pytest.mark.parametrize(
    "colour", [0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF, 0x010203, 0x000000], ids="{:06x}".format
)
def test_plain_colours_equal_the_model(board, colour):
    for brightness in (1, 33, 128, 255):
        board.must_draw(Scene("solid", {"colour": colour}, output=Output(brightness, 0), count=1))


@pytest.mark.parametrize("limit", [100, 320, 321, 500, 1000, 2000, 5000, 12_000, 19_000], ids="{}mA".format)
def test_the_power_limit_is_never_exceeded(board, profile, measure, limit):
    idle = profile.leds
    estimated = board.draw(Scene("solid", WHITE, output=Output(255, limit)))
    sent = sum(int(pixels.sum()) for pixels in board.read(Tap.FRAME).all_pixels)
    measure(f"estimated current, limit {limit} mA", estimated, "mA")
    assert estimated == milliamps(sent, profile.leds)
    assert estimated <= max(limit, idle)
    assert estimated > 0.97 * min(limit, 19_000) or limit <= 500, "the limit takes more than it must"


def test_the_power_limit_holds_for_every_pattern(board, link, pattern):
    scene = Scene(pattern, audio=LOUD, output=Output(255, 1200), step_us=130_001, count=31)
    board.draw(scene)
    assert all(link.step(scene.time_us(index)).ma <= 1200 for index in board.some(range(scene.count)))


@pytest.mark.parametrize("limit", [321, 1000, 4000], ids="{}mA".format)
def test_limited_frames_equal_the_model(board, pattern, limit):
    board.must_draw(Scene(pattern, audio=LOUD, output=Output(255, limit), step_us=90_000, count=30))

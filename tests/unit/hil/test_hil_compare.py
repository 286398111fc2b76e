"""A board that is right, and boards that are wrong in one way, held against the model."""

from dataclasses import replace

import numpy as np
import pytest

from hostkit.hil.compare import MismatchError, Subject, first_difference
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Audio, stateless
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.scene import Scene
from hostkit.link.messages import Op, Tap
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard
from hostkit.testing.hil_flaws import Flaws

SCENE = Scene("twinkle", seed=5, start_us=40_000, count=60)


def subject(flaws=None, patterns=PATTERNS):
    board = ModelBoard(FakeClock(), flaws or Flaws())
    link = board.open_link()
    return Subject(link, link.hello(), lambda: GoldenController(Geometry((160, 160)), patterns))


@pytest.mark.parametrize("tap", Tap)
@pytest.mark.parametrize("pattern", ["rainbow", "pulse", "bloom"])
def test_a_right_board_has_no_difference_at_any_tap(tap, pattern):
    scene = Scene(pattern, seed=2, audio=Audio(9000, 30_000, (60_000,) * 8), count=30)
    assert first_difference(subject(), scene, tap) is None


def test_swapped_colours_on_the_wire_are_found_behind_a_right_frame():
    flaws = Flaws(on_wire=lambda strips: [pixels[:, (1, 0, 2)] for pixels in strips])
    assert first_difference(subject(flaws), SCENE) is None
    found = first_difference(subject(flaws), SCENE, Tap.WIRE)
    assert found is not None
    assert found.first is Tap.SYMBOLS
    assert found.cause == "on the wire red and green are swapped: colour order"
    said = str(found).splitlines()
    assert said[0] == "twinkle: tap symbols differs from the model: " + found.cause
    assert "twinkle (seed 5), frame 0 at 40000 us" in said[1]
    assert "compared: wire; first wrong tap: symbols (linear, gamma, limited, frame are right)" in said[2]
    assert "strip 0, LED 0: expected R,G,B (" in said[3]
    assert "strip 0, word " in said[4]


def test_the_first_wrong_led_is_named_with_both_colours():
    def wrong(strips):
        changed = [pixels.copy() for pixels in strips]
        changed[1][17] = (1, 2, 3)
        return changed

    found = first_difference(subject(Flaws(on_frame=wrong)), SCENE)
    assert found is not None
    assert found.first is Tap.FRAME
    assert found.spot is not None
    assert (found.spot.strip, found.spot.led, found.spot.got) == (1, 17, (1, 2, 3))
    assert (found.spot.wrong, found.spot.leds) == (1, 320)


def test_a_dropped_second_strip_is_recognised():
    flaws = Flaws(on_wire=lambda strips: [strips[0], np.zeros_like(strips[1])])
    found = first_difference(subject(flaws), SCENE, Tap.WIRE)
    assert found is not None
    assert "strip 1 is black" in found.cause


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (lambda seed, values, times, audio: (0, values, times, audio), "the seed is ignored"),
        (
            lambda seed, values, times, audio: (seed, {"density": 255}, times, audio),
            "",
        ),
        (lambda seed, values, times, audio: (seed, values, [0] * len(times), audio), "time stands still"),
        (
            lambda seed, values, times, audio: (seed, values, [t + SCENE.step_us for t in times], audio),
            "the frame is one step early",
        ),
        (
            lambda seed, values, times, audio: (seed, values, [t % 2**32 for t in times], audio),
            "time is cut to 32 bits",
        ),
    ],
)
def test_a_pattern_that_misses_one_input_is_recognised(monkeypatch, changed, cause):
    right = PATTERNS["twinkle"]

    def start(setting):
        def draw(setting, times, audio):
            seed, values, times, audio = changed(setting.seed, dict(setting.values), list(times), audio)
            fixed = replace(setting, seed=seed, values={**setting.values, **values})
            return right.start(fixed).draw(times, audio)

        return stateless(draw)(setting)

    board = ModelBoard(FakeClock())
    board.firmware._model.patterns = {**PATTERNS, "twinkle": replace(right, start=start)}
    link = board.open_link()
    checked = Subject(link, link.hello(), lambda: GoldenController(Geometry((160, 160))))
    scene = replace(SCENE, start_us=(1 << 32) + 40_000 if "32 bits" in cause else SCENE.start_us)
    found = first_difference(checked, scene)
    assert found is not None
    assert found.first is Tap.LINEAR
    assert cause in found.cause


def test_parameters_with_another_default_are_named_before_any_pixel():
    board = ModelBoard(FakeClock())
    first, *others = PATTERNS["comet"].parameters
    odd = replace(PATTERNS["comet"], parameters=(replace(first, default=1), *others))
    board.firmware._model.patterns = {**PATTERNS, "comet": odd}
    link = board.open_link()
    checked = Subject(link, link.hello(), lambda: GoldenController(Geometry((160, 160))))
    found = first_difference(checked, Scene("comet"))
    assert found is not None
    assert found.first is None
    assert found.cause == "parameters: names, ranges or defaults"
    assert "the board applied {" in str(found)
    assert "'colour': 1," in found.note.split("the model")[0]


def test_a_board_that_is_right_the_second_time_is_called_not_deterministic():
    runs = []

    def before(firmware, request):
        if request.op in (Op.RUN, Op.STEP):
            runs.append(request)
            firmware.flaws.on_frame = (
                (lambda strips: [255 - strips[0], strips[1]]) if len(runs) == 1 else (lambda strips: strips)
            )

    found = first_difference(subject(Flaws(before=before)), SCENE)
    assert found is not None
    assert found.first is None
    assert "not deterministic" in found.note


def test_a_frame_in_the_middle_of_a_run_is_drawn_again_with_its_history():
    """A pattern with a state is only right if the frames before it are drawn as well."""
    scene = Scene("bloom", audio=Audio(40_000, 0, (30_000,) * 8), step_us=40_000, count=50)
    drawn = []

    def before(firmware, request):
        if request.op in (Op.RUN, Op.STEP):
            drawn.append(request.args)

    def late(strips):
        return [255 - strips[0], strips[1]] if any(strips[0][60]) else strips

    found = first_difference(subject(Flaws(on_frame=late, before=before)), scene)
    assert found is not None
    assert found.index > 2
    assert found.first is Tap.FRAME
    assert drawn[1] == (0, 40_000, found.index, 3)
    assert drawn[2] == (40_000 * found.index,)


def test_a_mismatch_is_an_assertion_that_carries_its_difference():
    flaws = Flaws(on_wire=lambda strips: [strips[1], strips[0]])
    found = first_difference(subject(flaws), SCENE, Tap.WIRE)
    assert found is not None
    error = MismatchError(found)
    assert error.difference is found
    assert "the strips are swapped" in str(error)

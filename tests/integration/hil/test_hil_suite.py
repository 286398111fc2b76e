"""The suite itself: green on a board that is right, red for the right reason on boards that are not."""

from dataclasses import replace

import numpy as np
import pytest

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.observations import Outcome
from hostkit.hil.scene import set_model
from hostkit.hil.variants import VARIANTS
from hostkit.link.messages import Op
from hostkit.store.model import Rung
from hostkit.testing.hil_flaws import Flaws

pytest_plugins = ["pytester"]


def test_the_whole_suite_passes_on_a_board_that_is_right(suite, failed):
    # A slow one: what is left out is tried on a virtual board.
    slow = BoardSpec("model", Kind.VIRTUAL, Chip.ESP32, "02:00:00:00:00:01", frames=25)
    seen = suite(Flaws(), spec=slow)
    soaked = [test for test in seen.tests if test.rung == Rung.SOAKED.word]
    assert {test.outcome for test in soaked} == {Outcome.SKIPPED}
    assert failed(seen) == {test.test.split("::")[1] for test in soaked}
    assert seen.collected == len(seen.tests) > 400
    assert seen.summary is not None
    assert seen.summary.exit_code == 0
    assert {test.rung for test in seen.tests} == {r.word for r in Rung if r >= Rung.BOOTED}
    measured = {m.name: m for test in seen.tests for m in test.measurements}
    assert measured["highest live rate"].unit == "Hz"
    assert measured["physical floor"].value == 5100


def test_swapped_colours_on_the_wire_are_seen_on_the_wire_only(suite):
    swapped = Flaws(on_wire=lambda strips: [pixels[:, (1, 0, 2)] for pixels in strips])
    seen = suite(swapped, "test_identity.py", "test_patterns.py", "test_wire.py")
    bad = [test for test in seen.tests if test.outcome is Outcome.FAILED]
    assert {test.rung for test in bad} == {"wired"}
    assert any("on the wire red and green are swapped: colour order" in test.message for test in bad)


def test_a_second_strip_that_stays_dark_is_seen(suite):
    seen = suite(Flaws(on_wire=lambda strips: [strips[0], np.zeros_like(strips[1])]), "test_wire.py")
    bad = [test.message for test in seen.tests if test.outcome is Outcome.FAILED]
    assert any("strip 1 is black" in message for message in bad)


def test_one_bit_in_one_frame_of_one_pattern_is_seen(suite):
    model = GoldenController(Geometry((160, 160)))
    scene = VARIANTS["defaults"](PATTERNS["comet"])
    set_model(model, scene)
    target = model.run(scene.start_us, scene.step_us, 138).taps.frame[-1, :160]
    led = int(target[:, 2].argmax())

    def one_bit_off(strips):
        if not np.array_equal(strips[0], target):
            return strips
        changed = strips[0].copy()
        changed[led, 2] ^= 1
        return [changed, strips[1]]

    seen = suite(Flaws(on_frame=one_bit_off), "test_patterns.py", select="200_frames and (comet or wave)")
    (bad,) = [test for test in seen.tests if test.outcome is Outcome.FAILED]
    assert bad.test.endswith("test_200_frames_equal_the_model[comet-defaults]")
    assert (
        bad.message == "comet: tap frame differs from the model: no channel is off by more than 1: rounding"
    )
    assert f"frame 137 at {137 * scene.step_us} us" in bad.detail
    assert f"strip 0, LED {led}: expected" in bad.detail
    assert "1 of 320 LEDs differ" in bad.detail


@pytest.mark.parametrize(
    ("change", "test"),
    [
        (lambda event: replace(event, time_us=event.time_us // 4), "test_no_frame_is_faster_than_the_wire"),
        (lambda event: replace(event, transmit_us=900), "test_no_frame_is_faster_than_the_wire"),
        (
            lambda event: event if event.seq % 3 else None,
            "test_frames_come_at_the_asked_rate_or_are_counted_as_dropped",
        ),
        (lambda event: replace(event, crc=7), "test_live_frames_are_those_of_the_model_at_their_own_time"),
        (lambda event: None, "test_silent_audio_still_gives_frames"),
    ],
)
def test_live_frames_that_cannot_be_are_failures(suite, failed, change, test):
    seen = suite(Flaws(on_event=change), "test_live.py")
    assert test in failed(seen)
    assert all(seen_test.outcome is not Outcome.LOST for seen_test in seen.tests)


@pytest.mark.parametrize(
    ("told", "test"),
    [
        ({"profile": "single-60"}, "test_the_firmware_is_made_for_this_board"),
        ({"strips": [[4, 160, "GRB"], [5, 160, "GRB"]]}, "test_the_strips_are_those_of_the_profile"),
        ({"strips": [[5, 160, "RGB"], [4, 160, "RGB"]]}, "test_the_strips_are_those_of_the_profile"),
        ({"reset-us": 50}, "test_the_link_and_the_wire_have_the_agreed_units"),
        ({"features": ["live"]}, "test_the_features_are_known_and_complete"),
    ],
)
def test_a_board_that_is_another_one_is_seen(suite, failed, told, test):
    assert test in failed(suite(Flaws(identity=told), "test_identity.py"))


def test_a_limit_that_does_nothing_is_seen(suite, failed):
    def forget(firmware, request):
        if request.op in (Op.STEP, Op.RUN):
            firmware._model.output(255, 0)

    assert "test_the_power_limit_is_never_exceeded" in failed(
        suite(Flaws(before=forget), "test_colour.py", select="limit")
    )


def test_a_firmware_that_restarts_in_the_middle_fails_the_last_word_too(suite, failed):
    def once(firmware, request):
        if request.op == Op.RUN:
            firmware.flaws.before = lambda *_: None
            firmware.boot("watchdog")

    seen = suite(
        Flaws(before=once),
        "test_patterns.py",
        "test_without_restart.py",
        select="reset_of_the_state or never",
    )
    bad = [test for test in seen.tests if test.outcome is Outcome.FAILED]
    assert bad[0].message == "the firmware restarted by itself: watchdog"
    assert "test_the_firmware_never_restarted_by_itself" in failed(seen)

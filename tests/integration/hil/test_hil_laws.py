"""Every expectation of the rung rendered can turn red: planted faults, and the test that sees each."""

import numpy as np
import pytest

from hostkit.link.messages import Op
from hostkit.testing.hil_flaws import Flaws

pytest_plugins = ["pytester"]


def on_configure(change):
    """Let a change be made to the parameters of every ``configure`` that reaches the firmware."""

    def before(firmware, request):
        if request.op == Op.CONFIGURE:
            change(firmware, request.args[2])

    return Flaws(before=before)


def on_frame(change):
    return Flaws(on_frame=lambda strips: [change(strip, pixels) for strip, pixels in enumerate(strips)])


def stuck_after(limit_us):
    """A clock that never goes back behind the latest time that it was given."""
    latest = [0]

    def change(time_us):
        latest[0] = max(latest[0], time_us)
        return latest[0] if time_us < limit_us else time_us

    return change


def every_nth(count):
    """A frame in so many is the one of a moment later."""
    drawn = [0]

    def change(time_us):
        drawn[0] += 1
        return time_us + 40_000 * (drawn[0] % count == 0)

    return change


def one_short(_firmware, params):
    for name in ("count", "span", "tail", "lag"):
        if params.get(name, 0) > 1:
            params[name] -= 1


def big_is_zero(_firmware, params):
    for name, value in params.items():
        if isinstance(value, int) and value >= 1 << 31:
            params[name] = 0


def half_done(firmware, params):
    if any(type(value) is not int or abs(value) >= 1 << 63 for value in params.values()):
        firmware._model.configure("solid", 0, {})


def first_led_glows(_strip, pixels):
    changed = pixels.copy()
    changed[0] = np.maximum(changed[0], 1)
    return changed


def faint_is_lost(_strip, pixels):
    return np.where(pixels == 1, 0, pixels).astype(np.uint8)


def red_saturates(_strip, pixels):
    return np.minimum(pixels, np.array([180, 255, 255], dtype=np.uint8))


def led_7_is_stuck(_strip, pixels):
    changed = pixels.copy()
    changed[7] = (90, 90, 90)
    return changed


def second_strip_is_turned(strip, pixels):
    return np.roll(pixels, strip, axis=0)


FAULTS = {
    "a corner that is one off": (
        on_configure(one_short),
        "test_corners.py",
        "test_200_frames_of_every_corner_equal_the_model",
    ),
    "an old frame when time goes back": (
        Flaws(on_time=stuck_after(1 << 22)),
        "test_order.py",
        "test_frames_asked_for_in_any_order_are_the_same",
    ),
    "one frame in 90 is another": (
        Flaws(on_time=every_nth(90)),
        "test_order.py",
        "test_the_same_times_give_the_same_frames_at_any_frame_rate",
    ),
    "brightness 254 is half": (
        Flaws(on_output=lambda brightness, limit: (127 if brightness == 254 else brightness, limit)),
        "test_laws.py",
        "test_more_brightness_is_never_darker",
    ),
    "a limit of 12 A is cut to 13 bits": (
        Flaws(on_output=lambda brightness, limit: (brightness, limit & 0x1FFF)),
        "test_laws.py",
        "test_a_higher_limit_is_never_darker_and_none_is_exceeded",
    ),
    "no limit": (
        Flaws(on_output=lambda brightness, _limit: (brightness, 0)),
        "test_laws.py",
        "test_a_higher_limit_is_never_darker_and_none_is_exceeded",
    ),
    "red saturates": (
        on_frame(red_saturates),
        "test_laws.py",
        "test_exchanged_channels_in_the_colours_are_exchanged_in_the_frame",
    ),
    "time is 0.1 % slow": (
        Flaws(on_time=lambda time_us: time_us * 999 // 1000),
        "test_laws.py",
        "test_a_pattern_is_back_where_it_was_after_its_period",
    ),
    "time stands still": (
        Flaws(on_time=lambda _time_us: 5),
        "test_laws.py",
        "test_a_pattern_is_back_where_it_was_after_its_period",
    ),
    "an LED is stuck": (
        on_frame(led_7_is_stuck),
        "test_laws.py",
        "test_what_moves_has_moved_one_led_when_it_must_have",
    ),
    "the second strip is one LED off": (
        on_frame(second_strip_is_turned),
        "test_laws.py",
        "test_strips_that_must_be_the_same_are",
    ),
    "the second strip is one LED off, mirrored": (
        on_frame(second_strip_is_turned),
        "test_laws.py",
        "test_a_mirrored_comet_runs_the_other_way_on_the_second_strip",
    ),
    "the first LED glows": (on_frame(first_led_glows), "test_laws.py", "test_black_stays_black"),
    "the first LED glows in a dark channel": (
        on_frame(first_led_glows),
        "test_laws.py",
        "test_a_black_channel_stays_black_and_no_light_is_lost_but_by_rounding",
    ),
    "faint light is lost": (
        on_frame(faint_is_lost),
        "test_laws.py",
        "test_light_above_the_threshold_is_never_rounded_to_black",
    ),
    "faint light is lost on a gradient": (
        on_frame(faint_is_lost),
        "test_laws.py",
        "test_every_led_is_lit_by_the_faintest_light",
    ),
    "faint light is lost after the limit": (
        on_frame(faint_is_lost),
        "test_laws.py",
        "test_a_black_channel_stays_black_and_no_light_is_lost_but_by_rounding",
    ),
    "a big number becomes the least": (
        on_configure(big_is_zero),
        "test_odd_parameters.py",
        "test_odd_parameters_are_clamped_and_flagged_or_refused_and_change_nothing",
    ),
}


# Of tests that run for every pattern, some will do here.
NARROWED = {
    "test_200_frames_of_every_corner_equal_the_model": "comet and seed-00000000",
    "test_frames_asked_for_in_any_order_are_the_same": "comet or pulse",
    "test_more_brightness_is_never_darker": "gradient or pulse",
    "test_a_higher_limit_is_never_darker_and_none_is_exceeded": "solid or rainbow",
    "test_odd_parameters_are_clamped_and_flagged_or_refused_and_change_nothing": "comet or wave",
}


def selecting(test):
    return f"{test} and ({NARROWED[test]})" if test in NARROWED else test


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen_by_the_test_that_looks_for_it(suite, failed, fault):
    flaws, file, test = FAULTS[fault]
    assert failed(suite(flaws, file, select=selecting(test))) == {test}


def test_a_seed_that_shifts_time_is_seen_where_chance_has_no_part(suite, failed):
    flaws = Flaws()

    def before(_firmware, request):
        if request.op == Op.CONFIGURE:
            flaws.on_time = lambda time_us, seed=request.args[1]: time_us + seed % 2 * 250_000

    flaws.before = before
    test = "test_the_seed_changes_nothing_where_there_is_no_chance"
    assert failed(suite(flaws, "test_laws.py", select=test)) == {test}


def test_a_refused_setting_that_is_half_done_is_seen(suite, failed):
    test = "test_odd_parameters_are_clamped_and_flagged_or_refused_and_change_nothing"
    seen = suite(on_configure(half_done), "test_odd_parameters.py", select=selecting(test))
    assert failed(seen) == {test}
    assert any("after {" in each.message for each in seen.tests)

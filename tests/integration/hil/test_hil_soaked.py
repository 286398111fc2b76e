"""What the soak's tests see: each planted fault turns the test red that it should."""

from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.hil.duration import SOAKED_FOR
from hostkit.hil.observations import Outcome, read_observations
from hostkit.link.messages import Op
from hostkit.testing.hil_board import ModelBench, ModelBoard
from hostkit.testing.hil_flaws import Flaws

pytest_plugins = ["pytester"]

SOAK = Path(__file__).parents[3] / "hil_tests" / "test_soak.py"


SHORT = ("--soak=0.4s", "--soak-seed=7")
"""A seed of its own, as the third scene of some is too dim for the fault planted in it to be seen."""


@pytest.fixture
def soak(pytester, tmp_path, monkeypatch):
    """Soak a model board with a fault for a moment; return pytest's result and what was seen, by test."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(before=lambda _firmware, _request: None, *, asked=SHORT, **flaws):
        path = tmp_path / "obs.jsonl"
        board = ModelBoard(SystemClock(), Flaws(before=before, **flaws))
        result = pytester.runpytest_inprocess(
            str(SOAK),
            *("-p", "hostkit.hil.plugin", "-p", "pytest_timeout"),
            "--board=model",
            f"--observations={path}",
            *asked,
            plugins=[ModelBench(board)],
        )
        seen = read_observations(path).tests if path.exists() else ()
        return result, {test.test.split("::")[1]: test for test in seen}

    return run


DRAWN = "test_every_scene_is_drawn_as_the_model_draws_it"


def test_a_board_that_is_right_passes_and_says_how_long_it_took(soak):
    result, seen = soak()
    assert {test.outcome for test in seen.values()} == {Outcome.PASSED}
    numbers = seen[DRAWN].numbers
    assert numbers[f"{SOAKED_FOR} [s]"] >= 0.4
    assert numbers["soak seed"] == 7
    assert seen[DRAWN].seconds >= numbers[f"{SOAKED_FOR} [s]"]
    result.stdout.fnmatch_lines(["soak 0:00 of 0:00: * scenes, * frames as the model's"])


def test_without_being_asked_it_does_not_soak(soak):
    _, seen = soak(asked=())
    assert {test.outcome for test in seen.values()} == {Outcome.SKIPPED}
    assert {test.message for test in seen.values()} == {"no soak was asked for: say --soak 10m"}


def test_a_wrong_duration_is_refused_before_anything_runs(soak):
    result, seen = soak(asked=("--soak=soon",))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not seen
    result.stderr.fnmatch_lines(["*--soak: 'soon' is no duration (such as 30s, 10m or 1h30m)"])


def wrong_in_the_third_scene(firmware, request):
    if request.op == Op.RUN and firmware.executed.count(Op.RUN) == 3:
        firmware._model.output(1, 0)


def leaks(firmware, _request):
    firmware.heap_min = 1_000_000 - len(firmware.executed)


def hurries(firmware, request):
    if request.op == Op.HELLO:
        firmware.ahead_from = firmware.end.now_us
    firmware._booted_us = 2 * firmware.ahead_from - firmware.end.now_us  # its time goes twice as fast


def breaks_frames(firmware, request):
    firmware._lost += request.op == Op.RUN


def restarts(firmware, request):
    if request.op == Op.RUN and firmware.boots == 1:
        firmware.boot("watchdog")


@pytest.mark.parametrize(
    ("plant", "test", "said"),
    [
        (wrong_in_the_third_scene, DRAWN, "differs from the model"),
        (leaks, "test_no_memory_is_lost", "the least free heap sank"),
        (hurries, "test_the_devices_clock_goes_as_the_hosts", "its clock is fast by at least"),
        (breaks_frames, "test_nothing_is_lost_in_silence", "assert "),
        (restarts, DRAWN, "the firmware restarted by itself: watchdog"),
        (restarts, "test_it_never_restarts", "the firmware restarted by itself: watchdog"),
    ],
)
def test_a_planted_fault_is_a_failure(soak, plant, test, said):
    _, seen = soak(plant)
    assert seen[test].outcome is Outcome.FAILED, seen[test].detail
    assert said in seen[test].message


def test_events_that_vanish_are_seen(soak):
    _, seen = soak(on_event=lambda event: event if event.seq % 9 else None)
    assert seen["test_nothing_is_lost_in_silence"].outcome is Outcome.FAILED
    assert "no counter knew of" in seen["test_nothing_is_lost_in_silence"].message


def test_a_soak_that_failed_is_not_run_again_by_the_next_test(soak):
    count = []

    def lost(firmware, request):
        count.append(request.op)
        firmware.mute = firmware.mute or request.op == Op.RUN

    _, seen = soak(lost)
    assert seen[DRAWN].outcome is Outcome.LOST
    assert count.count(Op.RUN) == 1

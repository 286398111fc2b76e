"""How a step ended, from its exit code and its own words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.jobs.model import Outcome, Step
from hostkit.jobs.reading import read_ending, read_json, read_left_behind

GATE = {
    "verdict": "pass",
    "exit_code": 0,
    "reasons": ["440 tests passed"],
    "stopped_at": None,
    "counts": {"passed": 440},
    "identity": "b" * 64,
    "evidence": "/p/.hostkit/runs/r",
}


def said(**changes: object) -> str:
    return json.dumps(GATE | changes)


def test_a_gate_s_own_record_says_verdict_reason_evidence_and_what_the_board_runs() -> None:
    ending = read_ending(Step.GATE, 0, said(), "")
    assert (ending.outcome, ending.reason) == (Outcome.PASS, "440 tests passed")
    assert (ending.evidence, ending.runs, ending.board_fault) == ("/p/.hostkit/runs/r", "b" * 64, False)


def test_a_gate_on_several_boards_says_of_each_that_was_asked_what_it_runs() -> None:
    told = said(identities={"virt0": "b" * 64, "virt1": None})
    assert read_ending(Step.GATE, 0, told, "").each_runs == (("virt0", "b" * 64),)
    assert read_ending(Step.GATE, 0, said(identities=[]), "").each_runs == ()


def test_a_flash_says_what_the_firmware_said_and_not_which_chip_it_is() -> None:
    record = '{"build_id": "b1", "identity": {"chip": "esp32"}, "skipped": false}'
    assert read_ending(Step.FLASH, 0, record, "").runs == "b1"
    assert read_ending(Step.BUILD, 0, '{"ok": true, "build_id": "b1"}', "").runs == ""


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, Outcome.PASS),
        (1, Outcome.FAIL),
        (2, Outcome.REFUSED),
        (3, Outcome.INCONCLUSIVE),
        (4, Outcome.INVALID),
        (5, Outcome.INCONCLUSIVE),
        (130, Outcome.INCONCLUSIVE),
        (-9, Outcome.INCONCLUSIVE),
        (77, Outcome.INCONCLUSIVE),
    ],
)
def test_without_words_the_exit_code_speaks(code: int, outcome: Outcome) -> None:
    assert read_ending(Step.BUILD, code, "", "").outcome is outcome


def test_a_verdict_that_is_inconclusive_though_nothing_went_wrong_is_not_tried_again() -> None:
    only_some = said(verdict="inconclusive", reasons=["only a selection ran"])
    ending = read_ending(Step.GATE, 3, only_some, "")
    assert (ending.outcome, ending.board_fault) == (Outcome.UNDECIDED, False)


@pytest.mark.parametrize(
    "how", [{"stopped_at": "flash"}, {"stopped_at": "hil"}, {"counts": {"passed": 3, "lost": 1}}]
)
def test_a_link_that_was_lost_blames_the_board_and_a_build_or_a_tool_does_not(how: dict[str, object]) -> None:
    lost = said(verdict="inconclusive", **how)
    ending = read_ending(Step.GATE, 3, lost, "")
    assert (ending.outcome, ending.board_fault) == (Outcome.INCONCLUSIVE, True)
    assert not read_ending(Step.GATE, 5, lost, "").board_fault
    assert not read_ending(Step.GATE, 3, said(stopped_at="build"), "").board_fault
    assert not read_ending(Step.BUILD, 3, "", "").board_fault


def test_a_board_that_somebody_else_holds_is_busy_and_one_that_is_absent_is_at_fault() -> None:
    at_the_door = said(verdict="inconclusive", stopped_at="lease", reasons=["virt0 is taken"])
    busy = read_ending(Step.GATE, 3, at_the_door, "", held=True)
    assert (busy.outcome, busy.board_fault) == (Outcome.BUSY, False)
    absent = read_ending(Step.GATE, 3, at_the_door, "", held=False)
    assert (absent.outcome, absent.board_fault) == (Outcome.INCONCLUSIVE, True)


def test_a_probe_that_fails_is_the_board_s_fault() -> None:
    assert read_ending(Step.PROBE, 1, "", "error: it does not run what it ran").board_fault
    assert not read_ending(Step.PROBE, 0, "virt0 is well", "").board_fault
    assert not read_ending(Step.PROBE, 5, "", "").board_fault


def test_the_reason_is_looked_for_where_each_verb_says_it() -> None:
    assert read_ending(Step.BUILD, 1, '{"ok": false, "error": "does not fit"}', "").reason == "does not fit"
    log = "[1/2] main\nerror: no such env\n hint: known: virtual\n"
    assert read_ending(Step.FLASH, 2, "", log).reason == "no such env"
    assert read_ending(Step.FLASH, 5, "", "Traceback\nKeyError: 3\n").reason == "KeyError: 3"
    assert read_ending(Step.FLASH, -11, "", "").reason == "ended by signal 11"
    assert read_ending(Step.FLASH, 5, "", "").reason == "exit 5"


def test_a_complete_record_outlives_the_worker_that_should_have_read_it() -> None:
    gate = read_left_behind(Step.GATE, said(verdict="fail", exit_code=1))
    assert gate is not None
    assert (gate.outcome, gate.evidence) == (Outcome.FAIL, "/p/.hostkit/runs/r")
    build = read_left_behind(Step.BUILD, '{"ok": true, "artifact": "/a", "build_id": "b"}')
    assert build is not None
    assert (build.outcome, build.evidence) == (Outcome.PASS, "/a")
    flash = read_left_behind(Step.FLASH, '{"build_id": "b"}')
    assert flash is not None
    assert (flash.outcome, flash.runs) == (Outcome.PASS, "b")


@given(st.integers(0, len(said()) - 1), st.sampled_from(Step))
def test_a_record_that_was_cut_short_says_nothing(length: int, step: Step) -> None:
    assert read_left_behind(step, said()[:length]) is None


@given(st.text(), st.sampled_from(Step), st.integers(-64, 255), st.text())
def test_no_output_whatever_breaks_the_reader(printed: str, step: Step, code: int, log: str) -> None:
    ending = read_ending(step, code, printed, log)
    assert len(ending.reason) <= 300
    assert isinstance(read_json(printed), dict)

"""Crashes in the transcripts of a run: facts, reasons, evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.model import Fidelity
from hostkit.gate.crashes import CRASHES, crash_facts, crashes_in, write_crashes
from hostkit.gate.decide import decide
from hostkit.gate.model import CrashFact, Facts, Rules, Stage, Stop
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Reply, Status, encode_message
from hostkit.link.transcript import Direction, Transcript
from hostkit.store.model import Verdict
from hostkit.testing import crash as texts
from hostkit.testing.clock import FakeClock

HELLO = encode_frame(encode_message(Reply(1, 2, Status.OK, None)))
PANIC = texts.spoken(texts.XTENSA["StoreProhibited"], pc=0x400D1000)
OTHER = texts.spoken(texts.ABORT, pc=0x400D2000)
REASON = "panic: StoreProhibited in hk::draw, firmware/lib/pattern/lava.cpp:42"

Look = Callable[..., tuple[CrashFact, ...]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def run(*received: bytes, answered: bool = True) -> tuple[CrashFact, ...]:
        path = tmp_path / "link.jsonl"
        with Transcript(FakeClock(), path=path) as transcript:
            for data in received:
                transcript.record(Direction.RECEIVED, data)
                transcript.record(Direction.SENT, OTHER)
        decoder = CrashDecoder(tmp_path / "none")
        return crash_facts(Stage.HIL, crashes_in(path, decoder, "", answered=answered))

    return run


def test_a_crash_that_was_cut_over_several_reads_is_found(look: Look) -> None:
    (fact,) = look(HELLO, PANIC[:100], PANIC[100:])
    assert (fact.reason, fact.blames_firmware) == ("panic: StoreProhibited at 0x400d1000", True)


def test_the_same_crash_many_times_is_one_fact_and_another_is_another(look: Look) -> None:
    facts = look(HELLO, OTHER, HELLO, PANIC, HELLO, OTHER, HELLO)
    assert [(fact.reason, fact.times) for fact in facts] == [
        ("abort: abort() was called at 0x400d2000", 2),
        ("panic: StoreProhibited at 0x400d1000", 1),
    ]


def test_what_was_left_over_before_the_first_answer_does_not_count(look: Look) -> None:
    assert look(PANIC[80:], HELLO) == ()
    assert look(PANIC, PANIC[:200], HELLO, b"fine\r\n") == ()
    assert [fact.reason[:5] for fact in look(PANIC, HELLO, OTHER)] == ["abort"]


def test_it_counts_when_no_answer_ever_came_or_the_board_was_reset_for_the_run(look: Look) -> None:
    assert len(look(PANIC)) == 1
    assert len(look(PANIC, HELLO, answered=False)) == 1


def test_a_run_without_a_transcript_saw_no_crash(tmp_path: Path) -> None:
    assert crashes_in(tmp_path / "none.jsonl", CrashDecoder(tmp_path), "", answered=True) == ()


def test_the_evidence_has_registers_and_words(look: Look, tmp_path: Path) -> None:
    look(HELLO, PANIC)
    crashes = crashes_in(tmp_path / "link.jsonl", CrashDecoder(tmp_path / "none"), "", answered=True)
    write_crashes(tmp_path, crashes)
    (record,) = json.loads((tmp_path / CRASHES).read_text())
    assert record["registers"]["PC"] == "0x400d1000"
    assert record["said"] == "StoreProhibited"


FACTS = Facts(fidelity=Fidelity.VIRTUAL, crashes=(CrashFact(Stage.HIL, REASON, True),))


def test_a_crash_is_a_failure_and_the_first_reason() -> None:
    decision = decide(Rules(), replace(FACTS, stop=Stop(Stage.HIL, Verdict.FAIL, "something else")))
    assert decision.verdict is Verdict.FAIL
    assert decision.reasons[:2] == (REASON, "hil: something else")


def test_a_stage_that_stopped_for_the_crash_does_not_say_it_again() -> None:
    decision = decide(Rules(), replace(FACTS, stop=Stop(Stage.FLASH, Verdict.FAIL, REASON)))
    assert decision.reasons == (REASON,)


def test_a_brown_out_is_inconclusive() -> None:
    fact = CrashFact(Stage.HIL, "brown-out: Brownout detector was triggered", False)
    decision = decide(Rules(), replace(FACTS, crashes=(fact,)))
    assert (decision.verdict, decision.reasons[0]) == (Verdict.INCONCLUSIVE, fact.reason)

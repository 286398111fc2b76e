"""Challenges of a gate: what each wrong or missing answer means, and that the evidence tells the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.errors import ToolError
from hostkit.gate.challenge import heard, read_challenges, write_challenges
from hostkit.gate.decide import decide
from hostkit.gate.model import (
    BuildFact,
    ChallengeFact,
    Facts,
    FlashFact,
    IdentityFact,
    Observation,
    Rules,
    Stage,
    Stop,
    SuiteFact,
)
from hostkit.gate.parts import CHALLENGES
from hostkit.hil.observations import Outcome
from hostkit.link.client import Link
from hostkit.link.transcript import Transcript
from hostkit.store.model import Rung, Verdict
from hostkit.testing.clock import FakeClock
from hostkit.testing.gate import NONCE, TOOLS, answered, right_answer
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware

BUILD, OTHER, MAC = "a" * 64, "b" * 64, "02:00:00:00:00:01"
AFTER_FLASH, AT_END = answered(BUILD, MAC)
RULES = Rules(min_rung=Rung.LINKED)
GOOD = Facts(
    fidelity=Fidelity.VIRTUAL,
    build=BuildFact(BUILD, "c" * 40, False),
    flash=FlashFact(BUILD, MAC, True),
    identity=IdentityFact(BUILD, MAC),
    suite=SuiteFact(1, True, 0, nonce=NONCE),
    observations=(Observation("t::a", Outcome.PASSED, Rung.LINKED, build=BUILD),),
    challenges=(AFTER_FLASH, AT_END),
    tools=TOOLS,
)


def right(build: str = BUILD, mac: str = MAC, nonce: int = NONCE) -> ChallengeFact:
    return replace(AT_END, answer=right_answer(b"q" * 32, build, mac, nonce))


WRONG = replace(AT_END, answer=replace(right().answer, digest="0" * 64))
CASES: dict[str, tuple[tuple[ChallengeFact, ...], Verdict, str]] = {
    "a wrong answer": (
        (AFTER_FLASH, WRONG),
        Verdict.INVALID,
        "the answer to the challenge at the end of the suite is wrong",
    ),
    "another build that answers": (
        (AFTER_FLASH, right(build=OTHER)),
        Verdict.INVALID,
        "build bbbbbbbbbbbb answered the challenge at the end of the suite",
    ),
    "another board that answers": (
        (AFTER_FLASH, right(mac="02:00:00:00:00:02")),
        Verdict.INVALID,
        "the board 02:00:00:00:00:02 answered the challenge at the end of the suite",
    ),
    "the first answer once more": (
        (AFTER_FLASH, replace(AFTER_FLASH, stage=Stage.HIL)),
        Verdict.INVALID,
        "the same challenge was asked twice",
    ),
    "two answers for one moment": (
        (AFTER_FLASH, AT_END, right()),
        Verdict.INVALID,
        "the same challenge was asked twice",
    ),
    "no question at the end": (
        (AFTER_FLASH,),
        Verdict.INCONCLUSIVE,
        "the board was not challenged at the end of the suite",
    ),
    "no question after the flash": (
        (AT_END,),
        Verdict.INCONCLUSIVE,
        "the board was not challenged after the flash",
    ),
    "silence": (
        (AFTER_FLASH, ChallengeFact(Stage.HIL, None)),
        Verdict.INCONCLUSIVE,
        "no answer to the challenge at the end of the suite: silence",
    ),
    "a firmware without the operation": (
        (ChallengeFact(Stage.FLASH, None, "the firmware knows no such question"), AT_END),
        Verdict.INCONCLUSIVE,
        "no answer to the challenge after the flash: the firmware knows no such question",
    ),
    "a restart by a panic": (
        (AFTER_FLASH, replace(right(nonce=7), reset="panic")),
        Verdict.FAIL,
        "the board restarted at the end of the suite: panic",
    ),
    "a restart from outside": (
        (AFTER_FLASH, replace(right(nonce=7), reset="power-on")),
        Verdict.INCONCLUSIVE,
        "the board restarted at the end of the suite: power-on",
    ),
}


def test_right_answers_in_the_right_boots_are_a_pass() -> None:
    assert decide(RULES, GOOD).verdict is Verdict.PASS


@pytest.mark.parametrize(("challenges", "verdict", "reason"), CASES.values(), ids=CASES.keys())
def test_each_answer_that_is_none_has_its_verdict_and_reason(
    challenges: tuple[ChallengeFact, ...], verdict: Verdict, reason: str
) -> None:
    decision = decide(RULES, replace(GOOD, challenges=challenges))
    assert (decision.verdict, decision.reasons[0]) == (verdict, reason)


def test_a_suite_that_never_heard_a_boot_cannot_say_in_which_it_ended() -> None:
    decision = decide(RULES, replace(GOOD, suite=SuiteFact(1, True, 0)))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons == ("in which boot the suite ended is not known",)


def test_a_board_that_the_gate_itself_restarted_may_answer_in_another_boot() -> None:
    at_end = replace(right(nonce=7), reset="power-on", restarted=True)
    assert decide(RULES, replace(GOOD, challenges=(AFTER_FLASH, at_end))).verdict is Verdict.PASS


def test_a_gate_that_stopped_is_not_blamed_for_what_it_did_not_ask() -> None:
    stopped = replace(GOOD, challenges=(), suite=None, observations=(), flash=None, identity=None)
    stopped = replace(stopped, stop=Stop(Stage.FLASH, Verdict.INCONCLUSIVE, "the board is gone"))
    assert decide(RULES, stopped).reasons == ("flash: the board is gone",)


def test_without_a_flash_the_question_at_the_end_is_enough() -> None:
    facts = replace(GOOD, flash=None, challenges=(AT_END,))
    assert decide(replace(RULES, flash=False), facts).verdict is Verdict.PASS


@given(st.integers(0, 31), st.integers(1, 255), st.sampled_from(["question", "digest"]))
def test_one_changed_byte_of_question_or_answer_is_invalid(at: int, change: int, part: str) -> None:
    answer = AT_END.answer
    data = bytearray.fromhex(getattr(answer, part))
    data[at] ^= change
    edited = replace(AT_END, answer=replace(answer, **{part: data.hex()}))
    assert decide(RULES, replace(GOOD, challenges=(AFTER_FLASH, edited))).verdict is Verdict.INVALID


def test_the_evidence_gives_back_the_facts(tmp_path: Path) -> None:
    facts = (AFTER_FLASH, ChallengeFact(Stage.HIL, None, "no answer", "panic", restarted=True))
    write_challenges(tmp_path, facts)
    assert read_challenges(tmp_path) == facts
    first = json.loads((tmp_path / CHALLENGES).read_text())[0]
    assert first["expected"] == first["answer"]["digest"] == AFTER_FLASH.answer.digest
    assert first["holds"] is True


def test_what_the_evidence_claims_of_an_answer_is_not_believed(tmp_path: Path) -> None:
    write_challenges(tmp_path, (WRONG,))
    path = tmp_path / CHALLENGES
    records: list[dict[str, Any]] = json.loads(path.read_text())
    records[0] |= {"expected": "0" * 64, "holds": True}
    path.write_text(json.dumps(records))
    (read,) = read_challenges(tmp_path)
    assert not read.answer.holds


@pytest.mark.parametrize("content", ["", "7", "[7]", '[{"stage": "hil"}]', '[{"answer": {}, "stage": "?"}]'])
def test_evidence_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ToolError, match="cannot be read"):
        read_challenges(tmp_path)
    (tmp_path / CHALLENGES).write_text(content)
    with pytest.raises(ToolError, match="cannot be read"):
        read_challenges(tmp_path)


def test_the_transcript_tells_which_answer_was_heard_on_the_wire(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / "end.jsonl"
    host, line = MemoryTransport.pair(clock)
    FakeFirmware(line, build=BUILD).boot()
    with Transcript(clock, path=path) as transcript:
        answer = Link(host, clock, transcript=transcript).challenge(b"q" * 32)
    assert heard(path, answer)
    assert not heard(path, replace(answer, nonce=answer.nonce ^ 1))
    assert not heard(path, replace(answer, question="00" * 32))
    assert not heard(path, replace(answer, digest="00" * 32))
    assert not heard(tmp_path / "missing.jsonl", answer)

"""What people and programs read of a gate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.model import Fidelity
from hostkit.gate.decide import decide
from hostkit.gate.model import (
    BuildFact,
    CrashFact,
    Facts,
    FlashFact,
    GateResult,
    IdentityFact,
    Observation,
    Rules,
    ShareFact,
    Stage,
    Stop,
    SuiteFact,
)
from hostkit.gate.waived import WaivedFact
from hostkit.hil.observations import Outcome
from hostkit.report.plain import as_record
from hostkit.report.terminal import gate_summary, plain_text
from hostkit.store.model import Rung, Verdict
from hostkit.testing.gate import NONCE, TOOLS, answered

BUILD = "ab" * 32
SEEN = (
    Observation("h::echo", Outcome.PASSED, Rung.LINKED, 0.5, build=BUILD),
    Observation("h::model[solid]", Outcome.PASSED, Rung.RENDERED, 1.0, pattern="solid", build=BUILD),
    Observation("h::model[lava]", Outcome.PASSED, Rung.RENDERED, 1.0, pattern="lava", build=BUILD),
    Observation("h::wire[lava]", Outcome.PASSED, Rung.WIRED, 1.0, pattern="lava", build=BUILD),
    Observation("h::rate", Outcome.PASSED, Rung.TIMED, 1.0, build=BUILD, numbers={"live rate [Hz]": 190.25}),
)


def test_a_crash_is_shown_with_the_calls_that_led_there() -> None:
    facts = Facts(crashes=(CrashFact(Stage.HIL, "panic: X in draw, a.cpp:1", True, ("draw, a.cpp:1",) * 8),))
    failed = replace(result(*SEEN), facts=facts, decision=decide(Rules(), facts))
    lines = plain_text(gate_summary(failed)).splitlines()
    assert lines[1] == "  panic: X in draw, a.cpp:1"
    at = next(number for number, line in enumerate(lines) if "crashed at" in line)
    assert lines[at].endswith("draw, a.cpp:1")
    assert lines[at + 6].strip() == "and 2 more, see crashes.json"
    assert as_record(failed)["reasons"][0] == "panic: X in draw, a.cpp:1"


def result(*observations: Observation, stop: Stop | None = None, selection: str = "") -> GateResult:
    bad = any(seen.outcome is Outcome.FAILED for seen in observations)
    facts = Facts(
        fidelity=Fidelity.VIRTUAL,
        build=BuildFact(BUILD, "c" * 40, False),
        flash=FlashFact(BUILD, "", True),
        identity=IdentityFact(BUILD, ""),
        suite=None if stop else SuiteFact(len(observations), True, int(bad), nonce=NONCE),
        observations=observations,
        selection=selection,
        stop=stop,
        challenges=answered(BUILD, ""),
        tools=TOOLS,
    )
    return GateResult(
        run_id="20260101T000000Z-00000000",
        env="virtual",
        board="virt0",
        rules=Rules(),
        facts=facts,
        decision=decide(Rules(), facts),
        evidence="/p/.hostkit/runs/r",
        evidence_sha256="e" * 64,
        ledger_seq=7,
        seconds={"build": 1.25, "hil": 4.5},
    )


def lines(given: GateResult) -> list[str]:
    return plain_text(gate_summary(given, base=Path("/p"))).splitlines()


def test_a_pass_shows_verdict_ladder_patterns_numbers_and_where_the_evidence_lies() -> None:
    told = lines(result(*SEEN))
    assert told[0].startswith(" PASS   virtual on virt0 (virtual)  build abababababab, commit cccccccccccc")
    assert told[1] == "  5 tests passed, up to rung timed"
    assert "✔ built  ✔ booted  ✔ linked 1  ✔ rendered 2  ✔ wired 1  ✔ timed 1  · soaked" in told[2]
    assert told[3].startswith("  shown       timed: live frames come in their turns, ")
    text = "\n".join(told)
    assert "  not shown   timed leaves open that it lasts" in told
    assert "solid 1/1  lava 2/2" in text
    assert "live rate [Hz] 190.25" in text
    assert ".hostkit/runs/r/  ledger entry 7" in text
    assert "/p/.hostkit" not in text
    assert "build 1.2 s  hil 4.5 s" in text


def test_the_page_is_named_where_there_is_one() -> None:
    page = Path("/p/.hostkit/reports/r.html")
    told = plain_text(gate_summary(result(*SEEN), base=Path("/p"), page=page)).splitlines()
    assert "  report      .hostkit/reports/r.html" in told
    assert not [line for line in lines(result(*SEEN)) if line.startswith("  report")]


def test_a_failure_begins_with_its_reasons_and_marks_the_rungs_that_were_missed() -> None:
    bad = replace(SEEN[3], outcome=Outcome.FAILED, message="LED 7 is green")
    told = lines(result(*SEEN[:3], bad))
    assert told[0].startswith(" FAIL ")
    assert told[1] == "  h::wire[lava] failed: LED 7 is green"
    assert "✔ rendered 2  ✘ wired 0/1  · timed" in told[2]
    assert told[3].startswith("  shown       rendered: every pattern draws ")
    assert "lava 1/2" in "\n".join(told)


def test_of_many_reasons_the_first_are_shown_and_the_rest_counted() -> None:
    bad = [replace(SEEN[0], test=f"h::{n}", outcome=Outcome.FAILED, message=f"LED {n}") for n in range(30)]
    told = lines(result(*bad))
    assert "  and 20 more, see verdict.json" in told  # 30 tests and 2 rungs that nothing tested, 12 shown


def test_a_stop_shows_its_hint() -> None:
    told = lines(result(stop=Stop(Stage.LEASE, Verdict.INCONCLUSIVE, "board virt0 is taken", "wait for it")))
    assert told[1:3] == ["  lease: board virt0 is taken", "  hint: wait for it"]


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (result(*SEEN), "pass", 0),
        (result(*SEEN[:3], replace(SEEN[3], outcome=Outcome.FAILED)), "fail", 1),
        (result(*SEEN, selection="solid"), "inconclusive", 3),
        (result(*SEEN[:4], replace(SEEN[4], build="d" * 64)), "invalid", 4),
    ],
)
def test_the_record_says_verdict_exit_code_and_reasons_and_is_json(
    given: GateResult, verdict: str, code: int
) -> None:
    record = json.loads(json.dumps(as_record(given)))
    assert (record["schema"], record["verdict"], record["exit_code"]) == ("hostkit.gate/1", verdict, code)
    assert record["reasons"] == list(given.decision.reasons)
    assert len(record["tests"]) == len(given.facts.observations)


def test_the_record_of_boards_that_shared_the_suite_says_what_each_runs() -> None:
    one = result(*SEEN)
    asked = ShareFact("virt0", "", 0, one.facts)
    silent = ShareFact("virt1", "", 0, replace(one.facts, identity=None))
    record = as_record(replace(one, facts=replace(one.facts, shares=(asked, silent))))
    assert record["identities"] == {"virt0": record["identity"], "virt1": None}
    assert record["identity"]
    assert as_record(one)["identities"] == {}


def test_the_record_counts_tests_by_outcome_and_pattern() -> None:
    record = as_record(result(*SEEN[:3], replace(SEEN[3], outcome=Outcome.FAILED)))
    assert record["counts"] == {"passed": 3, "failed": 1}
    assert record["patterns"] == {"solid": {"passed": 1}, "lava": {"passed": 1, "failed": 1}}


def test_the_record_of_a_gate_that_met_no_board_has_nulls_not_inventions() -> None:
    empty = replace(result(), facts=Facts(stop=Stop(Stage.LEASE, Verdict.INCONCLUSIVE, "taken")), board="")
    record = as_record(empty)
    assert record["stopped_at"] == "lease"
    assert [record[key] for key in ("fidelity", "build", "commit", "dirty", "identity")] == [None] * 5


def test_what_is_waived_is_shown_in_red_and_told_to_programs() -> None:
    waived = WaivedFact("h::wire (failed); waived until 2026-01-09 by ada", "waivers/w.json", "5f" * 32, "x")
    given = result(*SEEN)
    given = replace(given, decision=replace(given.decision, waived=(waived,)))
    text = gate_summary(given)
    line = next(line for line in text.split("\n") if "WAIVED" in line.plain)
    assert "h::wire (failed); waived until 2026-01-09 by ada" in line.plain
    assert "bold red" in {str(span.style) for span in line.spans}
    assert as_record(given)["waived"] == [waived.said]

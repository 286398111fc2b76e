"""Waivers: who may, for what and until when; what they make of a decision, and that they hide nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.files import canonical_json
from hostkit.gate.decide import decide
from hostkit.gate.derive import derive
from hostkit.gate.folder import Folder, read_folder
from hostkit.gate.keys import open_signer
from hostkit.gate.model import (
    BuildFact,
    Decision,
    Facts,
    FlashFact,
    GateResult,
    IdentityFact,
    Observation,
    Rules,
    SuiteFact,
)
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.requirements import requirements
from hostkit.gate.seal import SEAL
from hostkit.gate.statement import Origin, predicate_of, statement_json
from hostkit.gate.verify import verify, verify_folder
from hostkit.gate.vouch import Waiving as Allowed
from hostkit.gate.vouch import doubts
from hostkit.gate.waived import Waives
from hostkit.gate.waivers import PAYLOAD_TYPE, Waiving, read_waivers, sign_waiver
from hostkit.hil.observations import Outcome
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.settings.rules import MergeRules, Requirement
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import Rung, Verdict, VerdictRecord
from hostkit.testing.clock import FakeClock
from hostkit.testing.gate import NONCE, TOOLS, answered
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import PlayedStages, a_test

TODAY = "2023-11-14"  # of a FakeClock
BUILD, MAC = "a" * 64, "02:00:00:00:00:01"
LEAD = a_signer(7)
MAY = (LEAD.public.key_id,)
BAD = Waiving(Waives.TEST, "test_b.py::bad", "", "the rig is in repair", "ada", TODAY, "2023-11-20")
RULES = Rules(min_rung=Rung.LINKED, may_waive=MAY)


def text_of(asked: Waiving = BAD, signer=LEAD) -> str:
    return sign_waiver(asked, signer)[1].decode()


def facts_of(*observations: Observation, waiver: str | None = None, may=MAY, **changes) -> Facts:
    failed = any(each.outcome is not Outcome.PASSED for each in observations)
    files = {} if waiver is None else {"waivers/w.json": waiver}
    facts = Facts(
        fidelity=Fidelity.VIRTUAL,
        build=BuildFact(BUILD, "c" * 40, False),
        flash=FlashFact(BUILD, MAC, True),
        identity=IdentityFact(BUILD, MAC),
        suite=SuiteFact(len(observations), True, int(failed), nonce=NONCE),
        observations=observations,
        challenges=answered(BUILD, MAC),
        tools=TOOLS,
        today=TODAY,
        waivers=read_waivers(files, may, "virtual", TODAY),
    )
    return replace(facts, **changes)


GOOD = Observation("hil_tests/test_a.py::good", Outcome.PASSED, Rung.LINKED, build=BUILD)
FAILED = Observation(
    "hil_tests/test_b.py::bad", Outcome.FAILED, Rung.LINKED, message="LED 7 is red", build=BUILD
)


def decided(*observations: Observation, rules: Rules = RULES, **changes) -> Decision:
    return decide(rules, facts_of(*observations, **changes))


def test_a_waived_failure_opens_the_gate_and_is_told_with_who_why_and_until_when() -> None:
    decision = decided(GOOD, FAILED, waiver=text_of())
    assert decision.verdict is Verdict.PASS
    assert decision.reasons == ("1 test passed, up to rung linked, 1 waived",)
    (waived,) = decision.waived
    assert waived.said == (
        "hil_tests/test_b.py::bad (failed); waived until 2023-11-20 by ada "
        f"({LEAD.public.key_id[:16]}): the rig is in repair"
    )
    assert (waived.place, waived.key_id) == ("waivers/w.json", LEAD.public.key_id)


def test_a_waived_test_that_passes_counts_as_ever() -> None:
    decision = decided(GOOD, replace(FAILED, outcome=Outcome.PASSED, message=""), waiver=text_of())
    assert decision.reasons == ("2 tests passed, up to rung linked",)
    assert decision.waived == ()


def edited(text: str) -> str:
    value = json.loads(text)
    value["signatures"][0]["sig"] = value["signatures"][0]["sig"][::-1].lstrip("=") + "=="
    return json.dumps(value)


FORGED = {
    "no JSON": "sorry",
    "edited": edited(text_of()),
    "cut": text_of()[:-40],
    "another type": a_signer(7).sign("text/plain", b"{}").to_json().decode(),
    "another key's name": text_of(signer=a_signer(3)).replace(a_signer(3).public.key_id, LEAD.public.key_id),
    "no reason": text_of(replace(BAD, reason="")),
    "no test": text_of(replace(BAD, name="")),
    "no day": text_of(replace(BAD, expires="soon")),
    "fields": LEAD.sign(PAYLOAD_TYPE, canonical_json({"schema": "hostkit.waiver/1"})).to_json().decode(),
}


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED.keys())
def test_a_forged_waiver_makes_the_run_invalid(text: str) -> None:
    for observations in ((GOOD, FAILED), (GOOD,)):
        decision = decided(*observations, waiver=text)
        assert decision.verdict is Verdict.INVALID
        assert decision.reasons[0].startswith("waivers/w.json: ")


IGNORED = {
    "another's": (
        text_of(signer=a_signer(3)),
        "may not waive: [gate] may_waive of hostkit.toml names it not",
    ),
    "ended": (text_of(replace(BAD, expires="2023-11-13")), "it ended on 2023-11-13"),
    "too long": (text_of(replace(BAD, expires="2024-01-14")), "more than 30 days ahead"),
    "another env": (text_of(replace(BAD, env="esp32")), "it is for env esp32"),
}


@pytest.mark.parametrize(("text", "why"), IGNORED.values(), ids=IGNORED.keys())
def test_a_waiver_that_does_not_count_is_ignored_with_the_reason(text: str, why: str) -> None:
    decision = decided(GOOD, FAILED, waiver=text)
    assert decision.verdict is Verdict.FAIL
    assert decision.waived == ()
    assert any(line.startswith("the waiver waivers/w.json does not count: ") and why in line
               for line in decision.open)  # fmt: skip


def test_a_rung_a_fidelity_and_a_growth_can_be_waived_each_by_its_own_waiver() -> None:
    cases = (
        (Waives.RUNG, "rendered", {"rules": replace(RULES, min_rung=Rung.RENDERED)}, "rung rendered was not"),
        (Waives.FIDELITY, "", {"rules": replace(RULES, min_fidelity=Fidelity.BOARD)}, "the board is virtual"),
        (Waives.GROWTH, "", {"growth": "grew too much since abc"}, "build: grew too much since abc"),
    )
    for waives, name, changes, said in cases:
        text = text_of(replace(BAD, waives=waives, name=name))
        decision = decided(GOOD, waiver=text, **changes)
        assert decision.verdict is Verdict.PASS, waives
        assert decision.waived[0].said.startswith(said)
        assert decided(GOOD, **changes).verdict is not Verdict.PASS
        assert decided(GOOD, FAILED, waiver=text, **changes).verdict is Verdict.FAIL


def test_another_rung_than_the_one_that_is_waived_is_still_missing() -> None:
    text = text_of(replace(BAD, waives=Waives.RUNG, name="timed"))
    decision = decided(GOOD, waiver=text, rules=replace(RULES, min_rung=Rung.TIMED))
    assert decision.reasons == (
        "rung rendered was not reached: no test of it ran",
        "rung wired was not reached: no test of it ran",
    )


@given(
    waives=st.sampled_from(Waives),
    name=st.sampled_from(("*", "timed", "virt0", "")),
    outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=4),
    wrong=st.booleans(),
)
def test_no_waiver_makes_a_pass_of_what_is_invalid_or_of_nothing(
    waives: Waives, name: str, outcomes: list[Outcome], wrong: bool
) -> None:
    seen = [replace(FAILED, test=f"hil_tests/t.py::{n}", outcome=o) for n, o in enumerate(outcomes)]
    facts = facts_of(*seen, waiver=text_of(replace(BAD, waives=waives, name=name)))
    if wrong:
        facts = replace(facts, identity=IdentityFact("b" * 64, MAC))
    decision = decide(RULES, facts)
    if wrong:
        assert decision.verdict is Verdict.INVALID
    if Outcome.PASSED not in outcomes:
        assert decision.verdict is not Verdict.PASS
    if decision.verdict is Verdict.PASS and any(o is not Outcome.PASSED for o in outcomes):
        told = {o for o in outcomes if o not in (Outcome.PASSED, Outcome.SKIPPED, Outcome.NOT_APPLICABLE)}
        assert decision.waived or not told


@dataclass
class Bench1:
    """A project with one waiver that the lead signed, and gates on it."""

    root: Path

    def gate(self, may: tuple[str, ...] = MAY) -> GateResult:
        bench = Bench(self.paths, Settings(), SystemRunner(), FakeClock(), {}, self.root / "runs")
        request = GateRequest(self.root / "project", "virtual", "virt0", replace(RULES, may_waive=may))
        tests = (a_test(), a_test("hil_tests/test_b.py::bad", outcome=Outcome.FAILED, message="LED 7"))
        return run_gate(request, bench, PlayedStages("", tests=tests).of)

    @property
    def paths(self) -> Paths:
        return Paths(self.root / "state", self.root / "cache")

    def record(self) -> VerdictRecord:
        with open_database(self.paths.state) as database:
            return Ledger(database).entries()[-1].record


@pytest.fixture
def bench(tmp_path: Path) -> Bench1:
    (tmp_path / "project" / "waivers").mkdir(parents=True)
    (tmp_path / "project" / "waivers" / "w.json").write_text(text_of())
    return Bench1(tmp_path)


def test_a_waiver_is_a_part_of_the_evidence_and_the_verdict_is_derived_with_it(bench: Bench1) -> None:
    result = bench.gate()
    assert result.decision.verdict is Verdict.PASS
    signer = open_signer(bench.paths, {}, ())
    held = verify(Path(result.evidence), signer.public)
    assert held.holds
    assert held.statement["waived"][0]["key_id"] == LEAD.public.key_id

    files = dict(read_folder(Path(result.evidence)).files)
    del files["waivers.json"], files[SEAL]
    derived = derive(files)
    assert derived.decision.verdict is Verdict.FAIL
    seal = statement_json(files, predicate_of(derived, Origin(1)) | {"verdict": "pass"})
    files[SEAL] = signer.sign("application/vnd.in-toto+json", seal).to_json()
    problems = verify_folder(Folder(files), signer.public).problems
    assert "verdict.json is not the verdict that the other parts make" in problems


def test_a_pass_with_a_waiver_counts_only_where_its_signer_may_waive_and_until_its_end(bench: Bench1) -> None:
    bench.gate()
    record, keys = bench.record(), (open_signer(bench.paths, {}, ()).public,)
    assert doubts(record, keys, Allowed(MAY, TODAY), whole=True) == ()
    assert doubts(record, keys, Allowed((), TODAY), whole=False) == (
        f"waivers/w.json: the key {MAY[0][:16]} may not waive here",
    )
    assert doubts(record, keys, Allowed(MAY, "2023-11-21"), whole=False) == (
        "waivers/w.json: what it waives, it did until 2023-11-20",
    )


def test_a_pass_with_a_waiver_answers_for_no_later_run(bench: Bench1) -> None:
    bench.gate()
    assert not (bench.root / "runs" / ".cached").exists()


def test_who_may_waive_is_what_the_rules_say_and_not_who_signs_evidence(bench: Bench1) -> None:
    assert bench.gate(may=(open_signer(bench.paths, {}, ()).public.key_id,)).decision.verdict is Verdict.FAIL


MERGE = MergeRules(
    may_waive=list(MAY),
    require=[
        Requirement(env="virtual", min_rung="timed"),
        Requirement(env="esp32c3", boards=["sim0", "sim1"], min_fidelity="simulated"),
    ],
)


def required(*asked: Waiving) -> list[tuple[str, str, str]]:
    files = {f"waivers/{n}.json": text_of(each) for n, each in enumerate(asked)}
    found = requirements(MERGE, read_waivers(files, MAY, "", TODAY))
    checks = [each.met_by for each in found if each.met_by is not None]
    assert all(bool(each.waived) == (each.met_by != each.asked) for each in found)
    return [(check.title, check.min_rung.word, check.min_fidelity.name) for check in checks]


def test_a_merge_must_pass_every_env_on_every_board_that_is_named() -> None:
    assert required() == [
        ("gate virtual on any", "timed", "VIRTUAL"),
        ("gate esp32c3 on sim0", "wired", "SIMULATED"),
        ("gate esp32c3 on sim1", "wired", "SIMULATED"),
    ]


def test_waivers_take_their_part_from_what_a_merge_must_pass_and_no_more() -> None:
    assert required(
        replace(BAD, waives=Waives.BOARD, name="sim1"),
        replace(BAD, waives=Waives.RUNG, name="timed"),
        replace(BAD, waives=Waives.FIDELITY, name="", env="virtual"),
    ) == [("gate virtual on any", "wired", "VIRTUAL"), ("gate esp32c3 on sim0", "wired", "SIMULATED")]
    assert required(replace(BAD, waives=Waives.BOARD, name="sim1", expires="2023-11-01")) == required()

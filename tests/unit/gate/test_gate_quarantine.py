"""Quarantine in the decision: it takes trouble and help away alike, and hides nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.gate.decide import decide
from hostkit.gate.model import (
    BuildFact,
    Facts,
    FlashFact,
    IdentityFact,
    Observation,
    QuarantineFact,
    Rules,
    SuiteFact,
)
from hostkit.gate.quarantine import covers, set_aside
from hostkit.hil.observations import Outcome
from hostkit.store.model import Rung, Verdict
from hostkit.testing.gate import NONCE, TOOLS, answered

BUILD, MAC = "a" * 64, "02:00:00:00:00:01"
ENTRY = QuarantineFact("test_b.py::shaky", "ada", "jitters", "2026-03-20", "", "hil_tests/quarantine.toml:1")
RULES = Rules(min_rung=Rung.LINKED)
NO_PASS = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.FLAKY)


def seen(test: str, outcome: Outcome = Outcome.PASSED, rung: Rung = Rung.LINKED) -> Observation:
    return Observation(f"hil_tests/{test}", outcome, rung, build=BUILD)


def facts_of(*observations: Observation, entries: tuple[QuarantineFact, ...] = (ENTRY,)) -> Facts:
    bad = any(each.outcome in NO_PASS for each in observations)
    return Facts(
        fidelity=Fidelity.VIRTUAL,
        build=BuildFact(BUILD, "c" * 40, False),
        flash=FlashFact(BUILD, MAC, True),
        identity=IdentityFact(BUILD, MAC),
        suite=SuiteFact(len(observations), True, int(bad), nonce=NONCE),
        observations=observations,
        challenges=answered(BUILD, MAC),
        tools=TOOLS,
        quarantine=entries,
        today="2026-03-10",
    )


STEADY = seen("test_a.py::steady")


@pytest.mark.parametrize("outcome", [*NO_PASS, Outcome.SKIPPED])
def test_what_happens_to_a_test_in_quarantine_does_not_matter_and_is_told(outcome: Outcome) -> None:
    decision = decide(RULES, facts_of(STEADY, seen("test_b.py::shaky", outcome)))
    assert decision.verdict is Verdict.PASS
    assert decision.reasons == ("1 test passed, up to rung linked, 1 in quarantine",)
    told = f"({outcome.value}, in quarantine until 2026-03-20: ada, jitters)"
    assert any(told in line for line in decision.open)


def test_a_rung_with_nothing_but_quarantined_tests_is_not_reached() -> None:
    passed = facts_of(STEADY, seen("test_b.py::shaky", rung=Rung.RENDERED))
    decision = decide(Rules(min_rung=Rung.RENDERED), passed)
    assert (decision.verdict, decision.rung) == (Verdict.INCONCLUSIVE, Rung.LINKED)
    assert decision.reasons[0] == "rung rendered was not reached: no test of it ran"


def test_a_suite_that_is_all_in_quarantine_fails() -> None:
    decision = decide(RULES, facts_of(seen("test_b.py::shaky")))
    assert (decision.verdict, decision.reasons[0]) == (
        Verdict.FAIL,
        "nothing was executed: all are in quarantine",
    )


def test_another_firmware_is_invalid_also_where_a_quarantined_test_met_it() -> None:
    met = replace(seen("test_b.py::shaky", Outcome.ERROR), invalid=True)
    assert decide(RULES, facts_of(STEADY, met)).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"expires": "2026-03-09"}, "ended on 2026-03-09"),
        ({"expires": "2026-04-10"}, "ends more than 30 days ahead"),
        ({"expires": "soon"}, "has no date"),
        ({"owner": ""}, "has no owner or no reason"),
        ({"test": "test_b.py::shakey"}, "names no test of the suite"),
    ],
)
def test_an_entry_that_must_not_be_is_invalid_and_says_where_it_is(
    changed: dict[str, str], problem: str
) -> None:
    entry = replace(ENTRY, **changed)
    decision = decide(RULES, facts_of(STEADY, seen("test_b.py::shaky"), entries=(entry,)))
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons[0] == f"hil_tests/quarantine.toml:1: the quarantine of {entry.test} {problem}"


@pytest.mark.parametrize("last_day", ["2026-03-10", "2026-04-09"])
def test_an_entry_holds_to_the_end_of_its_day_and_for_30_days_at_most(last_day: str) -> None:
    entry = replace(ENTRY, expires=last_day)
    facts = facts_of(STEADY, seen("test_b.py::shaky", Outcome.FAILED), entries=(entry,))
    assert decide(RULES, facts).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("pattern", "test", "named"),
    [
        ("test_b.py::shaky", "hil_tests/test_b.py::shaky", True),
        ("hil_tests/test_b.py::shaky", "hil_tests/test_b.py::shaky", True),
        ("test_b.py::shaky", "hil_tests/other_test_b.py::shaky", False),
        ("test_b.py::shaky", "hil_tests/test_b.py::shaky[30Hz]", False),
        ("test_b.py::shaky[*]", "hil_tests/test_b.py::shaky[30Hz]", True),
        ("test_b.py::shaky[?0Hz]", "hil_tests/test_b.py::shaky[30Hz]", True),
        ("test_b.py::*", "hil_tests/test_b.py::shaky", True),
        ("*", "hil_tests/test_b.py::shaky", True),
    ],
)
def test_an_entry_names_tests_by_the_end_of_their_ids(pattern: str, test: str, named: bool) -> None:
    assert covers(replace(ENTRY, test=pattern), test) is named


OBSERVATIONS = st.lists(
    st.builds(
        seen,
        st.sampled_from(["test_a.py::steady", "test_a.py::other", "test_b.py::shaky", "test_b.py::more"]),
        st.sampled_from(Outcome),
        st.sampled_from([Rung.BOOTED, Rung.LINKED, Rung.RENDERED]),
    ),
    unique_by=lambda each: each.test,
    max_size=4,
).map(tuple)
ENTRIES = st.lists(
    st.sampled_from(["test_b.py::shaky", "test_b.py::*", "test_a.py::steady", "*", "none"]).map(
        lambda pattern: replace(ENTRY, test=pattern)
    ),
    max_size=2,
).map(tuple)
SCOPES = st.sampled_from([Rules(min_rung=rung) for rung in (Rung.BOOTED, Rung.LINKED, Rung.RENDERED)])


@given(SCOPES, OBSERVATIONS, ENTRIES)
def test_a_pass_with_a_quarantine_is_a_pass_of_the_suite_without_those_tests(
    rules: Rules, observations: tuple[Observation, ...], entries: tuple[QuarantineFact, ...]
) -> None:
    facts = facts_of(*observations, entries=entries)
    decision = decide(rules, facts)
    if decision.verdict is Verdict.PASS:
        without = facts_of(*set_aside(facts).observations, entries=())
        assert decide(rules, without).verdict is Verdict.PASS
        assert decide(rules, without).rung == decision.rung


@given(SCOPES, OBSERVATIONS, ENTRIES)
def test_a_quarantined_test_that_passes_helps_no_more_than_one_that_fails(
    rules: Rules, observations: tuple[Observation, ...], entries: tuple[QuarantineFact, ...]
) -> None:
    counting = set_aside(facts_of(*observations, entries=entries)).observations
    swapped = {
        outcome: facts_of(
            *(each if each in counting else replace(each, outcome=outcome) for each in observations),
            entries=entries,
        )
        for outcome in (Outcome.PASSED, Outcome.FAILED)
    }
    passing, failing = (decide(rules, facts) for facts in swapped.values())
    assert (passing.verdict, passing.rung) == (failing.verdict, failing.rung)

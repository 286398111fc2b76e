"""The decision: what is a pass, and everything that is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.gate.decide import decide
from hostkit.gate.model import (
    ESTABLISHES,
    LEAVES_OPEN,
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
from hostkit.hil.observations import Outcome
from hostkit.store.model import Rung, Verdict
from hostkit.testing.gate import NONCE, TOOLS, answered, right_answer

NO_PASS = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.FLAKY)
BUILD = "a" * 64
OTHER = "b" * 64
MAC = "02:00:00:00:00:01"
SEEN = (
    Observation("hil_tests/test_link.py::test_echo", Outcome.PASSED, Rung.LINKED, build=BUILD),
    Observation("hil_tests/test_render.py::test_model[solid]", Outcome.PASSED, Rung.RENDERED, build=BUILD),
    Observation("hil_tests/test_wire.py::test_symbols", Outcome.PASSED, Rung.WIRED, build=BUILD),
)
GOOD = Facts(
    fidelity=Fidelity.VIRTUAL,
    build=BuildFact(BUILD, "c" * 40, False),
    flash=FlashFact(BUILD, MAC, True),
    identity=IdentityFact(BUILD, MAC),
    suite=SuiteFact(collected=3, finished=True, exit_code=0, nonce=NONCE),
    observations=SEEN,
    challenges=answered(BUILD, MAC),
    tools=TOOLS,
)


def suite_of(*observations: Observation) -> Facts:
    """Facts whose suite ran to its end with exactly these observations."""
    bad = any(o.outcome in NO_PASS for o in observations)
    suite = replace(GOOD.suite, collected=len(observations), exit_code=int(bad))
    return replace(GOOD, suite=suite, observations=observations)


def test_all_records_agree_and_every_required_rung_ran_is_a_pass() -> None:
    decision = decide(Rules(), GOOD)
    assert decision.verdict is Verdict.PASS
    assert decision.rung is Rung.WIRED
    assert decision.reasons == ("3 tests passed, up to rung wired",)
    assert any(line.startswith("timed:") for line in decision.open)
    assert any("virtual board" in line for line in decision.open)


def test_a_verdict_says_what_its_highest_rung_leaves_open():
    assert decide(Rules(), GOOD).open[0] == "wired leaves open that frames come in time"
    assert not any("leaves open" in line for line in decide(Rules(), Facts()).open)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.SKIPPED])
def test_a_board_that_boots_the_right_build_does_not_stand_on_that_rung_if_a_test_of_it_did_not_pass(
    outcome,
):
    boots = Observation("hil_tests/test_identity.py::test_boots", Outcome.PASSED, Rung.BOOTED, build=BUILD)
    assert decide(Rules(), suite_of(boots, *SEEN)).rung is Rung.WIRED
    assert decide(Rules(), suite_of(replace(boots, outcome=outcome), *SEEN)).rung is Rung.BUILT


def test_every_rung_says_what_it_shows_and_what_it_leaves_open():
    assert set(ESTABLISHES) == set(LEAVES_OPEN) == set(Rung)
    assert len({*ESTABLISHES.values(), *LEAVES_OPEN.values()}) == 2 * len(Rung)


def test_a_failed_test_is_a_fail_that_says_which_and_why() -> None:
    bad = replace(SEEN[2], outcome=Outcome.FAILED, message="LED 7: sent (0, 255, 0), model (255, 0, 0)")
    decision = decide(Rules(), suite_of(*SEEN[:2], bad))
    assert decision.verdict is Verdict.FAIL
    assert decision.rung is Rung.RENDERED
    assert decision.reasons[0] == f"{bad.test} failed: LED 7: sent (0, 255, 0), model (255, 0, 0)"


def test_a_board_that_runs_another_build_makes_even_failures_invalid() -> None:
    bad = replace(SEEN[2], outcome=Outcome.FAILED)
    facts = replace(suite_of(*SEEN[:2], bad), identity=IdentityFact(OTHER, MAC))
    decision = decide(Rules(), facts)
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons[0] == f"the board runs build {OTHER[:12]}, but build {BUILD[:12]} was built"
    assert decision.rung is Rung.BUILT


CASES = {
    "a board that changed its build midway": (
        replace(GOOD, observations=(*SEEN[:2], replace(SEEN[2], build=OTHER))),
        Verdict.INVALID,
        "during the suite the board ran",
    ),
    "another board than the one flashed": (
        replace(GOOD, identity=IdentityFact(BUILD, "02:00:00:00:00:02")),
        Verdict.INVALID,
        "tested the board 02:00:00:00:00:02",
    ),
    "another artifact flashed": (
        replace(GOOD, flash=FlashFact(OTHER, MAC, True)),
        Verdict.INVALID,
        "flashed build bbbbbbbbbbbb",
    ),
    "a flash that was not read back": (
        replace(GOOD, flash=FlashFact(BUILD, MAC, False)),
        Verdict.INVALID,
        "not read back",
    ),
    "a test that reported twice": (
        suite_of(*SEEN, SEEN[0]),
        Verdict.INVALID,
        "reported 2 times",
    ),
    "more reports than tests": (
        replace(GOOD, suite=SuiteFact(2, True, 0, nonce=NONCE)),
        Verdict.INVALID,
        "only 2 collected",
    ),
    "lines that are no records": (
        replace(GOOD, suite=SuiteFact(3, True, 0, broken_records=2, nonce=NONCE)),
        Verdict.INVALID,
        "2 lines of the observations",
    ),
    "pytest that says failed over passing observations": (
        replace(GOOD, suite=SuiteFact(3, True, 1, nonce=NONCE)),
        Verdict.INVALID,
        "pytest says that the suite failed",
    ),
    "pytest that says passed over a failed observation": (
        replace(
            suite_of(*SEEN[:2], replace(SEEN[2], outcome=Outcome.FAILED)),
            suite=SuiteFact(3, True, 0, nonce=NONCE),
        ),
        Verdict.INVALID,
        "pytest says that the suite passed",
    ),
    "a test that met another firmware": (
        suite_of(
            *SEEN[:2],
            replace(SEEN[2], outcome=Outcome.ERROR, message="board virt0 runs build b", invalid=True),
        ),
        Verdict.INVALID,
        "board virt0 runs build b",
    ),
    "a skipped test that names no rung": (
        suite_of(*SEEN, Observation("t::pure", Outcome.SKIPPED, None)),
        Verdict.INCONCLUSIVE,
        "t::pure skipped",
    ),
    "nothing built": (replace(GOOD, build=None), Verdict.INCONCLUSIVE, "nothing was built"),
    "nothing flashed": (replace(GOOD, flash=None), Verdict.INCONCLUSIVE, "nothing was flashed"),
    "a silent board": (replace(GOOD, identity=None), Verdict.INCONCLUSIVE, "never said what it runs"),
    "no suite": (
        replace(GOOD, suite=None, observations=()),
        Verdict.INCONCLUSIVE,
        "the suite did not run",
    ),
    "no test collected": (
        replace(GOOD, suite=SuiteFact(0, True, 5, nonce=NONCE), observations=()),
        Verdict.FAIL,
        "nothing was executed: no test was collected",
    ),
    "all skipped": (
        suite_of(*(replace(seen, outcome=Outcome.SKIPPED) for seen in SEEN)),
        Verdict.FAIL,
        "nothing was executed: all 3 tests skipped",
    ),
    "a suite that left itself out": (
        replace(
            suite_of(*(replace(seen, outcome=Outcome.NOT_APPLICABLE) for seen in SEEN)),
            fidelity=Fidelity.BOARD,
        ),
        Verdict.FAIL,
        "nothing was executed: all 3 tests skipped",
    ),
    "a selection that hits nothing": (
        replace(GOOD, suite=SuiteFact(0, True, 5, nonce=NONCE), observations=(), selection="no such"),
        Verdict.INCONCLUSIVE,
        "nothing was executed: no test was collected",
    ),
    "one skipped on a required rung": (
        suite_of(*SEEN[:2], replace(SEEN[2], outcome=Outcome.SKIPPED, message="no wire tap")),
        Verdict.INCONCLUSIVE,
        "test_symbols skipped: no wire tap",
    ),
    "a required rung that nothing tested": (
        suite_of(*SEEN[:2]),
        Verdict.INCONCLUSIVE,
        "rung wired was not reached",
    ),
    "pytest that died": (
        replace(GOOD, suite=SuiteFact(3, False, -9), observations=SEEN[:2]),
        Verdict.INCONCLUSIVE,
        "ended early, pytest exit -9: 2 of 3 tests",
    ),
    "tests that cannot be imported": (
        replace(
            GOOD,
            suite=SuiteFact(3, True, 2, said="SyntaxError: invalid syntax", nonce=NONCE),
            observations=(),
        ),
        Verdict.FAIL,
        "the suite itself is broken: SyntaxError: invalid syntax",
    ),
    "pytest that was interrupted midway": (
        replace(GOOD, suite=SuiteFact(3, True, 2, nonce=NONCE), observations=SEEN[:2]),
        Verdict.INCONCLUSIVE,
        "ended early, pytest exit 2: 2 of 3 tests",
    ),
    "pytest that died before it collected": (
        replace(GOOD, suite=SuiteFact(None, False, 3), observations=()),
        Verdict.INCONCLUSIVE,
        "0 of an unknown number of tests",
    ),
    "a suite that took too long": (
        replace(GOOD, suite=SuiteFact(3, False, -15, timed_out=True), observations=SEEN[:1]),
        Verdict.INCONCLUSIVE,
        "took too long and was ended after 1 test",
    ),
    "a lost link": (
        suite_of(*SEEN[:2], replace(SEEN[2], outcome=Outcome.LOST, message="no reply within 2 s")),
        Verdict.INCONCLUSIVE,
        "lost the board: no reply within 2 s",
    ),
    "a pass that needed a retry": (
        suite_of(*SEEN[:2], replace(SEEN[2], outcome=Outcome.FLAKY, message="passed at attempt 2")),
        Verdict.INCONCLUSIVE,
        "test_symbols is flaky: passed at attempt 2",
    ),
    "a selection": (replace(GOOD, selection="solid"), Verdict.INCONCLUSIVE, "only a selection ran"),
    "no board": (replace(GOOD, fidelity=None), Verdict.INCONCLUSIVE, "no board was used"),
    "a stage that stopped": (
        Facts(stop=Stop(Stage.LEASE, Verdict.INCONCLUSIVE, "board virt0 is not there")),
        Verdict.INCONCLUSIVE,
        "lease: board virt0 is not there",
    ),
    "a build that failed": (
        Facts(stop=Stop(Stage.BUILD, Verdict.FAIL, "src/main.cpp:3: error: expected ';'")),
        Verdict.FAIL,
        "build: src/main.cpp:3",
    ),
}


@pytest.mark.parametrize(("facts", "verdict", "reason"), CASES.values(), ids=CASES.keys())
def test_each_defect_has_its_own_verdict_and_reason(facts: Facts, verdict: Verdict, reason: str) -> None:
    decision = decide(Rules(), facts)
    assert decision.verdict is verdict
    assert reason in decision.reasons[0]


def test_a_failure_before_the_link_was_lost_is_still_a_fail() -> None:
    decision = decide(
        Rules(),
        suite_of(SEEN[0], replace(SEEN[1], outcome=Outcome.FAILED), replace(SEEN[2], outcome=Outcome.LOST)),
    )
    assert decision.verdict is Verdict.FAIL
    assert "test_model[solid] failed" in decision.reasons[0]
    assert "lost the board" in decision.reasons[1]


def test_a_skip_above_the_asked_rung_is_named_but_no_obstacle() -> None:
    extra = Observation("t::soak", Outcome.SKIPPED, Rung.SOAKED)
    decision = decide(Rules(), suite_of(*SEEN, extra))
    assert decision.verdict is Verdict.PASS
    assert "t::soak (skipped)" in decision.open


def test_a_failure_above_the_asked_rung_is_a_fail() -> None:
    extra = Observation("t::rate", Outcome.FAILED, Rung.TIMED)
    assert decide(Rules(min_rung=Rung.LINKED), suite_of(*SEEN, extra)).verdict is Verdict.FAIL


def test_a_virtual_board_does_not_satisfy_a_gate_that_asks_for_silicon() -> None:
    decision = decide(Rules(min_fidelity=Fidelity.BOARD), GOOD)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons == ("the board is virtual; the gate asks for board",)


def test_without_flash_the_board_must_already_run_this_build() -> None:
    rules = Rules(flash=False)
    assert decide(rules, replace(GOOD, flash=None)).verdict is Verdict.PASS
    wrong = replace(GOOD, flash=None, identity=IdentityFact(OTHER, MAC))
    assert decide(rules, wrong).verdict is Verdict.INVALID


def test_a_dirty_tree_is_said_to_leave_the_commit_open() -> None:
    decision = decide(Rules(), replace(GOOD, build=BuildFact(BUILD, "c" * 40, True)))
    assert decision.verdict is Verdict.PASS
    assert "uncommitted changes" in decision.open[0]


BUILDS = st.sampled_from([BUILD, OTHER, ""])
MACS = st.sampled_from([MAC, "02:00:00:00:00:02", ""])
OBSERVATIONS = st.builds(
    Observation,
    test=st.sampled_from([f"t::{n}" for n in range(8)]),
    outcome=st.sampled_from(Outcome),
    rung=st.none() | st.sampled_from(Rung),
    build=BUILDS,
    invalid=st.sampled_from([False] * 9 + [True]),
)
SUITES = st.builds(
    SuiteFact,
    collected=st.none() | st.integers(0, 8),
    finished=st.booleans(),
    exit_code=st.sampled_from([0, 1, 2, 3, 4, 5, -9]),
    timed_out=st.booleans(),
    broken_records=st.integers(0, 1),
    nonce=st.sampled_from([NONCE, NONCE, 0, 7]),
)
CHALLENGES = st.lists(
    st.builds(
        ChallengeFact,
        stage=st.sampled_from(Stage),
        answer=st.none()
        | st.builds(
            right_answer,
            st.binary(min_size=16, max_size=32),
            BUILDS,
            MACS,
            st.sampled_from([NONCE, NONCE, 7]),
        ),
    ),
    max_size=3,
).map(tuple) | st.just(answered(BUILD, MAC))
FACTS = st.builds(
    Facts,
    fidelity=st.none() | st.sampled_from(Fidelity),
    build=st.none() | st.builds(BuildFact, BUILDS, st.just("c" * 40), st.booleans()),
    flash=st.none() | st.builds(FlashFact, BUILDS, MACS, st.booleans()),
    identity=st.none() | st.builds(IdentityFact, BUILDS, MACS),
    suite=st.none() | SUITES,
    observations=st.lists(OBSERVATIONS, max_size=8).map(tuple),
    selection=st.sampled_from(["", "solid"]),
    challenges=CHALLENGES,
    tools=st.just(TOOLS) | st.just(()) | st.just((*TOOLS, replace(TOOLS[0], problem="was changed since"))),
    stop=st.none()
    | st.builds(Stop, st.sampled_from(Stage), st.sampled_from(Verdict), st.sampled_from(["why"])),
)
NEAR_GOOD = st.builds(
    lambda seen, rest: replace(suite_of(*(replace(o, test=f"t::{n}") for n, o in enumerate(seen))), **rest),
    st.lists(st.sampled_from(SEEN) | OBSERVATIONS, max_size=6),
    st.fixed_dictionaries(
        {},
        optional={
            "selection": st.just("solid"),
            "flash": st.none(),
            "identity": st.none(),
            "challenges": CHALLENGES,
        },
    ),
)
RULES = st.builds(
    Rules,
    min_rung=st.sampled_from(Rung),
    min_fidelity=st.sampled_from(Fidelity),
    flash=st.booleans(),
    build=st.booleans(),
    whole_suite=st.booleans(),
)


@given(RULES, FACTS | NEAR_GOOD)
def test_a_pass_means_that_every_required_rung_ran_all_passed_and_the_ids_match(
    rules: Rules, facts: Facts
) -> None:
    decision = decide(rules, facts)
    assert decision.reasons
    if decision.verdict is not Verdict.PASS:
        return
    assert facts.stop is None
    assert facts.suite is not None
    assert facts.suite.finished
    assert facts.tools
    assert not any(tool.problem for tool in facts.tools)
    assert facts.suite.collected == len(facts.observations) > 0
    assert facts.identity is not None
    assert facts.fidelity is not None
    assert facts.fidelity >= rules.min_fidelity
    assert not (facts.selection and rules.whole_suite)
    ids = {facts.identity.build_id} | {seen.build for seen in facts.observations if seen.build}
    if facts.build is not None:
        ids.add(facts.build.build_id)
    if facts.flash is not None:
        ids.add(facts.flash.build_id if facts.build is not None else facts.identity.build_id)
        assert facts.flash.verified
    assert len(ids) == 1
    assert Stage.HIL in {fact.stage for fact in facts.challenges}
    for fact in facts.challenges:
        assert fact.answer is not None
        assert fact.answer.holds
        assert {fact.answer.build} == ids
    assert not any(seen.outcome in NO_PASS for seen in facts.observations)
    assert not any(seen.invalid for seen in facts.observations)
    for rung in Rung:
        if Rung.BOOTED < rung <= rules.min_rung:
            mine = [seen.outcome for seen in facts.observations if seen.rung is rung]
            assert mine
            assert set(mine) == {Outcome.PASSED}
    assert decision.rung is not None
    assert decision.rung >= rules.min_rung


@given(RULES, FACTS | NEAR_GOOD, OBSERVATIONS, st.integers(0, 8))
def test_one_more_failing_observation_never_makes_a_verdict_better(
    rules: Rules, facts: Facts, seen: Observation, where: int
) -> None:
    bad = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST)
    # Where pytest tells of a failure that no observation shows, one more is the one that was missing.
    missing = facts.suite is not None and facts.suite.exit_code == 1
    assume(not missing or any(each.outcome in bad for each in facts.observations))
    failing = replace(seen, outcome=Outcome.FAILED, test="t::new")
    more = (*facts.observations[:where], failing, *facts.observations[where:])
    before, after = decide(rules, facts), decide(rules, replace(facts, observations=more))
    assert after.verdict.severity >= before.verdict.severity
    assert after.verdict.severity >= Verdict.FAIL.severity
    assert (after.rung or 0) <= (before.rung or 0)


@given(RULES, FACTS | NEAR_GOOD)
def test_a_wrong_build_is_invalid_whatever_else_happened(rules: Rules, facts: Facts) -> None:
    wrong = replace(facts, build=BuildFact(BUILD, "", False), identity=IdentityFact(OTHER, MAC))
    assert decide(rules, wrong).verdict is Verdict.INVALID


@given(RULES, FACTS | NEAR_GOOD)
def test_the_same_facts_always_give_the_same_decision(rules: Rules, facts: Facts) -> None:
    assert decide(rules, facts) == decide(rules, facts)


def test_tests_that_were_left_out_without_a_selection_are_no_pass() -> None:
    decision = decide(Rules(), replace(GOOD, suite=replace(GOOD.suite, left_out=2)))
    assert (decision.verdict, decision.reasons) == (Verdict.INCONCLUSIVE, ("2 tests of the suite left out",))


def test_records_that_contradict_the_suites_own_count_are_invalid() -> None:
    decision = decide(Rules(), replace(GOOD, suite=replace(GOOD.suite, agrees=False)))
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons == ("the observations are not those that the suite counted at its end",)


def test_what_many_tests_met_alike_is_said_once_with_a_count() -> None:
    lost = [
        Observation(f"t::{n}", Outcome.LOST, Rung.WIRED, message="the line was silent") for n in range(20)
    ]
    other = Observation("t::other", Outcome.LOST, Rung.WIRED, message="the port is gone")
    reasons = decide(Rules(), suite_of(*SEEN, *lost, other)).reasons
    assert reasons == (
        "t::0 and 19 more tests lost the board: the line was silent",
        "t::other lost the board: the port is gone",
    )


HANG = Observation("hil_tests/test_robust.py::test_hang", Outcome.NOT_APPLICABLE, Rung.LINKED, build=BUILD)


@pytest.mark.parametrize("fidelity", [Fidelity.SIMULATED, Fidelity.BOARD])
def test_what_cannot_be_done_to_a_board_does_not_count_against_it(fidelity: Fidelity) -> None:
    decision = decide(Rules(), replace(suite_of(*SEEN, HANG), fidelity=fidelity))
    assert decision.verdict is Verdict.PASS
    assert decision.rung is Rung.WIRED
    assert "hil_tests/test_robust.py::test_hang (not applicable to this board)" in decision.open


def test_on_a_virtual_board_every_test_applies() -> None:
    decision = decide(Rules(), suite_of(*SEEN, HANG))
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons[0].endswith("test_hang left itself out on a board that it applies to")


def test_a_rung_of_which_nothing_applies_is_not_reached() -> None:
    facts = replace(suite_of(HANG, *SEEN[1:]), fidelity=Fidelity.BOARD)
    decision = decide(Rules(), facts)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.rung is Rung.BOOTED
    assert any("rung linked was not reached" in reason for reason in decision.reasons)


def soak_of(seconds: float, *, took: float | None = None) -> Facts:
    """Facts of a suite that soaked, as its test says, and took as long or another time."""
    timed = Observation("hil_tests/test_live.py::test_rate", Outcome.PASSED, Rung.TIMED, build=BUILD)
    soaked = Observation(
        "hil_tests/test_soak.py::test_scenes",
        Outcome.PASSED,
        Rung.SOAKED,
        seconds=seconds if took is None else took,
        numbers={"soaked for [s]": seconds},
        build=BUILD,
    )
    return suite_of(*SEEN, timed, soaked)


def test_ten_minutes_make_a_soak() -> None:
    decision = decide(Rules(min_rung=Rung.SOAKED), soak_of(600))
    assert (decision.verdict, decision.rung) == (Verdict.PASS, Rung.SOAKED)


@pytest.mark.parametrize("facts", [soak_of(599), soak_of(600, took=3)], ids=["too short", "only said"])
def test_less_does_not_though_its_tests_passed(facts: Facts) -> None:
    decision = decide(Rules(), facts)
    assert (decision.verdict, decision.rung) == (Verdict.PASS, Rung.TIMED)
    assert any(
        line.startswith("soaked: that it keeps doing so for at least 10 min") for line in decision.open
    )
    asked = decide(Rules(min_rung=Rung.SOAKED), facts)
    assert asked.verdict is Verdict.INCONCLUSIVE
    assert "rung soaked was not reached: it soaked for" in asked.reasons[0]
    assert "takes 600 s" in asked.reasons[0]


def test_a_gate_that_asks_for_a_soak_runs_one() -> None:
    assert Rules().soaks_for_s == 0
    assert Rules(min_rung=Rung.SOAKED).soaks_for_s == 600
    assert Rules(min_rung=Rung.SOAKED, soak_s=3600).soaks_for_s == 3600
    assert Rules(soak_s=30).plain()["soak_s"] == 30


def test_tests_that_were_skipped_for_the_same_reason_are_named_in_one_line() -> None:
    skipped = [Observation(f"t::{n}", Outcome.SKIPPED, Rung.SOAKED, message="no soak") for n in range(5)]
    decision = decide(Rules(), suite_of(*SEEN, *skipped))
    assert "t::0 and 4 more tests (skipped: no soak)" in decision.open

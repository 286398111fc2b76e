"""Several boards share a suite: what they saw is one, and only all of it is a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.gate.decide import decide
from hostkit.gate.model import (
    BuildFact,
    CrashFact,
    Decision,
    Facts,
    FlashFact,
    IdentityFact,
    Rules,
    ShareFact,
    Stage,
    Stop,
    SuiteFact,
)
from hostkit.gate.observations import observations_of, worst_of
from hostkit.gate.shares import joined
from hostkit.hil.observations import Observations, Outcome, Summary, TestSeen
from hostkit.store.model import Rung, Verdict
from hostkit.testing.gate import NONCE, TOOLS, answered

BUILD, DIGEST = "a" * 64, "d" * 64
NAMES = ("left", "right", "third")
RUNGS = ("booted", "linked", "rendered", "wired")
EVERY = "hil_tests/test_identity.py::test_who"


def seen(test: str, outcome: Outcome = Outcome.PASSED, message: str = "", rung: str = "") -> TestSeen:
    number = sum(map(ord, test))
    return TestSeen(test, outcome, rung or RUNGS[number % 4], 0.1, message, build=BUILD)


def mac(name: str) -> str:
    return f"02:00:00:00:00:0{NAMES.index(name)}"


def alone(name: str, tests: tuple[TestSeen, ...], collected: int) -> Facts:
    """Facts of one board that took these tests of a suite."""
    bad = any(test.outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.FLAKY) for test in tests)
    return Facts(
        fidelity=Fidelity.VIRTUAL,
        build=BuildFact(BUILD, "c" * 40, False),
        flash=FlashFact(BUILD, mac(name), True),
        identity=IdentityFact(BUILD, mac(name)),
        suite=SuiteFact(collected, finished=True, exit_code=int(bad), nonce=NONCE),
        observations=observations_of(Observations(tests=tests)),
        challenges=answered(BUILD, mac(name)),
        tools=TOOLS,
    )


def together(taken: dict[str, tuple[TestSeen, ...]], collected: int | None = None, every: int = 0) -> Facts:
    """Facts of boards that shared a suite; by default of just these tests."""
    tests = {test.test for each in taken.values() for test in each}
    total = len(tests) if collected is None else collected
    boards = {name: alone(name, each, total) for name, each in taken.items()}
    ended = Summary(total, {}, 0, 1.0)
    observed = joined([(name, Observations(tests=each, summary=ended)) for name, each in taken.items()])
    return replace(
        next(iter(boards.values())),
        suite=worst_of([each.suite for each in boards.values()]),
        observations=observations_of(observed),
        shares=tuple(ShareFact(name, DIGEST, every, facts) for name, facts in boards.items()),
    )


def changed(facts: Facts, name: str, **changes: object) -> Facts:
    """The facts with those of one board changed."""
    shares = tuple(
        replace(share, facts=replace(share.facts, **changes)) if share.board == name else share
        for share in facts.shares
    )
    suites = [share.facts.suite for share in shares]
    return replace(facts, shares=shares, suite=worst_of(suites))


LINKED, DRAWN, WIRED = (
    seen(f"hil_tests/test_{name}.py::test_it", rung=name) for name in ("linked", "rendered", "wired")
)
WHO = seen(EVERY, rung="booted")
GOOD = together({"left": (WHO, LINKED, WIRED), "right": (WHO, DRAWN)}, every=1)


def judged(facts: Facts) -> Decision:
    return decide(Rules(), facts)


def test_a_suite_that_two_boards_ran_between_them_is_a_pass_that_says_so() -> None:
    decision = judged(GOOD)
    assert (decision.verdict, decision.rung) == (Verdict.PASS, Rung.WIRED)
    assert decision.reasons == ("4 tests passed, up to rung wired",)
    assert "that each of left, right passes all of it: they shared the suite" in decision.open


def test_a_test_that_fails_on_one_of_the_boards_that_run_it_is_a_fail_which_names_that_board() -> None:
    bad = replace(WHO, outcome=Outcome.FAILED, message="boots is 0")
    decision = judged(together({"left": (WHO, LINKED, WIRED), "right": (bad, DRAWN)}))
    assert decision.verdict is Verdict.FAIL
    assert decision.reasons[0] == f"{EVERY} failed: right: boots is 0"


def test_a_test_that_nobody_took_to_its_end_is_missed() -> None:
    decision = judged(together({"left": (WHO, LINKED), "right": (WHO, DRAWN)}, collected=4))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "3 of 4 tests reported by the boards together" in decision.reasons


def test_a_test_of_every_board_that_one_did_not_run_is_missed() -> None:
    decision = judged(together({"left": (WHO, LINKED, WIRED), "right": (DRAWN,)}, every=1))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons == ("0 of 1 test marked every_board ran on each of the boards",)


def test_boards_that_collected_other_tests_shared_no_suite() -> None:
    shares = (GOOD.shares[0], replace(GOOD.shares[1], tests_sha256="e" * 64))
    decision = judged(replace(GOOD, shares=shares))
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons[0] == "the boards did not share one suite: they collected different tests"
    silent = judged(replace(GOOD, shares=tuple(replace(each, tests_sha256="") for each in GOOD.shares)))
    assert silent.verdict is Verdict.INVALID


def test_a_test_that_some_boards_ran_and_others_did_not_is_no_such_share() -> None:
    decision = judged(together({"left": (WHO, LINKED), "right": (WHO, WIRED), "third": (DRAWN,)}))
    assert decision.verdict is Verdict.INVALID
    assert decision.reasons[0] == f"{EVERY} ran on some boards, and not on others"


def test_one_board_cannot_answer_in_the_place_of_two() -> None:
    same = changed(
        GOOD,
        "right",
        identity=IdentityFact(BUILD, mac("left")),
        flash=FlashFact(BUILD, mac("left"), True),
        challenges=answered(BUILD, mac("left")),
    )
    assert judged(same).reasons[0] == "one board answered in the place of several"


OF_ONE = {
    "runs another build": ({"identity": IdentityFact("b" * 64, mac("right"))}, Verdict.INVALID),
    "was not flashed": ({"flash": None}, Verdict.INCONCLUSIVE),
    "was not read back": ({"flash": FlashFact(BUILD, mac("right"), False)}, Verdict.INVALID),
    "never said who it is": ({"identity": None}, Verdict.INCONCLUSIVE),
    "was not challenged": ({"challenges": ()}, Verdict.INCONCLUSIVE),
    "crashed": ({"crashes": (CrashFact(Stage.HIL, "panic", True),)}, Verdict.FAIL),
    "never began": ({"suite": None}, Verdict.INCONCLUSIVE),
    "was cut off": (
        {"suite": SuiteFact(4, finished=False, exit_code=-9, nonce=NONCE)},
        Verdict.INCONCLUSIVE,
    ),
    "took too long": (
        {"suite": SuiteFact(4, finished=False, exit_code=-15, timed_out=True)},
        Verdict.INCONCLUSIVE,
    ),
    "says that it failed": ({"suite": SuiteFact(4, True, 1, nonce=NONCE)}, Verdict.INVALID),
    "counted otherwise": ({"suite": SuiteFact(4, True, 0, agrees=False, nonce=NONCE)}, Verdict.INVALID),
}


@pytest.mark.parametrize("case", OF_ONE)
def test_what_speaks_against_any_one_of_the_boards_speaks_against_a_pass_and_names_it(case: str) -> None:
    changes, verdict = OF_ONE[case]
    decision = judged(changed(GOOD, "right", **changes))
    assert decision.verdict is verdict
    assert decision.reasons[0].startswith("right: ")


def test_a_stop_on_one_board_is_said_once() -> None:
    stop = Stop(Stage.FLASH, Verdict.INCONCLUSIVE, "right: nobody answers")
    facts = changed(GOOD, "right", flash=None, suite=None, identity=None, observations=(), challenges=())
    shares = tuple(replace(each, facts=replace(each.facts, stop=stop)) for each in facts.shares)
    decision = judged(replace(facts, stop=stop, shares=shares))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons == ("flash: right: nobody answers",)


def test_pictures_of_the_other_boards_are_named_by_where_they_lie() -> None:
    drawn = replace(DRAWN, pictures=("pictures/solid.json",))
    both = joined(
        [("left", Observations(tests=(drawn,))), ("right", Observations(tests=(replace(drawn, test="b"),)))]
    )
    assert [test.pictures for test in both.tests] == [
        ("boards/right/pictures/solid.json",),
        ("pictures/solid.json",),
    ]


def test_a_suite_is_as_whole_as_the_least_of_its_shares() -> None:
    whole = Observations(tests=(LINKED,), summary=Summary(1, {}, 0, 1.0))
    assert joined([("left", whole), ("right", whole)]).summary is not None
    assert joined([("left", whole), ("right", Observations())]).summary is None
    assert worst_of([SuiteFact(1, True, 0), None]) is None
    worst = worst_of([SuiteFact(1, True, 0), SuiteFact(1, False, -9, timed_out=True, broken_records=2)])
    assert worst == SuiteFact(1, False, -9, timed_out=True, broken_records=2)


_TESTS = [f"hil_tests/test_{name}.py::test_{number}" for name in "ab" for number in range(4)]
_TAKEN = st.lists(
    st.tuples(st.sampled_from(list(Outcome)), st.sampled_from(NAMES[:2])), min_size=8, max_size=8
)


@given(_TAKEN)
def test_however_the_tests_fell_the_verdict_is_as_bad_as_what_came_of_them(taken) -> None:
    shares: dict[str, tuple[TestSeen, ...]] = {"left": (), "right": ()}
    for test, (outcome, board) in zip(_TESTS, taken, strict=True):
        shares[board] += (seen(test, outcome),)
    facts = together(shares)
    assert {each.test: each.outcome for each in facts.observations} == {
        test: outcome for test, (outcome, _) in zip(_TESTS, taken, strict=True)
    }
    one = replace(alone("left", tuple(test for each in shares.values() for test in each), 8), shares=())
    shared_verdict, one_verdict = judged(facts).verdict, judged(one).verdict
    assert (shared_verdict is Verdict.PASS) == (one_verdict is Verdict.PASS)
    assert judged(facts).rung == judged(one).rung

"""Budgets and breakers: what attempts and verdicts say was used, and why nothing starts then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.store.model import Attempt, End, Order, OrderKind, Phase, ProofKind, VerdictRecord
from hostkit.tasks.budget import HOUR_NS, Past, cause_of, flashes_for, flashes_held, hold_of, worked_ns
from hostkit.tasks.model import Agent, Budget, Limits
from hostkit.testing.store import a_pass, an_attempt

SECOND = 1_000_000_000
NOW = 100 * HOUR_NS
CODER = Agent("coder", ("x",), 60, budget=Budget(flashes_per_hour=2, wall_s=100))
FREE = Agent("free", ("x",), 60)


def attempt(number: int, **changes: Any) -> Attempt:
    over = NOW - (99 - number) * SECOND
    ended = {
        "phase": Phase.ENDED,
        "end": End.AGENT_FAILED,
        "why": "exit 3",
        "ended_ns": over,
        "left_ns": over,
    }
    made = {"id": number, "number": number, "began_ns": over - SECOND, "agent": "coder"}
    return an_attempt(**(made | ended | changes))


def flash(age_s: float, **changes: Any) -> VerdictRecord:
    return a_pass(decided_ns=NOW - round(age_s * SECOND), **changes)


def past(*attempts: Attempt, verdicts: tuple[VerdictRecord, ...] = (), **changes: Any) -> Past:
    return Past(attempts, changes.pop("orders", ()), verdicts, NOW, **changes)


CLAIMED = attempt(1, phase=Phase.PROVED, end=End.NONE, why="", commit="a" * 40)


def test_nothing_is_held_while_there_is_something_left() -> None:
    assert hold_of(CODER, Limits(), past(CLAIMED, verdicts=(flash(10),))) is None
    assert hold_of(FREE, Limits(), past(*(attempt(n) for n in range(50)))) is None


def test_flashes_an_hour_used_up_hold_until_the_oldest_that_counts_is_an_hour_ago() -> None:
    hold = hold_of(CODER, Limits(), past(CLAIMED, verdicts=(flash(3000), flash(1800), flash(600))))
    assert hold is not None
    assert hold.until_ns == NOW - 1800 * SECOND + HOUR_NS
    assert hold.why == "agent coder has used its 2 flashes an hour; the next in 30 min"


def test_a_flash_of_more_than_an_hour_ago_is_forgotten() -> None:
    assert hold_of(CODER, Limits(), past(CLAIMED, verdicts=(flash(3600), flash(600)))) is None


@pytest.mark.parametrize(
    "changes",
    [{"board": ""}, {"build_id": ""}, {"kind": ProofKind.COMMAND}],
    ids=["no board", "nothing built", "a command"],
)
def test_a_verdict_without_a_board_that_ran_a_build_is_no_flash(changes: dict[str, Any]) -> None:
    assert flashes_for(CODER, past(CLAIMED, verdicts=(flash(1, **changes),))) == ()


def test_a_flash_counts_for_who_claimed_its_commit_and_for_who_was_at_work() -> None:
    other = attempt(2, agent="free", task="b", phase=Phase.PROVED, end=End.NONE, commit="f" * 40)
    working = attempt(3, phase=Phase.RUNNING, end=End.NONE, ended_ns=0, left_ns=0)
    of_other = flash(5, commit="f" * 40)
    by_hand = flash(5, commit="e" * 40, dirty=True)
    before = flash(3000, commit="e" * 40)
    own = flash(3000)
    known = past(CLAIMED, other, working, verdicts=(own, before, of_other, by_hand))
    assert flashes_for(CODER, known) == (own, by_hand)
    assert flashes_for(FREE, known) == (of_other,)


def test_the_plan_has_its_own_limit_whoever_flashed() -> None:
    hold = flashes_held(FREE, Limits(flashes_per_hour=1), past(verdicts=(flash(60),)))
    assert hold is not None
    assert hold.why == "the plan has used its 1 flashes an hour; the next in 59 min"


def test_time_used_up_holds_for_good_and_says_what_to_raise() -> None:
    long = attempt(1, began_ns=NOW - 500 * SECOND, left_ns=NOW - 400 * SECOND)
    hold = hold_of(CODER, Limits(), past(long))
    assert hold is not None
    assert hold.until_ns is None
    assert hold.why.startswith("agent coder has used its time: 100 s of 100 s; raise budget.wall_s of agents")


def test_time_at_work_ends_with_the_agent_not_with_the_proof_and_counts_what_goes_on() -> None:
    proved = attempt(1, began_ns=NOW - 90 * SECOND, left_ns=NOW - 80 * SECOND, ended_ns=NOW)
    going = attempt(2, phase=Phase.RUNNING, began_ns=NOW - 5 * SECOND, left_ns=0, ended_ns=0)
    assert worked_ns(CODER, past(proved, going)) == 15 * SECOND
    assert worked_ns(CODER, past(proved, going, running=False)) == 10 * SECOND


ALIKE = [attempt(n, task=f"t{n}", why=f"exit 1: no key (pid {n}00)") for n in (1, 2, 3)]


def test_an_agent_that_fails_alike_at_several_tasks_has_its_breaker_opened() -> None:
    hold = hold_of(FREE, Limits(), past(*(replace(one, agent="free") for one in ALIKE)))
    assert hold is not None
    assert hold.until_ns is None
    assert "ended 3 attempts in a row alike (agent failed: exit 1: no key" in hold.why
    assert hold.why.endswith("hostkit tasks retry t3")


@pytest.mark.parametrize(
    "row",
    [
        ALIKE[:2],
        [*ALIKE[:2], replace(ALIKE[2], why="exit 2")],
        [*ALIKE[:2], replace(ALIKE[2], end=End.NONE, phase=Phase.PROVED), *ALIKE[:1]],
        [replace(one, task="one") for one in ALIKE],
        [replace(one, end=End.STOPPED) for one in ALIKE],
        [replace(one, agent="free") for one in ALIKE],
    ],
    ids=["too few", "another cause", "one that went well", "one task alone", "stopped", "another agent"],
)
def test_anything_less_leaves_the_breaker_closed(row: list[Attempt]) -> None:
    assert hold_of(replace(CODER, budget=Budget()), Limits(), past(*row)) is None


def test_an_agent_that_has_left_and_is_not_judged_yet_does_not_keep_the_breaker_closed() -> None:
    left = replace(ALIKE[1], id=9, phase=Phase.RUNNING, end=End.NONE, why="", ended_ns=0)
    assert hold_of(replace(CODER, budget=Budget()), Limits(), past(ALIKE[0], left, *ALIKE[1:])) is not None


def test_a_retry_closes_the_breaker_until_it_opens_again() -> None:
    retry = Order(1, "t3", OrderKind.RETRY, 1, 1, "al", ALIKE[-1].left_ns + 1)
    agent = replace(CODER, budget=Budget())
    assert hold_of(agent, Limits(), past(*ALIKE, orders=(retry,))) is None
    again = [replace(one, began_ns=NOW, left_ns=NOW) for one in ALIKE]
    assert hold_of(agent, Limits(), past(*ALIKE, *again[:2], orders=(retry,))) is None
    assert hold_of(agent, Limits(), past(*ALIKE, *again, orders=(retry,))) is not None


def test_causes_are_compared_without_what_differs_each_time() -> None:
    assert cause_of(attempt(1, why="exit 1: at 0badc0de12 in 5 s")) == cause_of(
        attempt(2, why="exit 1: at deadbeef in 7 s")
    )
    assert cause_of(attempt(1, why="exit 1: disk full")) != cause_of(attempt(1, why="exit 1: no key"))


@given(st.lists(st.floats(0, 7200), max_size=12), st.integers(1, 5))
def test_when_a_hold_is_over_fewer_flashes_than_the_limit_are_an_hour_young(
    ages: list[float], most: int
) -> None:
    verdicts = tuple(flash(age) for age in ages)
    known = past(CLAIMED, verdicts=verdicts)
    hold = flashes_held(replace(CODER, budget=Budget(flashes_per_hour=most)), Limits(), known)
    assert (hold is not None) == (len(flashes_for(CODER, known)) >= most)
    if hold is not None and hold.until_ns is not None:
        assert hold.until_ns > NOW
        then = replace(known, now_ns=hold.until_ns)
        assert flashes_held(replace(CODER, budget=Budget(flashes_per_hour=most)), Limits(), then) is None

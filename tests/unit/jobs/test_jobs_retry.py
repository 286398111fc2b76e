"""The set-up is tried again, within a budget; what was decided is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.jobs.model import Job, Kind, Outcome, State
from hostkit.jobs.retry import RetryPolicy, next_after
from hostkit.jobs.transitions import Event
from hostkit.testing.jobs import a_wish_for

POLICY = RetryPolicy(budget=4, base_s=5, cap_s=60, jitter=0.5, lost=3)
BUILDING = Job(1, a_wish_for(Kind.GATE), State.RUNNING)
JUDGING = replace(BUILDING, step=1)
DECIDED = {
    Outcome.FAIL: Event.FAIL,
    Outcome.INVALID: Event.INVALIDATE,
    Outcome.REFUSED: Event.REFUSE,
    Outcome.UNDECIDED: Event.LEAVE_OPEN,
    Outcome.PASS: Event.PASS,
}


@pytest.mark.parametrize("outcome", DECIDED)
def test_what_was_decided_is_never_tried_again(outcome: Outcome) -> None:
    assert next_after(JUDGING, outcome, POLICY, 0).event is DECIDED[outcome]


def test_a_build_that_passed_is_followed_by_the_board() -> None:
    assert next_after(BUILDING, Outcome.PASS, POLICY, 0).event is Event.ADVANCE


def test_a_gate_says_itself_that_its_build_failed_but_a_flash_is_over_then() -> None:
    assert next_after(BUILDING, Outcome.FAIL, POLICY, 0).event is Event.ADVANCE
    flash = replace(BUILDING, wanted=a_wish_for(Kind.FLASH))
    assert next_after(flash, Outcome.FAIL, POLICY, 0).event is Event.FAIL


@given(st.lists(st.sampled_from([Outcome.INCONCLUSIVE, Outcome.TIMED_OUT]), min_size=4, max_size=4))
def test_a_set_up_that_fails_is_tried_as_often_as_the_budget_says(outcomes: list[Outcome]) -> None:
    job, events = JUDGING, []
    for outcome in outcomes:
        following = next_after(job, outcome, POLICY, 0)
        events.append(following.event)
        job = replace(job, tries=following.tries)
    assert events == [Event.AGAIN, Event.AGAIN, Event.AGAIN, Event.GIVE_UP]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_double_up_to_the_cap_and_differ_by_at_most_the_jitter(tries: int, chance: float) -> None:
    full = min(60.0, 5.0 * 2 ** min(tries - 1, 40))
    assert full / 2 <= POLICY.pause_s(tries, chance) <= full


def test_a_dead_worker_costs_no_try_but_a_job_that_brings_down_each_worker_ends_too() -> None:
    job, events = JUDGING, []
    for _ in range(3):
        following = next_after(job, Outcome.LOST, POLICY, 0)
        assert (following.tries, following.pause_s) == (0, 0)
        events.append(following.event)
        job = replace(job, lost=following.lost)
    assert events == [Event.AGAIN, Event.AGAIN, Event.GIVE_UP]


def test_a_board_that_somebody_holds_outside_of_the_queue_costs_no_try() -> None:
    following = next_after(replace(JUDGING, tries=2), Outcome.BUSY, POLICY, 0)
    assert (following.event, following.tries, following.pause_s) == (Event.AGAIN, 2, 5)


def test_a_worker_that_was_told_to_end_puts_its_job_back_as_it_was() -> None:
    following = next_after(replace(JUDGING, tries=2, lost=1), Outcome.STOPPED, POLICY, 0)
    assert (following.event, following.tries, following.lost) == (Event.AGAIN, 2, 1)

"""A job moves along one table, and ends once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import ToolError
from hostkit.jobs.model import State
from hostkit.jobs.transitions import TRANSITIONS, VERDICT_OF, Event, after


@given(st.sampled_from(State), st.sampled_from(Event))
def test_what_is_not_in_the_table_is_refused_by_name(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(ToolError, match=f"a job that is {state.value} cannot {event.value}") as caught:
        after(state, event)
    assert "hostkit queue list" in caught.value.hint


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_an_ended_job_stays_as_it_is_unless_a_person_takes_it_out_of_the_dead(
    events: list[Event],
) -> None:
    state = State.WAITING
    for event in events:
        following = TRANSITIONS.get((state, event))
        if state.ended and following is not None:
            assert (state, event, following) == (State.DEAD, Event.REQUEUE, State.WAITING)
        state = following or state


def test_every_state_can_be_reached_and_every_one_that_goes_on_can_end() -> None:
    reached = {State.WAITING}
    while more := {to for (start, _), to in TRANSITIONS.items() if start in reached} - reached:
        reached |= more
    assert reached == set(State)
    for state in State:
        ends = {to for (start, _), to in TRANSITIONS.items() if start is state}
        assert state.ended or ends & {each for each in State if each.ended}


def test_every_event_happens_somewhere() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_a_verdict_that_came_before_the_end_of_its_processes_outlives_a_cancel() -> None:
    for event in VERDICT_OF.values():
        assert after(State.CANCELLING, event) is after(State.RUNNING, event)
    assert after(State.CANCELLING, Event.AGAIN) is State.CANCELLED


def test_every_end_has_an_exit_code() -> None:
    codes = {state.value: int(state.exit_code) for state in State if state.ended}
    assert codes == {
        "passed": 0,
        "failed": 1,
        "refused": 2,
        "inconclusive": 3,
        "dead": 3,
        "invalid": 4,
        "cancelled": 130,
    }

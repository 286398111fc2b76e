"""The one table of what can happen to a job, and to what it leads."""

from __future__ import annotations

from enum import Enum

from hostkit.errors import ToolError
from hostkit.jobs.model import Outcome, State


class Event(Enum):
    """Something that happens to a job."""

    TAKE = "take"  # a worker has it, or it takes over a running attempt
    FOLLOW = "follow"  # the same work is under way
    RELEASE = "release"  # what it followed is gone without an end to share
    ADVANCE = "advance"  # a step ended well and another follows
    AGAIN = "again"  # the set-up failed, or the worker ended: back in line
    CANCEL = "cancel"
    HAND_OVER = "hand over"  # it is cancelled, and a follower goes on with its attempt
    STOPPED = "stopped"  # its processes are gone, because of the cancel
    PASS = "pass"
    FAIL = "fail"
    INVALIDATE = "invalidate"
    LEAVE_OPEN = "leave open"  # inconclusive for good
    REFUSE = "refuse"
    GIVE_UP = "give up"  # no budget left
    REQUEUE = "requeue"  # a person wants it tried again


_VERDICTS = {
    Event.PASS: State.PASSED,
    Event.FAIL: State.FAILED,
    Event.INVALIDATE: State.INVALID,
    Event.LEAVE_OPEN: State.INCONCLUSIVE,
    Event.REFUSE: State.REFUSED,
}

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.WAITING, Event.TAKE): State.RUNNING,
    (State.WAITING, Event.FOLLOW): State.FOLLOWING,
    (State.WAITING, Event.CANCEL): State.CANCELLED,
    (State.WAITING, Event.REFUSE): State.REFUSED,
    (State.FOLLOWING, Event.TAKE): State.RUNNING,
    (State.FOLLOWING, Event.RELEASE): State.WAITING,
    (State.FOLLOWING, Event.CANCEL): State.CANCELLED,
    (State.FOLLOWING, Event.GIVE_UP): State.DEAD,
    (State.RUNNING, Event.ADVANCE): State.WAITING,
    (State.RUNNING, Event.AGAIN): State.WAITING,
    (State.RUNNING, Event.CANCEL): State.CANCELLING,
    (State.RUNNING, Event.HAND_OVER): State.CANCELLED,
    (State.RUNNING, Event.GIVE_UP): State.DEAD,
    # A verdict that came before the end of its processes stands; anything less is what was asked for.
    (State.CANCELLING, Event.STOPPED): State.CANCELLED,
    (State.CANCELLING, Event.ADVANCE): State.CANCELLED,
    (State.CANCELLING, Event.AGAIN): State.CANCELLED,
    (State.CANCELLING, Event.GIVE_UP): State.CANCELLED,
    (State.CANCELLING, Event.CANCEL): State.CANCELLING,
    (State.DEAD, Event.REQUEUE): State.WAITING,
} | {
    (state, event): end
    for state in (State.FOLLOWING, State.RUNNING, State.CANCELLING)
    for event, end in _VERDICTS.items()
}
"""Any pair that is not here is refused."""

VERDICT_OF: dict[Outcome, Event] = {
    Outcome.PASS: Event.PASS,
    Outcome.FAIL: Event.FAIL,
    Outcome.INVALID: Event.INVALIDATE,
    Outcome.UNDECIDED: Event.LEAVE_OPEN,
    Outcome.REFUSED: Event.REFUSE,
}
"""Outcomes that end a job whatever its budget."""


def after(state: State, event: Event) -> State:
    """Return the state that follows. Raises :class:`ToolError` for a pair that is not in the table."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ToolError(
            f"a job that is {state.value} cannot {event.value}",
            hint="another process moved it; see: hostkit queue list",
        )
    return following

"""What agents have used of their budgets, and whose breaker is open. Pure.

A flash is counted where it left evidence: each gate verdict that names a board and what was built for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hostkit.store.model import Attempt, End, Order, OrderKind, Phase, ProofKind, VerdictRecord
from hostkit.tasks.model import Agent, Hold, Limits

HOUR_NS = 3600 * 1_000_000_000
"""The window that flashes are counted in."""

_ITS_FAULT = (End.AGENT_FAILED, End.AGENT_TIMED_OUT)
_VARIES = re.compile(r"[0-9a-f]{7,}|\d+")  # hashes, pids, numbers of attempts, seconds


@dataclass(frozen=True, slots=True)
class Past:
    """What a decision about an agent rests on, and when it is made."""

    attempts: Sequence[Attempt]  # oldest first
    orders: Sequence[Order]
    verdicts: Sequence[VerdictRecord]  # of this project, of the last hour at least
    now_ns: int
    running: bool = True  # a runner is alive: an attempt that is not over is at work


def hold_of(agent: Agent, limits: Limits, past: Past) -> Hold | None:
    """Return why no work of this agent starts now, or None. What only a person can end comes first."""
    return _breaker(agent, limits.same_cause, past) or _wall(agent, past) or flashes_held(agent, limits, past)


def flashes_held(agent: Agent, limits: Limits, past: Past) -> Hold | None:
    """Return why no board is flashed for this agent now, or None: how it failed before is no reason."""
    return _flashes(
        f"agent {agent.name}", agent.budget.flashes_per_hour, flashes_for(agent, past), past
    ) or _flashes("the plan", limits.flashes_per_hour, flashes(past), past)


def has_room(agent: Agent, limits: Limits, past: Past, flying: Sequence[Agent]) -> bool:
    """Is there a flash left for this agent beside those that are under way now for ``flying``?"""
    own = sum(each.name == agent.name for each in flying)
    for most, used in (
        (agent.budget.flashes_per_hour, len(flashes_for(agent, past)) + own),
        (limits.flashes_per_hour, len(flashes(past)) + len(flying)),
    ):
        if most is not None and used >= most:
            return False
    return True


def cause_of(attempt: Attempt) -> str:
    """Return how an attempt ended, without what differs each time: equal for attempts that ended alike."""
    return f"{attempt.end.value}: {_VARIES.sub('#', attempt.why)}"


def alike(tried: Sequence[Attempt], cause: Callable[[Attempt], str] = cause_of) -> int:
    """Return how many of the newest attempts came to the same end. Those that a person ended never do."""
    row = 0
    for attempt in reversed(tried):
        if attempt.end in (End.STOPPED, End.CALLED_OFF) or (row and cause(attempt) != cause(tried[-1])):
            break
        row += 1
    return row


def flashes(past: Past) -> tuple[VerdictRecord, ...]:
    """Return the verdicts of the last hour for which a board was flashed, oldest first."""
    since = past.now_ns - HOUR_NS
    found = [
        record
        for record in past.verdicts
        if record.kind is ProofKind.GATE and record.board and record.build_id and record.decided_ns > since
    ]
    return tuple(sorted(found, key=lambda record: record.decided_ns))


def flashes_for(agent: Agent, past: Past) -> tuple[VerdictRecord, ...]:
    """Return the flashes that this agent caused: for commits that it claimed, or while it was at work.

    Of the latter those for another agent's claim are left out; where it is not clear whose a flash was,
    it counts.
    """
    own = [attempt for attempt in past.attempts if attempt.agent == agent.name]
    claimed = {attempt.commit for attempt in own if attempt.commit}
    others = {attempt.commit for attempt in past.attempts if attempt.commit} - claimed
    return tuple(
        record
        for record in flashes(past)
        if record.commit in claimed
        or (record.commit not in others and any(_at_work(each, record.decided_ns) for each in own))
    )


def worked_ns(agent: Agent, past: Past) -> int:
    """Return how long an agent was at work, over all of its attempts."""
    own = (attempt for attempt in past.attempts if attempt.agent == agent.name)
    now = past.now_ns if past.running else 0  # a runner that died: nobody knows yet how far it came
    return sum(max(0, (_left(attempt) or now) - attempt.began_ns) for attempt in own)


def _left(attempt: Attempt) -> int:
    return attempt.left_ns or attempt.ended_ns


def _judged(attempt: Attempt) -> bool:
    """Has the agent left, and was that looked at? How it ended is written a moment after that it did."""
    return bool(_left(attempt)) and attempt.phase is not Phase.RUNNING


def _at_work(attempt: Attempt, at_ns: int) -> bool:
    return attempt.began_ns <= at_ns and (not _left(attempt) or at_ns <= _left(attempt))


def _wall(agent: Agent, past: Past) -> Hold | None:
    most = agent.budget.wall_s
    if most is None or worked_ns(agent, past) < most * 1e9:
        return None
    return Hold(
        f"agent {agent.name} has used its time: {worked_ns(agent, past) / 1e9:.0f} s of {most:g} s; "
        f"raise budget.wall_s of agents.{agent.name}"
    )


def _flashes(whose: str, most: int | None, seen: Sequence[VerdictRecord], past: Past) -> Hold | None:
    if most is None or len(seen) < most:
        return None
    until_ns = seen[-most].decided_ns + HOUR_NS
    minutes = (until_ns - past.now_ns) / 60e9
    return Hold(f"{whose} has used its {most} flashes an hour; the next in {minutes:.0f} min", until_ns)


def _breaker(agent: Agent, most: int, past: Past) -> Hold | None:
    """Hold an agent that fails alike at one task after the other: it is the agent then, not the tasks."""
    last_retry = max((order.at_ns for order in past.orders if order.kind is OrderKind.RETRY), default=0)
    over = [
        attempt
        for attempt in past.attempts
        if attempt.agent == agent.name and attempt.began_ns > last_retry and _judged(attempt)
    ]
    row = over[-most:]
    alike = all(cause_of(one) == cause_of(next_one) for one, next_one in pairwise(row))
    if len(row) < most or not alike or row[-1].end not in _ITS_FAULT or len({a.task for a in row}) == 1:
        return None
    return Hold(
        f"agent {agent.name} ended {most} attempts in a row alike ({row[-1].end.value}: {row[-1].why}); "
        f"set it right, then: hostkit tasks retry {row[-1].task}"
    )

"""The merge train as a state machine, without I/O: what to test next, who merges, who drops out.

A *stack* is the first changes of the line, merged in order on top of the target's tip; the empty stack is
the tip itself. The target only ever goes to a stack that passed as it is. A change is ejected only when its
stack fails where the same stack without it is known to pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

Stack = tuple[str, ...]
"""Ids of changes, in order, on top of the target's tip."""

TIP: Stack = ()
"""The target as it is."""


class Outcome(Enum):
    """How the test of a stack ended."""

    PASS = "pass"
    FAIL = "fail"
    CONFLICT = "conflict"  # the changes do not merge
    UNKNOWN = "inconclusive"  # board, link, tool or evidence: says nothing of the change


@dataclass(frozen=True, slots=True)
class Limits:
    """``lanes`` stacks at once; the window begins at ``window`` and ends at ``widest`` changes.

    An UNKNOWN outcome is asked again until there were ``tries`` of the same stack.
    """

    lanes: int = 1
    window: int = 4
    widest: int = 16
    tries: int = 3


@dataclass(frozen=True, slots=True)
class Train:
    """Where the train stands. ``decided`` holds no PASS but the tip's: what passes is merged at once."""

    queue: Stack
    limits: Limits
    window: int
    decided: Mapping[Stack, Outcome] = field(default_factory=dict)
    tried: Mapping[Stack, int] = field(default_factory=dict)  # UNKNOWN outcomes so far
    running: frozenset[Stack] = frozenset()

    @classmethod
    def of(cls, queue: Stack, limits: Limits, *, tip_passed: bool = False) -> Train:
        """Return a train that has tested nothing yet, but may know that the tip has a pass."""
        return cls(queue, limits, limits.window, {TIP: Outcome.PASS} if tip_passed else {})


@dataclass(frozen=True, slots=True)
class Step:
    """What one outcome led to: first the target goes to ``merged``, then ``ejected`` drops out."""

    train: Train
    merged: Stack = ()
    ejected: str = ""
    why: Outcome = Outcome.PASS  # of the ejected change: FAIL or CONFLICT


def joined(train: Train, change: str) -> Train:
    """Put a change at the end of the line."""
    return replace(train, queue=(*train.queue, change))


def moved(train: Train) -> Train:
    """Forget every outcome: somebody else moved the target. What runs is of no use any more."""
    return Train(train.queue, train.limits, train.window)


def withdrawn(train: Train, change: str) -> Train:
    """Take a change out of the line, with every stack that it is in."""
    return _without(train, change)


def wanted(train: Train) -> tuple[Stack, ...]:
    """Return the stacks to start now, at most as many as lanes are free; none twice, none decided."""
    free = train.limits.lanes - len(train.running)
    fresh = [stack for stack in _useful(train) if stack not in train.running and stack not in train.decided]
    return tuple(fresh[: max(0, free)])


def started(train: Train, stack: Stack) -> Train:
    """Return the train with a test under way."""
    return replace(train, running=train.running | {stack})


def held(train: Train) -> str:
    """Return why a train that has changes, and nothing left to test, goes no further; "" while it goes on."""
    if train.running or wanted(train) or not train.queue:
        return ""
    first = train.decided.get(train.queue[:1])
    tip = train.decided.get(TIP)
    if first is Outcome.FAIL and tip is Outcome.FAIL:
        return "the target itself fails, and no change repairs it"
    said = "the target" if first is Outcome.FAIL else train.queue[0]
    return f"{said} was inconclusive {train.limits.tries} times: neither its fault nor a pass"


def ended(train: Train, stack: Stack, outcome: Outcome) -> Step:
    """Take in how a test ended. One of a stack that is no longer in the line changes nothing."""
    if stack not in train.running:
        return Step(train)
    train = replace(train, running=train.running - {stack})
    if outcome is Outcome.UNKNOWN:
        count = train.tried.get(stack, 0) + 1
        train = replace(train, tried={**train.tried, stack: count})
        if count < train.limits.tries:
            return Step(train)
    merged = stack if outcome is Outcome.PASS else TIP
    train = replace(train, decided={**train.decided, stack: outcome})
    if merged:
        train = _onward(train, merged)
    return _judged(train, merged)


def renamed(stack: Stack, merged: Stack) -> Stack | None:
    """Return what a stack is called once ``merged`` is in the target; None when it is in there as well."""
    return stack[len(merged) :] if stack[: len(merged)] == merged and len(stack) > len(merged) else None


def _judged(train: Train, merged: Stack) -> Step:
    """Eject the first change when it is known that it, and nothing before it, is the cause."""
    if not train.queue:
        return Step(train, merged)
    why = train.decided.get(train.queue[:1])
    certain = why is Outcome.CONFLICT or (why is Outcome.FAIL and train.decided.get(TIP) is Outcome.PASS)
    if not certain or why is None:
        return Step(train, merged)
    guilty = train.queue[0]
    train = _without(train, guilty)
    return Step(replace(train, window=max(1, train.window // 2)), merged, guilty, why)


def _onward(train: Train, merged: Stack) -> Train:
    """Move the tip to a stack that passed; longer ones keep their outcomes: they are the same commits."""
    return replace(
        train,
        queue=train.queue[len(merged) :],
        window=min(train.limits.widest, train.window + len(merged)),
        decided={TIP: Outcome.PASS}
        | {new: was for old, was in train.decided.items() if (new := renamed(old, merged)) is not None},
        tried={new: n for old, n in train.tried.items() if (new := renamed(old, merged)) is not None},
        running=frozenset(new for old in train.running if (new := renamed(old, merged)) is not None),
    )


def _without(train: Train, change: str) -> Train:
    return replace(
        train,
        queue=tuple(each for each in train.queue if each != change),
        decided={stack: was for stack, was in train.decided.items() if change not in stack},
        tried={stack: count for stack, count in train.tried.items() if change not in stack},
        running=frozenset(stack for stack in train.running if change not in stack),
    )


def _useful(train: Train) -> list[Stack]:
    """Return the stacks whose outcome helps most, best first, running ones among them.

    With a lane for each change that is every stack of the window; with one lane it is the whole window
    (a batch) and, once that failed, the middle of what is not known: bisection. Between the two the lanes
    are spread evenly.
    """
    width, lanes = min(train.window, len(train.queue)), train.limits.lanes
    stop = next((n for n in range(1, len(train.queue) + 1) if train.queue[:n] in train.decided), None)
    if stop is None:
        sizes = {-(-width * lane // lanes) for lane in range(1, lanes + 1)} - {0}
    elif stop > 1:
        sizes = {min(stop - 1, max(1, stop * lane // (lanes + 1))) for lane in range(1, lanes + 1)}
    elif train.decided[train.queue[:1]] is not Outcome.FAIL:
        return []
    elif train.decided.get(TIP) is Outcome.FAIL:  # only a change further back can repair the target
        sizes = set(range(2, width + 1))
    else:
        return [TIP]
    return [train.queue[:size] for size in sorted(sizes)]

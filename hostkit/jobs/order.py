"""Who is next: by priority, which waiting raises; fair between submitters inside a priority.

Each line (one for build slots, one for each set of boards) is fair by *tags*: a submitter's jobs get
consecutive numbers that start after the number that was served last, so that a hundred jobs of one and one
job of another are served one, other, one, one … and not after a hundred. Between lines and priorities the
head that waited longest is first, where each step of priority counts as :data:`AGING_S` of waiting. So every
job is served: those before it in its line are finite, and its line's head gets older with every second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

AGING_S = 600.0
"""How much waiting is worth one step of priority."""

HIGHEST = 9
"""Priorities go from -9 to 9; 0 is usual."""


@dataclass(frozen=True, slots=True)
class Head:
    """A job that its line and priority would serve next. ``entered_ns``: when it came into that line."""

    job: int
    line: str
    priority: int
    tag: int
    entered_ns: int


def next_tag(served: int, last_own: int) -> int:
    """Return the tag of a job that enters now.

    ``served``: the highest tag that was served in this line and priority; ``last_own``: the highest of its
    submitter's that still waits there, 0 for none.
    """
    return max(served, last_own) + 1


def urgency(head: Head) -> int:
    """Return what heads are compared by: when it would have come, had its priority been waiting."""
    return head.entered_ns - round(head.priority * AGING_S * 1e9)


def in_order(heads: Iterable[Head]) -> list[Head]:
    """Return who is served first, second, …, where each may be of the same line as the one before.

    In each line and priority the order is that of the tags.
    """
    lines: dict[tuple[str, int], list[Head]] = {}
    for head in sorted(heads, key=lambda each: (each.tag, each.job)):
        lines.setdefault((head.line, head.priority), []).append(head)
    served = []
    while lines:
        key = min(lines, key=lambda each: (urgency(lines[each][0]), lines[each][0].tag, lines[each][0].job))
        served.append(lines[key].pop(0))
        if not lines[key]:
            del lines[key]
    return served

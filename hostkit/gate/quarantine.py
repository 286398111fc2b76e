"""What a quarantine does to a decision: a test is set aside, as if it were not there, and that is said.

It takes the test's trouble away, and takes its help away too: a pass with an entry is a pass of the suite
without the tests that the entry names, never more. A rung that has no other test is not reached. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from hostkit.gate.model import Facts, Finding, Observation, QuarantineFact
from hostkit.gate.waivers import names_test, waiver_of
from hostkit.hil.quarantine import MOST_DAYS
from hostkit.store.model import Verdict


def covers(entry: QuarantineFact, test: str) -> bool:
    """Tell whether an entry names a test: by its node id, or by the end of it from a file on."""
    return names_test(entry.test, test)


def entry_of(facts: Facts, seen: Observation) -> QuarantineFact | None:
    """Return the first entry that names a test, None for a test that counts."""
    return next((entry for entry in facts.quarantine if covers(entry, seen.test)), None)


def set_aside(facts: Facts) -> Facts:
    """Return the facts with only those tests that count: neither in quarantine nor waived."""
    if not facts.quarantine and not facts.waivers:
        return facts
    counting = tuple(
        seen
        for seen in facts.observations
        if entry_of(facts, seen) is None and waiver_of(facts, seen) is None
    )
    return replace(facts, observations=counting)


def told_aside(facts: Facts) -> Iterator[str]:
    """Return a line for each test that does not count: how it ended, until when, and who owns it."""
    for seen in facts.observations:
        entry = entry_of(facts, seen)
        if entry is not None:
            until = f"in quarantine until {entry.expires}: {entry.owner}, {entry.reason}"
            yield f"{seen.test} ({seen.outcome.value}, {until})"


def check_quarantine(facts: Facts) -> Iterator[Finding]:
    """An entry that has ended, ends too far ahead or names no test would hide something, or nothing."""
    suite = facts.suite
    whole = suite is not None and suite.finished and not facts.selection
    for entry in facts.quarantine:
        problem = _problem(entry, facts.today)
        if not problem and whole and not any(covers(entry, seen.test) for seen in facts.observations):
            problem = "names no test of the suite"
        if problem:
            yield Finding(Verdict.INVALID, f"{entry.place}: the quarantine of {entry.test} {problem}")


def _problem(entry: QuarantineFact, today: str) -> str:
    try:
        ends, now = date.fromisoformat(entry.expires), date.fromisoformat(today)
    except ValueError:
        return "has no date"
    if ends < now:
        return f"ended on {entry.expires}"
    if ends > now + timedelta(days=MOST_DAYS):
        return f"ends more than {MOST_DAYS} days ahead"
    return "" if entry.owner and entry.reason else "has no owner or no reason"

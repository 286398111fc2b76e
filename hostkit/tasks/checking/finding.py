"""What a check found out."""

from __future__ import annotations

from dataclasses import dataclass

from hostkit.store.model import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reason, in one line. What cannot be told is inconclusive, never a pass."""

    verdict: Verdict
    reason: str


def passed(reason: str) -> Finding:
    """Return a pass."""
    return Finding(Verdict.PASS, reason)


def failed(reason: str) -> Finding:
    """Return a fail: the commit does not do what is asked."""
    return Finding(Verdict.FAIL, reason)


def unknown(reason: str) -> Finding:
    """Return that it cannot be told: nobody's fault yet."""
    return Finding(Verdict.INCONCLUSIVE, reason)

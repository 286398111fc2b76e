"""How far up the rungs what was seen goes. Pure."""

from __future__ import annotations

from hostkit.gate.model import Facts, Rules
from hostkit.hil.duration import LEAST_SOAK_S, SOAKED_FOR
from hostkit.hil.observations import Outcome
from hostkit.store.model import Rung

BY_RECORD = (Rung.BUILT, Rung.BOOTED)
"""Rungs that are shown by the build, the flash and the identity, not by tests."""

_EXECUTED = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.FLAKY)  # an answer about the firmware


def executed(facts: Facts, rung: Rung) -> bool:
    """True if a test of a rung gave an answer about the firmware."""
    return any(seen.rung is rung and seen.outcome in _EXECUTED for seen in facts.observations)


def reached_rung(rules: Rules, facts: Facts) -> Rung | None:
    """Climb while each rung stands, and return the highest that does.

    One stands when its records agree, its tests ran and passed, and none was skipped.
    """
    reached: Rung | None = None
    for rung in Rung:
        if not _stands(rules, facts, rung):
            return reached
        reached = rung
    return reached


def _stands(rules: Rules, facts: Facts, rung: Rung) -> bool:
    if rung is Rung.BUILT:
        return facts.build is not None or not rules.build
    if rung is Rung.BOOTED:
        agree = facts.build is None or (
            facts.identity is not None and facts.identity.build_id == facts.build.build_id
        )
        if facts.identity is None or not agree:
            return False
    mine = [
        seen
        for seen in facts.observations
        if seen.rung is rung and seen.outcome is not Outcome.NOT_APPLICABLE
    ]
    if rung is Rung.SOAKED and soaked_s(facts) < LEAST_SOAK_S:
        return False
    shown = bool(mine) or rung in BY_RECORD
    return shown and all(seen.outcome is Outcome.PASSED for seen in mine)


def soaked_s(facts: Facts) -> float:
    """Return how long the suite says that it soaked, and took."""
    said = [(seen.numbers.get(f"{SOAKED_FOR} [s]", 0.0), seen.seconds) for seen in facts.observations]
    return max((min(soaked, took) for soaked, took in said), default=0.0)

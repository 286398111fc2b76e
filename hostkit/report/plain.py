"""A gate's result as a JSON value with stable names."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hostkit.gate.model import GateResult, Observation
from hostkit.hil.observations import Outcome

SCHEMA = "hostkit.gate/1"
"""Raised when a field changes its meaning or goes; new fields do not raise it."""


def as_record(result: GateResult) -> dict[str, Any]:
    """Return what ``--json`` prints: seconds, absolute paths, enums as their words, null for what is not."""
    facts, decision = result.facts, result.decision
    return {
        "schema": SCHEMA,
        "verdict": decision.verdict.value,
        "exit_code": int(decision.verdict.exit_code),
        "rung": decision.rung.word if decision.rung else None,
        "reasons": list(decision.reasons),
        "hint": facts.hint,
        "not_established": list(decision.open),
        "waived": [waived.said for waived in decision.waived],
        "run": result.run_id,
        "env": result.env,
        "board": result.board,
        "fidelity": facts.fidelity.name.lower() if facts.fidelity else None,
        "build": facts.build.build_id if facts.build else None,
        "commit": facts.build.commit if facts.build else None,
        "dirty": facts.build.dirty if facts.build else None,
        "parents": list(result.parents),
        "identity": facts.identity.build_id if facts.identity else None,
        "identities": {  # of each of the boards that shared the suite
            share.board: share.facts.identity.build_id if share.facts.identity else None
            for share in facts.shares
        },
        "selection": facts.selection,
        "stopped_at": facts.stop.stage.value if facts.stop else None,
        "rules": result.rules.plain(),
        "counts": counts(facts.observations),
        "patterns": {name: counts(seen) for name, seen in by_pattern(facts.observations).items()},
        "tests": [_test(seen) for seen in facts.observations],
        "seconds": {stage: round(took, 3) for stage, took in result.seconds.items()},
        "evidence": result.evidence,
        "evidence_sha256": result.evidence_sha256,
        "ledger": result.ledger_seq or None,
    }


def counts(observations: tuple[Observation, ...]) -> dict[str, int]:
    """Return how many tests ended in each way that occurred."""
    found = Counter(seen.outcome for seen in observations)
    return {outcome.value: found[outcome] for outcome in Outcome if found[outcome]}


def by_pattern(observations: tuple[Observation, ...]) -> dict[str, tuple[Observation, ...]]:
    """Return the observations of each pattern, in the order in which patterns first came up."""
    groups: dict[str, list[Observation]] = {}
    for seen in observations:
        if seen.pattern:
            groups.setdefault(seen.pattern, []).append(seen)
    return {name: tuple(seen) for name, seen in groups.items()}


def _test(seen: Observation) -> dict[str, Any]:
    return {
        "test": seen.test,
        "outcome": seen.outcome.value,
        "rung": seen.rung.word if seen.rung else None,
        "pattern": seen.pattern or None,
        "seconds": round(seen.seconds, 6),
        "message": seen.message,
        "numbers": dict(seen.numbers),
    }

"""Does the ledger hold a pass for this check and this commit? Pure, and the only source of «verified»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hostkit.boards.model import Fidelity
from hostkit.store.model import ProofKind, Rung, Verdict, VerdictRecord
from hostkit.tasks.model import ANY_BOARD, Check, GateCheck


@dataclass(frozen=True, slots=True)
class Proof:
    """What the ledger says of one check at one commit; ``verdict`` None: it was never asked."""

    check: Check
    verdict: Verdict | None
    reason: str
    evidence: str = ""
    record: VerdictRecord | None = None  # the verdict that it rests on


def proofs_of(checks: Sequence[Check], records: Sequence[VerdictRecord]) -> tuple[Proof, ...]:
    """Return one proof a check. ``records``: all verdicts about one commit, oldest first."""
    return tuple(_proof(check, records) for check in checks)


def judge(proofs: Sequence[Proof]) -> Verdict | None:
    """Return PASS only when every check has a pass; else the worst verdict, None when one was never asked."""
    verdicts = [proof.verdict for proof in proofs]
    given = [verdict for verdict in verdicts if verdict is not None]
    if any(verdict is Verdict.FAIL for verdict in given):
        return Verdict.FAIL
    if not verdicts or len(given) < len(verdicts):
        return None
    return max(given, key=lambda verdict: verdict.severity)


def _proof(check: Check, records: Sequence[VerdictRecord]) -> Proof:
    """Take the newest pass or fail that fits the check; only where there is none, the newest other one."""
    fitting = [record for record in records if _fits(check, record)]
    deciding = [record for record in fitting if record.verdict in (Verdict.PASS, Verdict.FAIL)]
    if deciding:
        return _of(check, deciding[-1])
    return _of(check, fitting[-1]) if fitting else Proof(check, None, f"{check.title} was not asked yet")


def _of(check: Check, record: VerdictRecord) -> Proof:
    reason = record.reasons[0] if record.reasons else record.verdict.value
    if record.verdict is Verdict.PASS and isinstance(check, GateCheck) and not _reaches(check, record):
        reason = f"a pass on a {record.fidelity} board up to rung {record.rung or 'none'} is not enough"
        return Proof(check, Verdict.INCONCLUSIVE, reason, record.evidence, record)
    return Proof(check, record.verdict, reason, record.evidence, record)


def _fits(check: Check, record: VerdictRecord) -> bool:
    """Is the record an answer to this check about the commit itself, with nothing added or left out?"""
    if record.dirty:
        return False
    if not isinstance(check, GateCheck):
        return record.kind is ProofKind.COMMAND and record.suite == check.digest
    return (
        record.kind is ProofKind.GATE
        and not record.selection
        and record.env == check.env
        and check.board in (ANY_BOARD, record.board)
    )


def _reaches(check: GateCheck, record: VerdictRecord) -> bool:
    fidelity = {fidelity.name.lower(): fidelity for fidelity in Fidelity}.get(record.fidelity)
    rung = {rung.word: rung for rung in Rung}.get(record.rung)
    return (
        rung is not None
        and rung >= check.min_rung
        and fidelity is not None
        and fidelity >= check.min_fidelity
    )

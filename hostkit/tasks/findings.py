"""What a brief says of work before this: results of what is needed, evidence of what went wrong."""

from __future__ import annotations

from pathlib import Path

from hostkit.store.model import ProofKind, Verdict
from hostkit.tasks.model import Task
from hostkit.tasks.proof import Proof, proofs_of
from hostkit.tasks.workshop import Workshop

_MOST_REASONS = 8  # of one verdict: the page and the evidence have all
_MOST_FILES = 12


def results_of_needs(shop: Workshop, task: Task) -> tuple[str, ...]:
    """Return one line for each task that this one needs: its commit, what it changed, what proved it."""
    found = []
    for need in task.needs:
        claimed = [attempt for attempt in shop.tried(need) if attempt.commit]
        if not claimed:
            continue
        last = claimed[-1]
        changed = shop.git.changed_between(claimed[0].base, last.commit) if claimed[0].base else ()
        more = f" and {len(changed) - _MOST_FILES} more" if len(changed) > _MOST_FILES else ""
        files = ", ".join(f"`{path}`" for path in changed[:_MOST_FILES]) + more
        proofs = proofs_of(shop.plan.tasks[need].checks, shop.records(last.commit))
        shown = "; ".join(f"{proof.check.title}: {proof.reason}{_where(proof)}" for proof in proofs)
        title = shop.plan.tasks[need].title
        found.append(f"`{need}` ({title}): commit `{last.commit[:12]}` changed {files or 'nothing'}; {shown}")
    return tuple(found)


def evidence_of_failure(shop: Workshop, task: Task) -> tuple[str, ...]:
    """Return what the newest attempt left: reasons of each check that did not pass, its evidence, logs."""
    tried = shop.tried(task.id)
    if not tried:
        return ()
    last = tried[-1]
    found = [f"agent's output: `{last.log}`"] if last.log else []
    if not last.commit:
        return tuple(found)
    for proof in proofs_of(task.checks, shop.records(last.commit)):
        if proof.verdict is Verdict.PASS or proof.record is None:
            continue
        found += [f"{proof.check.title}: {reason}" for reason in proof.record.reasons[:_MOST_REASONS]]
        if rest := proof.record.reasons[_MOST_REASONS:]:
            found.append(f"{proof.check.title}: {len(rest)} more reasons in the evidence")
        found.append(f"{proof.check.title}: evidence{_where(proof)}")
        if proof.record.kind is ProofKind.GATE:
            found.append(f"its page, with measurements: `hostkit report html {Path(proof.evidence).name}`")
    return tuple(found)


def _where(proof: Proof) -> str:
    return f" (`{proof.evidence}`)" if proof.evidence else ""

"""Verified work into the target branch: only to a commit that itself has a pass."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hostkit.store.model import ProofKind, Verdict
from hostkit.tasks.joining import advance, join
from hostkit.tasks.model import Task
from hostkit.tasks.proof import judge, proofs_of
from hostkit.tasks.proving import prove
from hostkit.tasks.standing import reason_of
from hostkit.tasks.workshop import Workshop

_TRIES = 3  # how often the target may move under a merge


@dataclass(frozen=True, slots=True)
class Merged:
    """How a merge ended: ``commit`` is the target's new tip, or "" with the reason why not."""

    commit: str
    why: str


def merge(shop: Workshop, task: Task, commit: str) -> Merged:
    """Bring a verified commit into the target branch, by fast-forward or by a merge that has its own pass.

    The branch moves by compare-and-swap. Where it is checked out, the working tree moves along, and
    uncommitted changes there stop the merge rather than being touched.
    """
    target = shop.plan.target
    for _ in range(_TRIES):
        tip = shop.git.resolve(f"refs/heads/{target}")
        if shop.git.is_ancestor(commit, tip):
            return Merged(tip, "")
        ahead = shop.git.is_ancestor(tip, commit)
        joined = Merged(commit, "") if ahead else _joined(shop, task, tip, commit)
        if not joined.commit:
            return joined
        if why := _unproved(shop, task, joined.commit):
            return Merged("", why)
        why = advance(shop.git, target, tip, joined.commit)
        if not why:
            return joined
        if shop.git.resolve(f"refs/heads/{target}") == tip:
            return Merged("", why)
    return Merged("", f"{target} moved {_TRIES} times while the merge was proved; run again")


def _unproved(shop: Workshop, task: Task, commit: str) -> str:
    """Return why the commit may not go in, or "": it has a pass, and the evidence of each gate is intact."""
    proofs = proofs_of(task.checks, shop.records(commit))
    if judge(proofs) is not Verdict.PASS:
        return f"{commit[:12]} has no pass"
    for proof in proofs:
        record = proof.record
        if record is None or record.kind is not ProofKind.GATE:
            continue
        for problem in shop.doubts(record, True):
            return (
                f"the evidence of {proof.check.title} is not intact: {problem} in {record.evidence}; "
                f"prove {commit[:12]} once more with `hostkit gate`"
            )
    return ""


def _joined(shop: Workshop, task: Task, tip: str, commit: str) -> Merged:
    """Make the merge commit in a worktree of its own and prove it there."""
    with shop.worktrees.apart("merge", tip) as git:
        made, why = join(git, tip, commit, f"Merge {task.id}: {task.title}")
        if not made:
            return Merged("", why)
        shop.tell(task.id, f"{shop.plan.target} has moved: the gate runs on the merge {made[:12]}")
        log = shop.folders.log(task.id, len(shop.tried(task.id)), "merge")
        why = prove(shop, task.checks, git.directory, log, secrets.token_hex(16))
        proofs = proofs_of(task.checks, shop.records(made))
        verdict = judge(proofs)
        if verdict is Verdict.PASS:
            return Merged(made, "")
        return Merged("", f"merged with {shop.plan.target}: {why or reason_of(proofs, verdict)}")

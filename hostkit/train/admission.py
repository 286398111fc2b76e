"""May this push go in? The protected branch only takes commits that have a signed pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from hostkit.errors import UsageError
from hostkit.store.model import Verdict, VerdictRecord
from hostkit.tasks.model import GateCheck
from hostkit.tasks.proof import Proof, proofs_of
from hostkit.tasks.workshop import Doubts, vouched

Records = Callable[[str], Sequence[VerdictRecord]]
"""Given a commit, the verdicts about it, oldest first."""


class Hook(Enum):
    """A git hook that can refuse a push."""

    PRE_PUSH = "pre-push"  # in the pusher's repository; --no-verify goes round it
    PRE_RECEIVE = "pre-receive"  # in the repository that is pushed to; nothing goes round it


@dataclass(frozen=True, slots=True)
class Update:
    """One ref that a push moves; ``commit`` is all zeros where it deletes the ref."""

    ref: str
    commit: str

    @property
    def deletes(self) -> bool:
        """True when the ref goes away."""
        return set(self.commit) == {"0"}


def read_updates(hook: Hook, text: str) -> tuple[Update, ...]:
    """Read what git writes to a hook's standard input (githooks(5)). Raises :class:`UsageError`."""
    wanted = 4 if hook is Hook.PRE_PUSH else 3
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) != wanted:
            raise UsageError(
                f"{line!r} is not what git tells a {hook.value} hook",
                hint="git runs it; by hand there is nothing to check",
            )
        commit, ref = words[1:3]
        found.append(Update(ref, commit))
    return tuple(found)


def refusals(
    updates: Sequence[Update],
    target: str,
    checks: Callable[[str], Sequence[GateCheck]],
    records: Records,
    doubts: Doubts,
) -> tuple[str, ...]:
    """Return why a push may not go in, empty when it may. Other refs than the target's always may.

    ``checks``: given a commit, what it must show, at least one thing.
    """
    found = []
    for update in updates:
        if update.ref != f"refs/heads/{target}":
            continue
        if update.deletes:
            found.append(f"{target} is protected: it is not deleted")
            continue
        why = (unproved(update.commit, check, records, doubts) for check in checks(update.commit))
        found += [f"{target} takes no {update.commit[:12]}: {reason}" for reason in why if reason]
    return tuple(found)


def proof_of(commit: str, check: GateCheck, records: Records, doubts: Doubts) -> Proof:
    """Return what the ledger says of a check; the evidence was looked at, but not derived anew."""
    return proofs_of([check], [vouched(record, doubts) for record in records(commit)])[0]


def unproved(commit: str, check: GateCheck, records: Records, doubts: Doubts) -> str:
    """Return why a commit does not count, "" when it has a pass whose evidence a whole check accepts."""
    proof = proof_of(commit, check, records, doubts)
    if proof.verdict is not Verdict.PASS or proof.record is None:
        return proof.reason if proof.verdict is None else f"{proof.verdict.value}: {proof.reason}"
    for problem in doubts(proof.record, True):
        return f"the evidence of its pass is not intact: {problem}"
    return ""

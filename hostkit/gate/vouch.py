"""Is an entry of the ledger backed by evidence that a trusted key signed, and that says the same?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostkit.errors import InvalidError
from hostkit.files import canonical_json
from hostkit.gate.folder import read_folder, shown
from hostkit.gate.keys import PublicKey
from hostkit.gate.seal import SEAL, differences
from hostkit.gate.signed import signed_statement
from hostkit.gate.statement import Statement, board_names
from hostkit.store.model import LedgerEntry, ProofKind, VerdictRecord


@dataclass(frozen=True, slots=True)
class Waiving:
    """Whose waivers count where a verdict is relied on: ids of keys. ``today``: an ISO date."""

    may_waive: tuple[str, ...]
    today: str


def doubts(
    record: VerdictRecord, trusted: Sequence[PublicKey], waiving: Waiving | None, *, whole: bool
) -> tuple[str, ...]:
    """Return why a gate's entry cannot be relied on, empty when it can.

    Always checked: the bundle is there and every file is as signed, a ``trusted`` key signed it, and what
    it states is what the entry says. ``waiving``: what it waives must be waived here and now as well; None
    where that is no question. ``whole``: the verdict is derived anew from the parts besides, which takes a
    second for a whole suite instead of some milliseconds.
    """
    folder = read_folder(Path(record.evidence))
    try:
        statement, key = signed_statement(folder, trusted)
    except InvalidError as error:
        return (*folder.problems, f"{SEAL}: {shown(error.message)}")[:1]
    if hashlib.sha256(folder.files[SEAL]).hexdigest() != record.evidence_sha256:
        return (f"{SEAL} is not the one that the ledger names",)
    problems = [*folder.problems, *differences(folder.files, statement), *entry_mismatches(record, statement)]
    if waiving is not None:
        problems += _not_waived(statement.predicate, waiving)
    if whole and not problems:
        from hostkit.gate.verify import verify_folder  # noqa: PLC0415 - a cached pass needs it not

        problems += verify_folder(folder, key).problems
    return tuple(problems)


def _not_waived(predicate: Mapping[str, Any], waiving: Waiving) -> Iterator[str]:
    for waived in predicate.get("waived", ()):
        if waived["key_id"] not in waiving.may_waive:
            yield f"{waived['place']}: the key {waived['key_id'][:16]} may not waive here"
        elif waived["expires"] < waiving.today:
            yield f"{waived['place']}: what it waives, it did until {waived['expires']}"


def entry_mismatches(record: VerdictRecord, statement: Statement) -> Iterator[str]:
    """Yield the fields in which an entry says something else than the statement."""
    said = statement.predicate
    for name, value in _claims(record).items():
        if canonical_json(said.get(name)) != canonical_json(value):
            yield f"the ledger's entry and the signed statement differ in {name}"
    if ",".join(board_names(said)) != record.board:
        yield "the ledger's entry and the signed statement differ in board"


def _claims(record: VerdictRecord) -> dict[str, Any]:
    return {
        "run": record.run_id,
        "verdict": record.verdict.value,
        "rung": record.rung,
        "fidelity": record.fidelity,
        "commit": record.commit,
        "tree": record.tree,
        "dirty": record.dirty,
        "env": record.env,
        "build_id": record.build_id,
        "suite_sha256": record.suite,
        "selection": record.selection,
        "reasons": list(record.reasons),
        "decided_ns": record.decided_ns,
    }


def ledger_problems(
    entries: Sequence[LedgerEntry], here: Sequence[LedgerEntry], trusted: Sequence[PublicKey]
) -> tuple[str, ...]:
    """Return where a ledger and the evidence that is ``here`` contradict each other.

    Every bundle states which entry was the newest when it was signed. So whoever writes the chain anew
    after an edit must also sign anew what came after it.
    """
    place = {"": 0} | {entry.digest: entry.seq for entry in entries}
    problems: list[str] = []
    for entry in here:
        if entry.record.kind is not ProofKind.GATE:
            continue
        name = f"entry {entry.seq} (run {shown(entry.record.run_id)})"
        problems += [f"{name}: {doubt}" for doubt in doubts(entry.record, trusted, None, whole=False)]
        folder = read_folder(Path(entry.record.evidence))
        try:
            before = signed_statement(folder, trusted)[0].origin.ledger
        except InvalidError:
            continue  # said already
        if place.get(before, entry.seq) >= entry.seq:
            problems.append(f"{name} was signed after an entry {shown(before)[:12]} that is not before it")
    return tuple(problems)

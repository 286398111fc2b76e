"""The verdict ledger: append only, each entry linked by hash to the one before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, select

from hostkit.errors import InvalidError
from hostkit.store.database import Database
from hostkit.store.model import (
    GENESIS,
    LedgerEntry,
    ProofKind,
    Verdict,
    VerdictRecord,
    entry_digest,
    first_broken,
)
from hostkit.store.tables import ledger_head, verdicts


class Ledger:
    """Verdicts of every project of this user, in the order in which they were given."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database

    @property
    def database(self) -> Database:
        """Return the database that it is in, with whatever else is in there."""
        return self._database

    def append(self, record: VerdictRecord) -> LedgerEntry:
        """Add a verdict at the end and return its entry, durably. A run id can be used once."""
        with self._database.write() as connection:
            last = connection.execute(
                select(verdicts.c.digest).order_by(verdicts.c.seq.desc()).limit(1)
            ).scalar()
            previous = last or GENESIS
            digest = entry_digest(previous, record)
            row = record.plain() | {"reasons": json.dumps(record.reasons, ensure_ascii=False)}
            done = connection.execute(verdicts.insert().values(previous=previous, digest=digest, **row))
            seq = done.inserted_primary_key[0] if done.inserted_primary_key else 0
            connection.execute(ledger_head.update().values(entries=ledger_head.c.entries + 1, digest=digest))
        return LedgerEntry(int(seq), previous, digest, record)

    def newest(self) -> str:
        """Return the digest of the newest entry, "" when there is none."""
        with self._database.read() as connection:
            return str(
                connection.execute(
                    select(verdicts.c.digest).order_by(verdicts.c.seq.desc()).limit(1)
                ).scalar()
                or ""
            )

    def of_commit(self, commit: str) -> tuple[LedgerEntry, ...]:
        """Return the entries about one commit, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(verdicts).where(verdicts.c.commit == commit).order_by(verdicts.c.seq)
            ).mappings()
            return tuple(_entry(row) for row in rows)

    def since(self, project: str, decided_ns: int) -> tuple[VerdictRecord, ...]:
        """Return a project's verdicts that were given at that time or later, oldest first."""
        wanted = (verdicts.c.project == project, verdicts.c.decided_ns >= decided_ns)
        with self._database.read() as connection:
            rows = connection.execute(select(verdicts).where(*wanted).order_by(verdicts.c.seq)).mappings()
            return tuple(_entry(row).record for row in rows)

    def of_run(self, run_id: str) -> LedgerEntry | None:
        """Return the entry of one run, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(verdicts).where(verdicts.c.run_id == run_id)).mappings().first()
            return None if row is None else _entry(row)

    def entries(self) -> tuple[LedgerEntry, ...]:
        """Return everything, oldest first."""
        with self._database.read() as connection:
            return tuple(
                _entry(row)
                for row in connection.execute(select(verdicts).order_by(verdicts.c.seq)).mappings()
            )

    def check(self) -> int:
        """Return the number of entries when every link holds, and none is missing at the end.

        Raises :class:`InvalidError` that names the first entry that was changed, removed or put in.
        """
        with self._database.read() as connection:
            rows = connection.execute(select(verdicts).order_by(verdicts.c.seq)).mappings().all()
            head = connection.execute(select(ledger_head)).mappings().first()
        entries = _readable(rows)
        broken = first_broken(entries)
        if broken is not None:
            raise InvalidError(
                f"the ledger is broken at entry {broken.seq} (run {broken.record.run_id})",
                hint="someone edited the database; verdicts from there on prove nothing, run the gates again",
            )
        last = entries[-1].digest if entries else ""
        if head is None or (head["entries"], head["digest"]) != (len(entries), last):
            had = head["entries"] if head is not None else "an unknown number of"
            raise InvalidError(
                f"the ledger is broken at its end: it had {had} entries, it has {len(entries)}",
                hint="someone edited the database; what was removed can be proved again by its gates",
            )
        return len(entries)


def _readable(rows: Sequence[RowMapping]) -> tuple[LedgerEntry, ...]:
    """Return rows as entries. Raises :class:`InvalidError` for one that hostkit cannot have written."""
    entries = []
    for row in rows:
        try:
            entries.append(_entry(row))
        except (ValueError, TypeError) as error:
            raise InvalidError(
                f"the ledger is broken at entry {row['seq']} (run {row['run_id']}): {error}",
                hint="someone edited the database; verdicts from there on prove nothing",
            ) from error
    return tuple(entries)


def _entry(row: RowMapping) -> LedgerEntry:
    values: dict[str, Any] = dict(row)
    seq, previous, digest = values.pop("seq"), values.pop("previous"), values.pop("digest")
    values["kind"] = ProofKind(values["kind"])
    values["verdict"] = Verdict(values["verdict"])
    values["reasons"] = tuple(json.loads(values["reasons"]))
    return LedgerEntry(seq, previous, digest, VerdictRecord(**values))

"""The ledger's lines about one commit, read without the library that a whole ledger needs.

For an answer that must come in some milliseconds. What is read here decides only whether everything has to
be looked at again; who needs the chain's links asks :class:`hostkit.store.ledger.Ledger`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hostkit.store.model import LedgerEntry

FILE_NAME = "hostkit.db"
"""The user's own ledger, in the state directory."""


class Line(NamedTuple):
    """What a line of the ledger says, as its words. ``seq``: its place, from 1."""

    seq: int
    run_id: str
    verdict: str
    board: str
    build_id: str
    suite: str
    selection: str
    evidence_sha256: str


def line_of(entry: LedgerEntry) -> Line:
    """Return the same of an entry that was read in full."""
    record = entry.record
    return Line(
        entry.seq,
        record.run_id,
        record.verdict.value,
        record.board,
        record.build_id,
        record.suite,
        record.selection,
        record.evidence_sha256,
    )


def lines_of_commit(state: Path, commit: str) -> tuple[Line, ...]:
    """Return the lines about one commit, oldest first; none where the ledger cannot be read."""
    try:
        with closing(sqlite3.connect(f"{(state / FILE_NAME).as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                f'SELECT {", ".join(Line._fields)} FROM verdicts WHERE "commit" = ? ORDER BY seq',
                (commit,),
            ).fetchall()
    except (sqlite3.Error, ValueError):  # none there yet, or a state directory that is no absolute path
        return ()
    return tuple(Line(*row) for row in found)

"""Indexes of the queue that hold only the jobs that their questions are about.

Each that a new job has no part in is a page less for its commit to write, and none grows with what has ended
but the one that is asked for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_HEADS = ("state", "host", "line", "priority", "tag", "id", "not_before_ns", "entered_ns")
_WAITING, _DECIDED = "state = 'waiting'", "outcome IN ('pass', 'fail')"
_INDEXES = (
    ("jobs", "heads", _HEADS, _WAITING),
    ("jobs", "own", ("state", "line", "priority", "submitter", "tag"), _WAITING),
    ("jobs", "identity", ("identity", "state"), "identity <> ''"),
    ("jobs", "leader", ("leader", "state"), "state = 'following'"),
    ("jobs", "ended", ("state", "ended_ns"), "ended_ns > 0"),
    ("job_attempts", "open", ("outcome",), "outcome = ''"),
    ("job_attempts", "past", ("step", "env", "ended_ns"), _DECIDED),
)


def upgrade() -> None:
    """Make them anew."""
    for table, name, columns, which in _INDEXES:
        where = sa.text(which)
        op.drop_index(f"ix_{table}_{name}", table)
        op.create_index(
            f"ix_{table}_{name}", table, list(columns), sqlite_where=where, postgresql_where=where
        )

"""How long the ledger is, beside it: entries that are taken off its end are missed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table with its one row, of the entries that there are."""
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.execute(
        "INSERT INTO ledger_head (id, entries, digest) SELECT 1, (SELECT count(*) FROM verdicts), "
        "coalesce((SELECT digest FROM verdicts ORDER BY seq DESC LIMIT 1), '')"
    )

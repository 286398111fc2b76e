"""A job belongs to the host that has its checkout: several hosts may share a database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let jobs say whose they are."""
    op.add_column("jobs", sa.Column("host", sa.Text, nullable=False, server_default=""))
    op.drop_index("ix_jobs_heads", "jobs")
    order = ["state", "host", "line", "priority", "tag", "id", "not_before_ns", "entered_ns"]
    op.create_index("ix_jobs_heads", "jobs", order)

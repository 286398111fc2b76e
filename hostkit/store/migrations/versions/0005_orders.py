"""What people order of tasks (try again, stop), and which agent an attempt was made by and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of orders; attempts so far were made by an agent whose name nobody kept."""
    op.add_column("attempts", sa.Column("agent", sa.Text, nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("left_ns", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "task_orders",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("more", sa.Integer, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_task_orders_project", "task_orders", ["project"])

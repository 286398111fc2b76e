"""The queue: jobs, attempts at them, lines, boards, workers and switches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the queue."""
    _jobs()
    _attempts()
    _others()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("submitter", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("changes", sa.String(64), nullable=False),
        sa.Column("env", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("board_line", sa.Text, nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("build", sa.Boolean, nullable=False),
        sa.Column("build_timeout_s", sa.Float, nullable=False),
        sa.Column("timeout_s", sa.Float, nullable=False),
        sa.Column("variables", sa.Text, nullable=False),
        sa.Column("again_of", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("tag", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("leader", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("not_before_ns", sa.BigInteger, nullable=False),
        sa.Column("submitted_ns", sa.BigInteger, nullable=False),
        sa.Column("entered_ns", sa.BigInteger, nullable=False),
        sa.Column("began_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
    )
    order = ["state", "line", "priority", "tag", "id", "not_before_ns", "entered_ns"]
    op.create_index("ix_jobs_heads", "jobs", order)
    op.create_index("ix_jobs_own", "jobs", ["state", "line", "priority", "submitter", "tag"])
    op.create_index("ix_jobs_entered", "jobs", ["state", "entered_ns"])
    op.create_index("ix_jobs_identity", "jobs", ["identity", "state"])
    op.create_index("ix_jobs_leader", "jobs", ["leader", "state"])
    op.create_index("ix_jobs_ended", "jobs", ["state", "ended_ns"])


def _attempts() -> None:
    op.create_table(
        "job_attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job", sa.Integer, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("env", sa.Text, nullable=False),
        sa.Column("worker", sa.Integer, nullable=False),
        sa.Column("board", sa.Text, nullable=False),
        sa.Column("board_name", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("pid_start", sa.BigInteger, nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("began_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_ns", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
    )
    op.create_index("ix_job_attempts_job", "job_attempts", ["job"])
    op.create_index("ix_job_attempts_open", "job_attempts", ["outcome", "worker"])
    op.create_index("ix_job_attempts_past", "job_attempts", ["step", "env", "outcome", "ended_ns"])


def _others() -> None:
    op.create_table(
        "job_lines",
        sa.Column("line", sa.Text, primary_key=True),
        sa.Column("priority", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("served", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "job_boards",
        sa.Column("identity", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("opened_ns", sa.BigInteger, nullable=False),
        sa.Column("cool_s", sa.Float, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "job_workers",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("pid_start", sa.BigInteger, nullable=False),
        sa.Column("began_ns", sa.BigInteger, nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job_switches",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )

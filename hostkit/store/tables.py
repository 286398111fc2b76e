"""The tables as they are now. ``migrations/`` says how they came to be; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0001"
"""The newest migration; a database that says so needs none (and Alembic is not imported)."""

metadata = MetaData()

verdicts = Table(
    "verdicts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("rung", String(16), nullable=False),
    Column("fidelity", String(16), nullable=False),
    Column("project", Text, nullable=False),
    Column("commit", String(64), nullable=False),
    Column("tree", String(64), nullable=False),
    Column("dirty", Boolean, nullable=False),
    Column("env", Text, nullable=False),
    Column("board", Text, nullable=False),
    Column("build_id", String(64), nullable=False),
    Column("suite", String(64), nullable=False),
    Column("selection", Text, nullable=False),
    Column("reasons", Text, nullable=False),  # a JSON array
    Column("evidence", Text, nullable=False),
    Column("evidence_sha256", String(64), nullable=False),
    Column("decided_ns", BigInteger, nullable=False),
    # Two entries can never follow the same one, so no database lets the chain fork.
    UniqueConstraint("previous", name="uq_verdicts_previous"),
    UniqueConstraint("digest", name="uq_verdicts_digest"),
    UniqueConstraint("run_id", name="uq_verdicts_run_id"),
    Index("ix_verdicts_commit", "commit"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("end", String(32), nullable=False),
    Column("why", Text, nullable=False),
    Column("base", String(64), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("worktree", Text, nullable=False),
    Column("log", Text, nullable=False),
    Column("token", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_start", BigInteger, nullable=False),
    Column("boot", String(64), nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    UniqueConstraint("project", "task", "number", name="uq_attempts_number"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Index("ix_events_task", "project", "task"),
)

"""The tables as they are now. ``migrations/`` says how they came to be; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "0007"
"""The newest migration; a database that says so needs none (and Alembic is not imported)."""

metadata = MetaData()


_PART = "part"


def _some(name: str, *columns: str, where: str) -> Index:
    """Return an index that holds some rows only. A question whose own text says ``where``, value and all, is
    answered by it; one with a parameter there is not."""
    return Index(name, *columns, info={_PART: where})


def create_all(connection: Connection) -> None:
    """Make all tables, with their indexes.

    Which rows an index holds is said in the words of that database's dialect, here and not above: SQLAlchemy
    would load the dialects of both for it, each time that a verb uses the store.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if _PART in index.info:
                index.dialect_kwargs[f"{connection.dialect.name}_where"] = text(index.info[_PART])
    metadata.create_all(connection)


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

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1, the only row
    Column("entries", Integer, nullable=False),
    Column("digest", String(64), nullable=False),  # of the newest entry, "" for an empty ledger
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
    Column("agent", Text, nullable=False),
    Column("left_ns", BigInteger, nullable=False),  # when the agent ended
    UniqueConstraint("project", "task", "number", name="uq_attempts_number"),
)

task_orders = Table(
    "task_orders",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("number", Integer, nullable=False),  # of the newest attempt at that time, 0 for none
    Column("more", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Index("ix_task_orders_project", "project"),
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

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("submitter", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("commit", String(64), nullable=False),
    Column("changes", String(64), nullable=False),
    Column("env", Text, nullable=False),
    Column("options", Text, nullable=False),  # a JSON array
    Column("wish", Text, nullable=False),
    Column("board_line", Text, nullable=False),
    Column("identity", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("build", Boolean, nullable=False),
    Column("build_timeout_s", Float, nullable=False),
    Column("timeout_s", Float, nullable=False),
    Column("variables", Text, nullable=False),  # a JSON array of pairs
    Column("again_of", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("line", Text, nullable=False),  # that it stands in, or stood in last
    Column("tag", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("leader", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("not_before_ns", BigInteger, nullable=False),
    Column("submitted_ns", BigInteger, nullable=False),
    Column("entered_ns", BigInteger, nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    # Each question of the queue is about the few jobs in one state, never about all that ever were. Whatever
    # a new row is entered in is a page of its commit: so only where somebody will look for it.
    _some(
        "ix_jobs_heads",
        *("state", "host", "line", "priority", "tag", "id", "not_before_ns", "entered_ns"),
        where="state = 'waiting'",
    ),
    _some("ix_jobs_own", "state", "line", "priority", "submitter", "tag", where="state = 'waiting'"),
    Index("ix_jobs_entered", "state", "entered_ns"),
    _some("ix_jobs_identity", "identity", "state", where="identity <> ''"),
    _some("ix_jobs_leader", "leader", "state", where="state = 'following'"),
    _some("ix_jobs_ended", "state", "ended_ns", where="ended_ns > 0"),
)

job_attempts = Table(
    "job_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", Integer, nullable=False),
    Column("step", String(16), nullable=False),
    Column("env", Text, nullable=False),
    Column("worker", Integer, nullable=False),
    Column("board", Text, nullable=False),  # or boards, see hostkit.jobs.model.Attempt
    Column("board_name", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("token", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_start", BigInteger, nullable=False),
    Column("boot", String(64), nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Index("ix_job_attempts_job", "job"),
    _some("ix_job_attempts_open", "outcome", where="outcome = ''"),
    _some("ix_job_attempts_past", "step", "env", "ended_ns", where="outcome IN ('pass', 'fail')"),
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("line", Text, primary_key=True),
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("served", BigInteger, nullable=False),
)

job_boards = Table(
    "job_boards",
    metadata,
    Column("identity", String(64), primary_key=True),
    Column("attempt", Integer, nullable=False),  # that has the board, 0 for none
    Column("generation", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("cool_s", Float, nullable=False),
    Column("content", Text, nullable=False),  # what it runs: a build, or why that is not known
)

job_workers = Table(
    "job_workers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("host", Text, nullable=False),
    Column("boot", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_start", BigInteger, nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("seats", Integer, nullable=False),  # how many jobs it runs at once
    sqlite_autoincrement=True,  # what a worker left open must never look like another's
)

job_switches = Table(
    "job_switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

"""All that differs between databases, and what their errors mean to a person."""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from hostkit.errors import HostkitError, ToolError, UsageError
from hostkit.files import disk_error

WRITE = {"hostkit_write": "alone"}
"""Execution options of a connection that is going to write, with no other writer meanwhile."""

WRITE_ROWS = {"hostkit_write": "rows"}
"""... that writes only rows it has locked or names by a condition, so that others may write beside it."""

_BUSY_MS = 30_000  # longer than any transaction of ours; past it the holder hangs
_PATIENT = f"PRAGMA busy_timeout = {_BUSY_MS}"
_SHORTEST_S, _LONGEST_S = 0.0002, 0.004  # a transaction of ours takes about a millisecond
_CHECKPOINT_PAGES = 250  # of 4 KB; 1000 by default, and to make the log longer takes six times a commit
_PRESSURE = 100  # after 10 ms of waiting the pause is half as long
_WRITE_KEY = 0x486F_7374_6B69_7421  # any fixed number: the name of PostgreSQL's advisory lock


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"


def make_engine(url: str) -> Engine:
    """Return an engine with our transactions; nothing is opened yet.

    Raises :class:`UsageError` for a URL that is none or whose driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise UsageError(
                f"no such database kind: {parsed.get_backend_name()}",
                hint="use sqlite:////path/to/file or postgresql+psycopg://host/name",
            )
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            parsed, pool_reset_on_return=None
        )  # each transaction is ended by its own block
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(
            f"not a database URL: {url}",
            hint="use sqlite:////path/to/file or postgresql+psycopg://host/name",
        ) from error
    except ImportError as error:
        raise UsageError(
            f"the driver of {parsed.drivername} is not installed: {error.name}",
            hint="install it beside hostkit: pip install 'hostkit[postgres]' brings psycopg",
        ) from error
    if engine.dialect.name == "sqlite":
        _use_sqlite_rules(engine)
    event.listen(engine, "begin", _begin)
    return engine


def begin_statement(dialect: str, writes: str) -> str:
    """Return what begins a transaction, or "" where the driver does. ``writes``: "", "alone" or "rows".

    In SQLite a writer takes the write lock at once: upgrading a read lock later can fail however long one
    waits. In PostgreSQL an advisory lock lets one writer read the ledger's end and append to it.
    """
    if dialect == "sqlite":
        return "BEGIN IMMEDIATE" if writes else "BEGIN"
    return f"SELECT pg_advisory_xact_lock({_WRITE_KEY})" if writes == "alone" else ""


def pause_s(waited_s: float, chance: float) -> float:
    """Return how long to sleep before the write lock is asked for again; ``chance`` is from 0 up to 1.

    Who waits longer asks more often. SQLite's own handler does the opposite, so that of four processes in a
    loop one wrote 3,207 times and another once; with this each had between 20 and 29 % of the writes.
    """
    return max(_SHORTEST_S, _LONGEST_S / (1 + _PRESSURE * waited_s)) * (1 - chance / 2)


def _begin(connection: Connection) -> None:
    writes = str(connection.get_execution_options().get("hostkit_write", ""))
    statement = begin_statement(connection.dialect.name, writes)
    if not statement:
        return
    if connection.dialect.name == "sqlite" and writes:
        _take_turns(connection, statement)
    else:
        connection.exec_driver_sql(statement)


def _take_turns(connection: Connection, statement: str) -> None:
    """Begin a write transaction of SQLite, fairly beside other processes that do the same."""
    raw: Any = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and _taken_at_once(raw, statement):
        return
    began = time.monotonic()
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    while True:
        try:
            connection.exec_driver_sql(statement)
        except OperationalError as error:
            waited_s = time.monotonic() - began
            if "locked" not in str(error.orig) or waited_s > _BUSY_MS / 1000:
                raise
            time.sleep(pause_s(waited_s, random.random()))
        else:
            break
    connection.exec_driver_sql(_PATIENT)


def _taken_at_once(raw: sqlite3.Connection, statement: str) -> bool:
    """Ask once, past SQLAlchemy, whose three statements took as long as the fsync at the end of it all."""
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        raw.execute(statement)
    except sqlite3.OperationalError:  # asked again, and explained if it is not for a lock
        return False
    raw.execute(_PATIENT)
    return True


def _use_sqlite_rules(engine: Engine) -> None:
    """Let SQLAlchemy, not the driver, begin transactions; flush each commit to the disk."""

    def connected(connection: Any, record: object) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(_PATIENT)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    event.listen(engine, "connect", connected)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Give a write transaction in which no other process migrates the same database."""
    if engine.dialect.name == "sqlite":
        with _locked(Path(str(engine.url.database)).with_suffix(".lock")):
            _use_wal(engine)
            with engine.connect().execution_options(**WRITE) as connection, connection.begin():
                yield connection
        return
    with engine.connect().execution_options(**WRITE) as connection, connection.begin():
        yield connection


def _use_wal(engine: Engine) -> None:
    """Readers and a writer do not wait for each other in WAL mode; the file remembers it."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


_MEANINGS = (
    (
        ("malformed", "not a database", "disk image"),
        "is damaged",
        "move it aside; the evidence of each run stays under .hostkit/runs, tasks are proved again",
    ),
    (
        ("locked", "busy"),
        f"is held by another process since more than {_BUSY_MS // 1000} s",
        "see who has it open (fuser FILE), then run the same command again",
    ),
    (
        ("readonly", "read-only"),
        "cannot be written",
        "check the owner and mode of the file and of its directory",
    ),
    (
        ("unable to open",),
        "cannot be opened",
        "check that its directory exists and is yours, or set HOSTKIT_STATE_DIR",
    ),
    (("disk is full", "disk i/o"), "cannot be written: the disk refuses", "free some space, then run again"),
)


def explain(error: DBAPIError | sqlite3.Error, place: str) -> HostkitError:
    """Turn a driver's error into one that names the database and a way out."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = (str(cause).splitlines() or ["no words"])[0]
    for words, what, hint in _MEANINGS:
        if any(word in said.lower() for word in words):
            return ToolError(f"the database {place} {what} ({said})", hint=hint)
    return ToolError(f"the database {place} refused: {said}", hint="check the database, then run again")

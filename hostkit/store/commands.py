"""Attempts at the plain commands of one project, in a SQLite file beside their logs.

They are about a checkout on this disk and rest on what this machine saw, so they are kept here, and not in
the store that machines may share. A thousand commands end within a second: what ended and what begins is
written in one transaction, flushed to the disk, and the library that other records need is not loaded.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.files import disk_error
from hostkit.store.model import COMMAND_PHASES, Attempt, End, Order, OrderKind, Phase

_BUSY_S = 30.0
_VERSION = 1
_COLUMNS = tuple(field.name for field in fields(Attempt))[1:]  # all but the id
_CHANGING = ("phase", "end", "why", "wrote", "pid", "pid_start", "began_ns", "ended_ns", "left_ns")
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(f'"{name}" NOT NULL' for name in _COLUMNS)}, UNIQUE (token)
);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task NOT NULL, kind NOT NULL, number NOT NULL, more NOT NULL, "by" NOT NULL, at_ns NOT NULL
);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_NAMED = ", ".join(f'"{name}"' for name in _COLUMNS)
_INSERT = f"INSERT INTO attempts ({_NAMED}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_ENUMS = frozenset({Phase, End})
_changing = attrgetter(*_CHANGING)
_values = attrgetter(*_COLUMNS)
_SET = ", ".join(f'"{name}" = ?' for name in _CHANGING)
_UPDATE = f"UPDATE attempts SET {_SET} WHERE token = ? AND phase = ?"


@dataclass(frozen=True, slots=True)
class Change:
    """An attempt as it was written last, and as it is now."""

    before: Attempt
    after: Attempt


class CommandBook:
    """The attempts and orders of one file. Made when it is first written; usable from several threads."""

    def __init__(self, path: Path) -> None:
        """Open nothing yet."""
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def all(self) -> tuple[Attempt, ...]:
        """Return every attempt, oldest first; none where there is no file yet."""
        if not self._path.exists():
            return ()
        with self._explained(), self._lock:
            rows = self._connection().execute(f"SELECT id, {_NAMED} FROM attempts ORDER BY id").fetchall()
        return tuple(_attempt(row) for row in rows)

    def write(self, begun: Sequence[Attempt], changes: Sequence[Change] = ()) -> None:
        """Write what begins and what changed at once, on the disk when it returns.

        Raises :class:`ToolError` for a change of phase that there is not, or where another process wrote.
        """
        for change in changes:
            now, after = change.before.phase, change.after.phase
            if after is not now and after not in COMMAND_PHASES[now]:
                raise self._not_ours(change.before, f"cannot go from {now.value} to {after.value}")
        told = [(*_row(each.after, _changing), each.after.token, each.before.phase.value) for each in changes]
        with self._explained(), self._lock, self._transaction() as connection:
            if begun:
                connection.executemany(_INSERT, map(_row, begun))
            if told and connection.executemany(_UPDATE, told).rowcount != len(told):
                raise self._not_ours(changes[0].before, "or one beside it is not as it was left")

    def orders(self) -> tuple[Order, ...]:
        """Return what people ordered of commands, oldest first."""
        if not self._path.exists():
            return ()
        with self._explained(), self._lock:
            rows = self._connection().execute("SELECT * FROM orders ORDER BY id").fetchall()
        return tuple(Order(row[0], row[1], OrderKind(row[2]), *row[3:]) for row in rows)

    def order(self, order: Order) -> Order:
        """Keep an order and return it with its id."""
        values = (order.task, order.kind.value, order.number, order.more, order.by, order.at_ns)
        with self._explained(), self._lock, self._transaction() as connection:
            done = connection.execute(
                'INSERT INTO orders (task, kind, number, more, "by", at_ns) VALUES (?, ?, ?, ?, ?, ?)', values
            )
            return Order(done.lastrowid or 0, order.task, order.kind, *values[2:])

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise disk_error(error, self._path) from error
            made = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            made.execute("PRAGMA synchronous = FULL")
            (version,) = made.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise ToolError(
                    f"{self._path} is of a newer hostkit (version {version}, this one knows {_VERSION})",
                    hint="use the newer hostkit, or another HOSTKIT_STATE_DIR",
                )
            if version < _VERSION:
                made.execute("PRAGMA journal_mode = WAL")
                made.executescript(_SCHEMA)
            self._open = made
        return self._open

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "see that it can be written and is whole; moved aside, all commands are run again"
            raise ToolError(f"{self._path} refuses: {error}", hint=hint) from error

    def _not_ours(self, attempt: Attempt, why: str) -> ToolError:
        hint = "another runner moved it; run `hostkit tasks status`"
        return ToolError(f"attempt {attempt.number} of {attempt.task} {why}", hint=hint)


def _row(attempt: Attempt, values: Callable[[Attempt], tuple[object, ...]] = _values) -> list[object]:
    """Return columns as they are kept: enums as their words."""
    return [each.value if each.__class__ in _ENUMS else each for each in values(attempt)]


def _attempt(row: tuple[object, ...]) -> Attempt:
    values = dict(zip(("id", *_COLUMNS), row, strict=True))
    phase, end = Phase(values.pop("phase")), End(values.pop("end"))
    return Attempt(**values, phase=phase, end=end)  # type: ignore[arg-type]  # as this module wrote them

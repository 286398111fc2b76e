"""Statements of SQLAlchemy that are asked thousands of times: compiled once, and then run by SQLite's driver.

SQLAlchemy takes several times as long to find a compiled statement and to wrap what comes of it as SQLite
takes to answer. The text, the order of the parameters and the types are SQLAlchemy's own. Other databases
are asked through SQLAlchemy, as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, RowMapping, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

Parameters = Mapping[str, Any]
Row = Mapping[str, Any] | RowMapping
"""What a question is answered with, by the names of columns."""

_Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """SQL with question marks. ``pick`` takes their values out of a mapping of all; ``fixed``: those values
    that the statement brings itself; ``senders``: which places are sent in another form."""

    sql: str
    pick: Callable[[Parameters], tuple[Any, ...]]
    fixed: Parameters
    senders: tuple[tuple[int, _Converter], ...]

    def values(self, given: Parameters) -> Sequence[Any]:
        picked = self.pick({**self.fixed, **given} if self.fixed else given)
        if not self.senders:
            return picked
        values = list(picked)
        for place, send in self.senders:
            values[place] = send(values[place])
        return values


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of an answer: their names, and which of them come in another form than they are meant."""

    names: tuple[str, ...]
    converters: tuple[tuple[str, _Converter], ...]

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        row = dict(zip(self.names, values, strict=True))
        for name, convert in self.converters:
            row[name] = convert(row[name])
        return row


class Prepared:
    """One statement. ``expanding``: the name of a parameter that is a list, of any length but 0."""

    def __init__(self, statement: Select[Any] | Insert | Update, expanding: str = "") -> None:
        """Keep a statement; it is compiled when it is first asked."""
        self.statement = statement
        self._expanding = expanding
        self._texts: dict[tuple[int, tuple[str, ...]], _Text] = {}
        self._columns: _Columns | None = None

    def rows(self, connection: Connection, given: Parameters | None = None) -> Sequence[Row]:
        """Return what a question is answered with, each row by the names of its columns."""
        given = given or {}
        driver = _sqlite(connection)
        if driver is None:
            return connection.execute(self.statement, given).mappings().all()
        columns = self._columns or self._described(connection.dialect)
        text = self._text(connection.dialect, given, ())
        answer = driver.execute(text.sql, text.values(self._spread(given)))
        return [columns.row(values) for values in answer]

    def change(self, connection: Connection, given: Sequence[Parameters]) -> int:
        """Run a change once for each set of parameters; return how many rows changed."""
        driver = _sqlite(connection)
        if driver is None:
            return connection.execute(self.statement, list(given)).rowcount
        text = self._text(connection.dialect, {}, ())
        return driver.executemany(text.sql, [text.values(each) for each in given]).rowcount

    def insert(self, connection: Connection, rows: Sequence[Parameters]) -> list[int]:
        """Insert rows that name the same columns; return their keys, in that order.

        The statement is one that returns them.
        """
        driver = _sqlite(connection)
        if driver is None:
            return list(connection.execute(self.statement, list(rows)).scalars())
        text = self._text(connection.dialect, {}, tuple(rows[0]))
        return [int(driver.execute(text.sql, text.values(row)).fetchone()[0]) for row in rows]

    def _spread(self, given: Parameters) -> Parameters:
        if not self._expanding:
            return given
        values = given[self._expanding]
        return {**given, **{f"{self._expanding}_{n}": value for n, value in enumerate(values, 1)}}

    def _text(self, dialect: Dialect, given: Parameters, columns: tuple[str, ...]) -> _Text:
        key = (len(given[self._expanding]) if self._expanding else 0, columns)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._compiled(dialect, key)
        return found

    def _compiled(self, dialect: Dialect, key: tuple[int, tuple[str, ...]]) -> _Text:
        count, columns = key
        statement: Any = self.statement
        if self._expanding:
            statement = statement.params(**{self._expanding: [0] * count})
        compiled: SQLCompiler = statement.compile(
            dialect=dialect, column_keys=list(columns) or None, compile_kwargs={"render_postcompile": True}
        )
        assert compiled.positiontup is not None
        names = compiled.positiontup
        senders: Any = compiled._bind_processors  # what SQLAlchemy sends instead
        return _Text(
            str(compiled),
            _picking(names),
            {name: value for name, value in compiled.params.items() if value is not None},
            tuple((place, senders[name]) for place, name in enumerate(names) if senders.get(name)),
        )

    def _described(self, dialect: Dialect) -> _Columns:
        assert isinstance(self.statement, Select)
        ways = [
            (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in self.statement.selected_columns
        ]
        converters = tuple((name, convert) for name, convert in ways if convert is not None)
        self._columns = _Columns(tuple(name for name, _ in ways), converters)
        return self._columns


def _picking(names: Sequence[str]) -> Callable[[Parameters], tuple[Any, ...]]:
    """Return what takes these, in order, out of a mapping: as a tuple also where they are one or none."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda given: tuple(given[name] for name in names)


def _sqlite(connection: Connection) -> sqlite3.Connection | None:
    driver: Any = connection.connection.dbapi_connection
    return driver if isinstance(driver, sqlite3.Connection) else None

"""Statements of SQLAlchemy that are asked thousands of times: compiled once, and then run by SQLite's driver.

SQLAlchemy takes several times as long to find a compiled statement and to wrap what comes of it as SQLite
takes to answer. The text, the order of the parameters and the types are SQLAlchemy's own. Other databases
are asked through SQLAlchemy, as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, RowMapping, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

Parameters = Mapping[str, Any]
Row = Mapping[str, Any] | RowMapping
"""What a question is answered with, by the names of columns."""

_Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """SQL with question marks; ``places``: the name of each, its value if none is given, how it is sent."""

    sql: str
    places: tuple[tuple[str, Any, _Converter | None], ...]

    def values(self, given: Parameters) -> list[Any]:
        return [
            given.get(name, otherwise) if send is None else send(given.get(name, otherwise))
            for name, otherwise, send in self.places
        ]


class Prepared:
    """One statement. ``expanding``: the name of a parameter that is a list, of any length but 0."""

    def __init__(self, statement: Select[Any] | Insert | Update, expanding: str = "") -> None:
        """Keep a statement; it is compiled when it is first asked."""
        self.statement = statement
        self._expanding = expanding
        self._texts: dict[tuple[int, tuple[str, ...]], _Text] = {}
        self._columns: tuple[tuple[str, _Converter | None], ...] | None = None

    def rows(self, connection: Connection, given: Parameters | None = None) -> Sequence[Row]:
        """Return what a question is answered with, each row by the names of its columns."""
        given = given or {}
        driver = _sqlite(connection)
        if driver is None:
            return connection.execute(self.statement, given).mappings().all()
        columns = self._columns or self._described(connection.dialect)
        text = self._text(connection.dialect, given, ())
        return [
            {
                name: value if convert is None else convert(value)
                for (name, convert), value in zip(columns, row, strict=True)
            }
            for row in driver.execute(text.sql, text.values(self._spread(given)))
        ]

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
        fixed = compiled.params
        senders: Any = compiled._bind_processors  # what SQLAlchemy sends instead
        places = tuple((name, fixed.get(name), senders.get(name)) for name in compiled.positiontup)
        return _Text(str(compiled), places)

    def _described(self, dialect: Dialect) -> tuple[tuple[str, _Converter | None], ...]:
        assert isinstance(self.statement, Select)
        self._columns = tuple(
            (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in self.statement.selected_columns
        )
        return self._columns


def _sqlite(connection: Connection) -> sqlite3.Connection | None:
    driver: Any = connection.connection.dbapi_connection
    return driver if isinstance(driver, sqlite3.Connection) else None

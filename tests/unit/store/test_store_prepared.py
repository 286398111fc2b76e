"""Statements that go past SQLAlchemy say and change the same as through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, insert, select, update

from hostkit.errors import ToolError
from hostkit.store.database import Database, open_database
from hostkit.store.prepared import Prepared
from hostkit.store.tables import job_lines, jobs

ENTER = insert(jobs).returning(jobs.c.id, sort_by_parameter_order=True)
ALL = select(jobs).order_by(jobs.c.id)
SOME = (
    select(jobs)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.priority > 0)
    .order_by(jobs.c.id)
)
RAISE = update(jobs).where(jobs.c.id == bindparam("job")).values(priority=bindparam("to"), state="passed")

NAMES = {column.name: column.type.python_type for column in jobs.columns if column.name != "id"}
VALUES = {str: st.text(max_size=8), int: st.integers(-(2**63), 2**63 - 1), bool: st.booleans()}
ROWS = st.fixed_dictionaries(
    {name: VALUES.get(kind, st.floats(allow_nan=False, width=32)) for name, kind in NAMES.items()}
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def a_row(**changes: Any) -> dict[str, Any]:
    plain: dict[type, Any] = {str: "", int: 1, bool: False, float: 0.5}
    return {name: plain[kind] for name, kind in NAMES.items()} | changes


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the tables are emptied each time
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_what_is_written_and_read_is_what_sqlalchemy_writes_and_reads(
    database: Database, rows: list[dict[str, Any]]
) -> None:
    with database.write() as connection:
        connection.execute(jobs.delete())
        own = Prepared(ENTER).insert(connection, rows)
        theirs = list(connection.execute(ENTER, rows).scalars())
        read = [dict(row) for row in Prepared(ALL).rows(connection)]
        assert read == [dict(row) for row in connection.execute(ALL).mappings()]
    assert [row.pop("id") for row in read] == [*own, *theirs]
    assert read == [*rows, *rows]
    assert {type(row["build"]) for row in read} == {bool}


def test_a_list_of_any_length_can_be_asked_for_again_and_again(database: Database) -> None:
    some = Prepared(SOME, "ids")
    with database.write() as connection:
        numbers = Prepared(ENTER).insert(connection, [a_row(priority=n % 3) for n in range(6)])
        for ids in (numbers[:1], numbers[1:3], numbers, numbers[3:4], [99]):
            expected = connection.execute(SOME, {"ids": ids}).mappings().all()
            assert [dict(row) for row in some.rows(connection, {"ids": ids})] == [
                dict(row) for row in expected
            ]


def test_a_change_says_how_many_rows_it_met(database: Database) -> None:
    with database.write() as connection:
        first, second = Prepared(ENTER).insert(connection, [a_row(), a_row()])
        changes = [{"job": first, "to": 7}, {"job": second, "to": 8}, {"job": 99, "to": 9}]
        assert Prepared(RAISE).change(connection, changes) == 2
        found = Prepared(ALL).rows(connection)
    assert [(row["priority"], row["state"]) for row in found] == [(7, "passed"), (8, "passed")]


def test_what_was_changed_is_undone_with_its_transaction(database: Database) -> None:
    def broken(connection: Connection) -> None:
        Prepared(ENTER).insert(connection, [a_row()])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.write() as connection:
        broken(connection)
    with database.read() as connection:
        assert not Prepared(ALL).rows(connection)


def test_what_the_database_refuses_is_explained(database: Database) -> None:
    line = {"line": "a", "priority": 1, "served": 0}
    enter = Prepared(insert(job_lines).returning(job_lines.c.served))
    with pytest.raises(ToolError, match=r"refused: UNIQUE constraint failed"), database.write() as connection:
        enter.insert(connection, [line, line])

"""Opening, migrating and refusing databases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

import hostkit.store
from hostkit.errors import ToolError, UsageError
from hostkit.store.database import FILE_NAME, Database, open_database
from hostkit.store.dialect import begin_statement, make_engine, pause_s
from hostkit.store.ledger import Ledger
from hostkit.store.tables import HEAD, metadata
from hostkit.testing.store import a_pass

EVENT = "INSERT INTO events VALUES (1, 'p', 't', 5, 'begun')"
MIGRATIONS = Path(hostkit.store.__file__).parent / "migrations"


def write(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))


def read(database: Database, *statements: str) -> Any:
    with database.read() as connection:
        return [connection.execute(text(statement)).scalar() for statement in statements][-1]


@pytest.mark.parametrize("by", ["the tables as they are now", "all migrations"])
def test_a_new_database_is_made_with_the_tables_that_the_code_expects(tmp_path: Path, by: str) -> None:
    path = tmp_path / "new" / FILE_NAME
    path.parent.mkdir()
    if by == "all migrations":
        raw = sqlite3.connect(path)
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        raw.close()
    with open_database(path.parent) as database:
        assert read(database, "SELECT entries FROM ledger_head") == 0
        Ledger(database).append(a_pass())
        assert Ledger(database).check() == 1
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


def test_head_is_the_newest_migration_and_the_numbers_have_no_gap() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_current_head() == HEAD
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, database.write() as connection:
        connection.execute(text(EVENT))
    with open_database(tmp_path) as database, database.read() as connection:
        assert connection.execute(text("SELECT what FROM events")).scalar() == "begun"


def test_an_error_inside_a_write_undoes_all_of_it(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        with pytest.raises(ToolError, match="no such table"):
            write(database, EVENT, "INSERT INTO absent VALUES (1)")
        assert read(database, "SELECT count(*) FROM events") == 0


def test_commits_are_flushed_and_readers_do_not_block_the_writer(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA wal_autocheckpoint")).scalar() == 250
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 0
        write(database, EVENT)
        assert read(database, "SELECT count(*) FROM events") == 1


def test_a_file_that_is_no_database_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"hello, this is not a database at all" * 200)
    with pytest.raises(ToolError, match=r"hostkit\.db is damaged") as caught:
        open_database(tmp_path)
    assert "move it aside" in caught.value.hint


def test_a_damaged_page_is_named_when_it_is_read(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, database.write() as connection:
        for n in range(400):
            connection.execute(text(f"INSERT INTO events VALUES ({n}, 'p', 't', 5, '{'x' * 200}')"))
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(bytes(data))
    with pytest.raises(ToolError, match="is damaged"), open_database(tmp_path) as database:
        read(database, "SELECT sum(length(what)) FROM events")


def test_a_database_of_a_newer_hostkit_is_refused_and_left_alone(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ToolError, match="newer hostkit") as caught:
        open_database(tmp_path)
    assert "9999" in caught.value.message
    raw = sqlite3.connect(tmp_path / FILE_NAME)
    assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    raw.close()


def test_a_write_lock_that_is_never_given_back_is_named(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ToolError, match="held by another process"):
            read(database, "PRAGMA busy_timeout = 1", EVENT)
        other.close()


def test_a_read_only_database_is_named(tmp_path: Path) -> None:
    with open_database(tmp_path) as database, pytest.raises(ToolError, match="cannot be written"):
        write(database, "PRAGMA query_only = ON", EVENT)


def test_a_new_database_on_a_full_disk_is_named_with_a_way_out(tmp_path: Path) -> None:
    limited = (
        "import resource, sys; from pathlib import Path\n"
        "from hostkit.errors import ToolError; from hostkit.store.database import open_database\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try: open_database(Path(sys.argv[1]))\n"
        "except ToolError as error: print(error.message, error.hint, sep=' -> ')\n"
    )
    argv = [sys.executable, "-c", limited, str(tmp_path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"the database {tmp_path / FILE_NAME} cannot be written: the disk refuses (")
    assert said.endswith("-> free some space, then run again\n")


def test_a_state_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ToolError, match="cannot write"):
        open_database(tmp_path / "state")


@pytest.mark.parametrize("url", ["not a url", "mysql://host/name", "oracle://x"])
def test_a_url_of_no_known_database_is_a_usage_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="database") as caught:
        open_database(tmp_path, url)
    assert "sqlite:///" in caught.value.hint


def test_a_missing_driver_is_named_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="driver of postgresql") as caught:
        open_database(tmp_path, "postgresql+psycopg2://localhost/none")
    assert "pip install 'hostkit[postgres]'" in caught.value.hint


def test_postgresql_without_a_driver_means_the_one_that_hostkit_installs() -> None:
    engine = make_engine("postgresql://localhost/none")
    assert engine.url.drivername == "postgresql+psycopg"
    engine.dispose()


def test_the_tables_compile_for_postgresql() -> None:
    dialect = postgresql.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    assert any("BIGINT" in statement and "SERIAL" in statement for statement in made)
    assert len(made) == len(metadata.tables)


def test_writers_follow_one_another_in_both_databases_and_readers_do_not_wait() -> None:
    assert begin_statement("sqlite", "alone") == "BEGIN IMMEDIATE"
    assert begin_statement("sqlite", "") == "BEGIN"
    assert begin_statement("postgresql", "alone").startswith("SELECT pg_advisory_xact_lock(")
    assert begin_statement("postgresql", "") == begin_statement("postgresql", "rows") == ""


@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 1, exclude_max=True))
def test_who_waits_longer_for_the_write_lock_asks_more_often(
    one_s: float, more_s: float, chance: float
) -> None:
    sooner, later = pause_s(one_s, chance), pause_s(one_s + more_s, chance)
    assert 0.0001 <= later <= sooner <= 0.004


def test_a_ledger_from_before_its_length_was_kept_is_taken_over_whole(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        ledger = Ledger(database)
        last = [ledger.append(a_pass(run_id=f"r{number}")) for number in range(3)][-1]
        later = (
            "DROP TABLE task_orders",
            *(f"ALTER TABLE attempts DROP COLUMN {n}" for n in ("agent", "left_ns")),
        )
        write(database, *later, "DROP TABLE ledger_head", "UPDATE alembic_version SET version_num = '0003'")
    with open_database(tmp_path) as database:
        assert Ledger(database).check() == 3
        assert read(database, "SELECT digest FROM ledger_head") == last.digest
        Ledger(database).append(a_pass(run_id="r3"))
        assert Ledger(database).check() == 4

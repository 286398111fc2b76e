"""The durable store of one user: opened, brought up to date, read and written in transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from hostkit.errors import ToolError
from hostkit.files import disk_error
from hostkit.store.dialect import WRITE, WRITE_ROWS, alone, explain, make_engine, sqlite_url
from hostkit.store.glance import FILE_NAME
from hostkit.store.tables import HEAD, create_all, ledger_head


class Database:
    """An open database whose tables are current. Usable from several threads; close it at the end."""

    def __init__(self, engine: Engine, place: str) -> None:
        """Keep an engine; use :func:`open_database` to make one."""
        self._engine = engine
        self._writing = {way["hostkit_write"]: engine.execution_options(**way) for way in (WRITE, WRITE_ROWS)}
        self.place = place

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one consistent view. Driver errors come out as :class:`ToolError`."""
        with self._explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, how: Mapping[str, str] = WRITE) -> Iterator[Connection]:
        """Give one transaction that no other writer overlaps; committed at the end, undone on an error.

        With :data:`hostkit.store.dialect.WRITE_ROWS` others may write other rows meanwhile.
        """
        with (
            self._explained(),
            self._writing[how["hostkit_write"]].connect() as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._engine.dispose()

    def __enter__(self) -> Database:
        """Return itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close."""
        self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:  # the latter from a prepared statement
            raise explain(error, self.place) from error


def open_database(state: Path, url: str = "") -> Database:
    """Open ``url``, or ``hostkit.db`` in the state directory, and bring its tables up to date.

    Cheap when they are. Two processes that open a new database at once both end well. Raises
    :class:`ToolError` for a database that is damaged, locked, read-only or from a newer hostkit.
    """
    if not url:
        try:
            state.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, state) from error
        url = sqlite_url(state / FILE_NAME)
    engine = make_engine(url)
    place = str(engine.url.database) if engine.dialect.name == "sqlite" else engine.url.render_as_string()
    try:
        if _revision(engine) != HEAD:
            _bring_up_to_date(engine, place)
    except (DBAPIError, sqlite3.Error) as error:  # the latter where the engine has no connection yet
        engine.dispose()
        raise explain(error, place) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, place)


def _revision(engine: Engine) -> str:
    """Return the migration that the database is at, or an empty string for a new one."""
    with engine.connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _bring_up_to_date(engine: Engine, place: str) -> None:
    with alone(engine) as connection:
        found = _revision_of(connection)  # another process may have been faster
        if found == HEAD:
            return
        if inspect(connection).get_table_names():
            _migrate(connection, found, place)
        else:
            _create(connection)


def _create(connection: Connection) -> None:
    """Make the tables of a new database as they are now.

    Alembic would make them step by step, and stay in memory: 8 MB that a worker has no other use for.
    """
    create_all(connection)
    connection.execute(ledger_head.insert().values(id=1, entries=0, digest=""))
    version = Column("version_num", String(32), primary_key=True)
    alembic_version = Table("alembic_version", MetaData(), version)
    alembic_version.create(connection)
    connection.execute(alembic_version.insert().values(version_num=HEAD))


def _migrate(connection: Connection, found: str, place: str) -> None:
    from alembic import command  # noqa: PLC0415 - 60 ms, and only for a database that is not current
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if found and found not in {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}:
        raise ToolError(
            f"the database {place} is of a newer hostkit (migration {found}, this one knows {HEAD})",
            hint="use the newer hostkit, or another HOSTKIT_STATE_DIR",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

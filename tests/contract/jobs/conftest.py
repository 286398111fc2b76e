"""Both kinds of database, for every test of the queue's contract."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.queue import Queue
from hostkit.jobs.workers import WorkerRecord, Workers
from hostkit.store.database import FILE_NAME, Database, open_database
from hostkit.store.tables import metadata
from hostkit.testing.clock import FakeClock
from hostkit.testing.postgres import PrivatePostgres, find_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A server of this test process; where Debian's packages are missing its tests are not run."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("not run: PostgreSQL is not installed (apt-get install postgresql)")
    server = PrivatePostgres(programs, SystemClock())
    yield server
    server.close()


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables, to be copied."""
    state = tmp_path_factory.mktemp("made")
    open_database(state).close()
    return state / FILE_NAME


@pytest.fixture(scope="session")
def made_postgres(postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> PrivatePostgres:
    """A server whose database has all tables."""
    open_database(tmp_path_factory.mktemp("unused"), postgres.url).close()
    return postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without jobs; "" is the SQLite file in the state directory."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("made_sqlite"), tmp_path / FILE_NAME)
        return ""
    server: PrivatePostgres = request.getfixturevalue("made_postgres")
    made = [table for table in metadata.tables if table.startswith("job")]
    numbered = ("jobs", "job_attempts", "job_workers")
    statements = [f"DELETE FROM {table}" for table in made]  # a tenth of what TRUNCATE takes
    statements += [f"ALTER SEQUENCE {table}_id_seq RESTART" for table in numbered]
    server.run("; ".join(statements))
    return server.url


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """An open database."""
    with open_database(tmp_path, database_url) as opened:
        yield opened


class Office:
    """The queue, the leasing and two workers, on one clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock()
        self.queue = Queue(database, self.clock)
        self.leasing = Leasing(database, self.clock)
        self.workers = Workers(database, self.clock)
        self.ann = self.workers.register(WorkerRecord(0, "here", "boot", 11, 1, seats=8))
        self.bob = self.workers.register(WorkerRecord(0, "here", "boot", 12, 1, seats=8))


@pytest.fixture
def office(database: Database) -> Office:
    """What works on that database."""
    return Office(database)

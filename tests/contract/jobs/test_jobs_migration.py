"""A queue that an older hostkit filled goes on after the newest migration, with the indexes of a new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import hostkit.store
from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome
from hostkit.jobs.queue import Queue
from hostkit.jobs.workers import WorkerRecord, Workers
from hostkit.store.database import FILE_NAME, Database, open_database
from hostkit.store.dialect import alone, make_engine, sqlite_url
from hostkit.testing.clock import FakeClock
from hostkit.testing.jobs import a_wish_for
from hostkit.testing.postgres import PrivatePostgres

MIGRATIONS = Path(hostkit.store.__file__).parent / "migrations"
BEFORE = "0005"  # all columns of today, other indexes
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name LIKE 'job%'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'job%'",
}


@pytest.fixture
def older_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of its own, as it was before the newest migration."""
    url = sqlite_url(tmp_path / "older" / FILE_NAME)
    if database_url:
        server: PrivatePostgres = request.getfixturevalue("postgres")
        server.run("DROP DATABASE IF EXISTS older")
        server.run("CREATE DATABASE older")
        url = database_url.removesuffix("/postgres") + "/older"
    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with alone(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
    engine.dispose()
    return url


def take(database: Database, count: int) -> list[tuple[Job, Attempt]]:
    worker = Workers(database, FakeClock()).register(WorkerRecord(0, "here", "boot", 11, 1))
    leasing = Leasing(database, FakeClock())
    room = Room(count, count, lambda job: (), lambda spec, env: Standing.FREE)
    return leasing.take(worker, allot(*leasing.heads("here", count), room))


def indexes(database: Database) -> dict[str, str]:
    with database.read() as connection:
        found = connection.execute(text(INDEXES[connection.dialect.name]))
        return {name: str(said) for name, said in found}


def test_jobs_of_every_state_go_on_with_the_indexes_of_a_new_database(
    older_url: str, database: Database, tmp_path: Path
) -> None:
    with Database(make_engine(older_url), "older") as older:
        queue = Queue(older, FakeClock())
        for identity in ("", "same", "same", "", "other"):
            queue.submit(a_wish_for(Kind.BUILD, identity=identity))
        first = take(older, 2)[0][1]
        Leasing(older, FakeClock()).settle([(first.id, Ending(Outcome.PASS))])
        assert indexes(older).keys() == indexes(database).keys()
        assert indexes(older) != indexes(database)
    with open_database(tmp_path, older_url) as opened:
        assert indexes(opened) == indexes(database)
        queue = Queue(opened, FakeClock())
        assert [job.id for job in queue.ended_jobs(5)] == [1]
        assert [job.id for job in queue.going()] == [2]
        assert [job.id for job in queue.following(5)] == [3]
        assert queue.submit(a_wish_for(Kind.BUILD, identity="other")).leader == 5
        assert len(queue.past_s(first.step, "virtual")) == 1
        assert [job.id for job, _ in take(opened, 9)] == [4, 5]

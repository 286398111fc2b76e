"""A disk that is full or read-only: said, nothing half-written, and the queue goes on when there is room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.files import disk_error
from hostkit.jobs.model import Ending, Kind, Outcome, State
from hostkit.jobs.queue import Queue
from hostkit.store.database import FILE_NAME, Database, open_database
from hostkit.testing.clock import FakeClock
from hostkit.testing.jobs import a_wish_for


def limit(database: Database, pages: int) -> int:
    """Let the database have so many pages more than now, as a full disk does; return the old limit."""
    with database.read() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        before = connection.exec_driver_sql("PRAGMA max_page_count").scalar() or 0
        connection.exec_driver_sql(f"PRAGMA max_page_count = {used + pages}")
    return int(before)


def fill(queue: Queue) -> tuple[int, ToolError]:
    """Submit until the disk is full; return how many were entered, and what was said."""
    for number in range(10_000):
        try:
            queue.submit(a_wish_for(Kind.BUILD, submitter="s" * 900))
        except ToolError as error:
            return number, error
    raise AssertionError("the disk was never full")


def test_a_full_disk_refuses_a_job_by_name_and_keeps_every_one_that_it_took(
    made_database: Path, tmp_path: Path
) -> None:
    shutil.copyfile(made_database, tmp_path / FILE_NAME)
    with open_database(tmp_path) as database:
        queue = Queue(database, FakeClock())
        before = limit(database, 4)
        entered, error = fill(queue)
        assert "the disk refuses" in error.message
        assert "free some space" in error.hint
        assert queue.counts() == {State.WAITING: entered}
        with database.read() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {before}")
        assert queue.submit(a_wish_for()).id == entered + 1


def test_a_worker_that_cannot_write_ends_what_it_runs_and_the_next_one_goes_on(shop) -> None:
    for _ in range(3):
        shop.queue.submit(a_wish_for(Kind.BUILD))
    worker = shop.worker()
    worker.turn()
    before = limit(shop.database, 0)
    fill(shop.queue)
    shop.finish(1, Ending(Outcome.PASS, "r" * 20_000))
    with pytest.raises(ToolError, match="the disk refuses"):
        worker.turn()
    assert shop.queue.get(1).state is State.RUNNING
    with shop.database.read() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {before}")
    worker.turn()
    assert shop.queue.get(1).state is State.PASSED


def test_a_database_that_cannot_be_written_can_be_read_and_says_why(
    made_database: Path, tmp_path: Path
) -> None:
    shutil.copyfile(made_database, tmp_path / FILE_NAME)
    with open_database(tmp_path) as database:
        Queue(database, FakeClock()).submit(a_wish_for())
    url = f"sqlite:///file:{tmp_path / FILE_NAME}?mode=ro&uri=true"
    with open_database(tmp_path, url) as database:
        queue = Queue(database, FakeClock())
        assert queue.get(1).state is State.WAITING
        with pytest.raises(ToolError, match="cannot be written") as caught:
            queue.submit(a_wish_for())
        assert "owner and mode" in caught.value.hint


def test_a_step_whose_output_cannot_be_kept_is_tried_again_and_not_run_blind(shop) -> None:
    shop.answer = lambda job, attempt: disk_error(OSError(28, "No space left on device"), Path("/attempts"))
    job = shop.queue.submit(a_wish_for(Kind.BUILD))
    shop.worker().turn()
    again = shop.queue.get(job.id)
    assert (again.state, again.tries) == (State.WAITING, 1)
    assert again.reason == "no space left while writing /attempts"

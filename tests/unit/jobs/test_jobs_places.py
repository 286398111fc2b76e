"""Places in the lines: one after the other inside a transaction, though nothing is written yet."""

from __future__ import annotations

from sqlalchemy import insert

from hostkit.jobs.places import Places
from hostkit.store.tables import job_lines
from hostkit.testing.jobs import a_wish_for

LINE, OTHER = "here/build", "here/board"


def test_places_given_out_are_remembered_before_the_rows_are_written(shop) -> None:
    with shop.database.write() as connection:
        places = Places(connection, 1_000)
        assert [places.next(LINE, 0, "ann") for _ in range(3)] == [(1, 1_000), (2, 1_000), (3, 1_000)]
        assert places.next(LINE, 0, "bob") == (1, 1_000)
        assert places.next(OTHER, 0, "ann") == (1, 1_000)
        assert places.next(LINE, 1, "ann") == (1, 1_000)


def test_who_comes_new_stands_behind_what_was_served(shop) -> None:
    with shop.database.write() as connection:
        connection.execute(insert(job_lines), {"line": LINE, "priority": 0, "served": 41})
        assert Places(connection, 1).next(LINE, 0, "ann") == (42, 1)


def test_nobody_enters_before_one_that_waits_though_the_clock_was_set_back(shop) -> None:
    job = shop.queue.submit(a_wish_for())
    with shop.database.write() as connection:
        places = Places(connection, job.entered_ns - 5_000)
        assert places.next("here/" + job.wanted.line, 0, "bob")[1] == job.entered_ns

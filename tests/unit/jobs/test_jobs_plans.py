"""What is asked all the time is found by an index, however many jobs there ever were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.model import Ending, Kind, Outcome, Step
from hostkit.jobs.workers import WorkerRecord
from hostkit.store import prepared
from hostkit.testing.jobs import a_wish_for

GROWING = ("jobs", "job_attempts")
ROOM = Room(4, 4, lambda job: (), lambda spec, env: Standing.FREE)


class Noted:
    """A connection of the driver that keeps what a prepared statement asks."""

    def __init__(self, driver: sqlite3.Connection, asked: list[str]) -> None:
        self.driver, self.asked = driver, asked

    def execute(self, statement: str, values: Any) -> sqlite3.Cursor:
        self.asked.append(statement)
        return self.driver.execute(statement, values)

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        self.asked.append(statement)
        return self.driver.executemany(statement, values)


@contextmanager
def noting(engine: Any) -> Iterator[list[str]]:
    """Keep what is asked, as it is asked: an index that is found by a parameter's value is planned for anew
    each time, which takes longer than the answer."""
    asked: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", executed)
    with pytest.MonkeyPatch.context() as patch:
        driver = prepared._sqlite
        patch.setattr(prepared, "_sqlite", lambda connection: Noted(driver(connection), asked))
        yield asked
    event.remove(engine, "before_cursor_execute", executed)


def planned(shop: Any, once: Callable[[], object]) -> list[tuple[str, str]]:
    """Do something; return each step of SQLite's plan for each of its questions, with the question."""
    with noting(shop.database._engine) as asked:
        once()
    steps = []
    with shop.database.read() as connection:
        driver = connection.connection.dbapi_connection
        for statement in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                unknown = [None] * statement.count("?")
                rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", unknown)
                steps += [(detail, statement) for *_, detail in rows]
    return steps


def operations(shop: Any) -> dict[str, Callable[[], object]]:
    shop.queue.submit_all([a_wish_for(Kind.BUILD, identity=f"w{n}") for n in range(8)])
    worker = shop.workers.register(WorkerRecord(0, "here", "b", 1, 1))

    def take() -> list[Any]:
        seen = shop.leasing.survey("here", 4)
        return shop.leasing.take(worker, allot(seen.order, seen.jobs, ROOM))

    (_, kept), *rest = take()
    endings = [(attempt.id, Ending(Outcome.PASS)) for _, attempt in rest]
    return {
        "submit": lambda: shop.queue.submit(a_wish_for(Kind.BUILD, identity="new")),
        "join": lambda: shop.queue.submit(a_wish_for(Kind.BUILD, identity="w7", priority=2)),
        "lease": take,
        "settle": lambda: shop.leasing.settle(endings),
        "cancelled": lambda: shop.leasing.cancelled([kept.id]),
        "going": shop.queue.going,
        "waiting": lambda: shop.queue.waiting("here", 20),
        "ended": lambda: shop.queue.ended_jobs(5),
        "following": lambda: shop.queue.following(5),
        "counts": shop.queue.counts,
        "past": lambda: shop.queue.past_s(Step.BUILD, "virtual"),
        "attempts": lambda: shop.queue.attempts(1),
    }


NAMES = ("submit", "join", "lease", "settle", "cancelled", "going", "waiting", "ended", "following", "counts")


@pytest.mark.parametrize("name", [*NAMES, "past", "attempts"])
def test_no_question_of_the_queue_goes_through_a_whole_table(shop: Any, name: str) -> None:
    steps = planned(shop, operations(shop)[name])
    assert any(f"SEARCH {table} USING" in step for step, _ in steps for table in GROWING), steps
    scans = [(step, said) for step, said in steps if step.split()[:2] in [["SCAN", t] for t in GROWING]]
    assert scans == []


def test_jobs_are_taken_by_their_numbers_with_no_look_at_all_who_wait(shop: Any) -> None:
    steps = planned(shop, operations(shop)["lease"])
    taken = [step for step, said in steps if said.startswith("SELECT") and "jobs.id IN (?, ?, ?, ?)" in said]
    assert taken == ["SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"] * 2


def test_a_question_without_an_index_would_be_noticed(shop: Any) -> None:
    def whole() -> None:
        with shop.database.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE reason = 'x'").all()

    assert [step for step, _ in planned(shop, whole)] == ["SCAN jobs"]

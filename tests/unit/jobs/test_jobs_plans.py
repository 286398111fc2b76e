"""What is asked all the time is found by an index, however many jobs there ever were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.model import Ending, Kind, Outcome, Step
from hostkit.jobs.workers import WorkerRecord
from hostkit.testing.jobs import a_wish_for

GROWING = ("jobs", "job_attempts")
ROOM = Room(4, 4, lambda job: (), lambda spec, env: Standing.FREE)


def planned(shop: Any, once: Callable[[], object]) -> list[tuple[str, str]]:
    """Do something; return each step of SQLite's plan for each of its questions, with the question.

    SQLite itself is asked what it was asked, with the values put in.
    """
    asked: list[str] = []
    engine = shop.database._engine

    def traced(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(asked.append)

    event.listen(engine, "checkout", traced)
    once()
    event.remove(engine, "checkout", traced)
    steps = []
    with shop.database.read() as connection:
        connection.connection.dbapi_connection.set_trace_callback(None)
        for statement in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
                steps += [(row.detail, statement) for row in rows]
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


def test_a_question_without_an_index_would_be_noticed(shop: Any) -> None:
    def whole() -> None:
        with shop.database.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE reason = 'x'").all()

    assert [step for step, _ in planned(shop, whole)] == ["SCAN jobs"]

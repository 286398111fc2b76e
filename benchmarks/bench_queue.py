"""What the queue costs: one operation in a large queue beside one bare commit, and many no-op jobs."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

from measure import Row, Side, compare

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.outage import OutageBook
from hostkit.clock import SystemClock
from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome
from hostkit.jobs.queue import Queue
from hostkit.jobs.room import Premises
from hostkit.jobs.rows import row_of_wanted
from hostkit.jobs.worker import Desk, Worker
from hostkit.jobs.workers import WorkerRecord, Workers
from hostkit.store.database import Database, open_database
from hostkit.store.tables import jobs
from hostkit.testing.jobs import FakeLauncher, a_wish_for

FINISHED, WAITING, NO_OPS = 100_000, 1_000, 1_000
CLOCK = SystemClock()


def rows() -> Iterator[Row]:
    """Submit, lease, settle and list with 100,000 finished and 1,000 waiting jobs; 1,000 no-op jobs."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="hostkit-bench-"))
        stack.callback(shutil.rmtree, home)
        database = stack.enter_context(open_database(home))
        _fill(database)
        yield from _operations(database, _bare_commit(home, stack))
    yield from _no_ops()


def _fill(database: Database) -> None:
    row = row_of_wanted(a_wish_for(Kind.BUILD))
    numbers = ("step", "tag", "tries", "lost", "leader", "attempt", "not_before_ns", "submitted_ns")
    row |= dict.fromkeys((*numbers, "entered_ns", "began_ns"), 0)
    row |= {"line": "here/build", "reason": "", "evidence": "", "state": "passed"}
    with database.write() as connection:
        ended = [row | {"ended_ns": n, "submitter": f"s{n % 8}"} for n in range(1, FINISHED + 1)]
        connection.execute(jobs.insert(), ended)
    waiting = [
        a_wish_for(Kind.BUILD, submitter=f"s{n % 8}", priority=n % 3, identity=f"w{n}")
        for n in range(WAITING)
    ]
    Queue(database, CLOCK).submit_all(waiting)


def _operations(database: Database, bare: Side) -> Iterator[Row]:
    queue, leasing = Queue(database, CLOCK), Leasing(database, CLOCK)
    worker = Workers(database, CLOCK).register(WorkerRecord(0, "here", "b", 1, 1))
    room = Room(1, 1, lambda _job: (), lambda _spec, _env: Standing.FREE)
    numbers, taken = count(), list[tuple[Job, Attempt]]()

    def submit() -> None:
        queue.submit(a_wish_for(Kind.BUILD, identity=f"n{next(numbers)}"))

    def lease() -> None:
        taken.extend(leasing.take(worker, allot(*leasing.heads("here", 1), room)))

    def settle() -> None:
        leasing.settle([(taken.pop()[1].id, Ending(Outcome.PASS))])

    def listed() -> None:
        queue.going()
        queue.waiting("here", 20)
        queue.ended_jobs(5)
        queue.counts()

    for name, once in (("submit", submit), ("lease", lease), ("settle", settle), ("list", listed)):
        what = f"queue {name}, 100,000 + 1,000 jobs"
        yield compare(what, Side(name, once), bare, runs=30, target="<= 5 ms")


def _bare_commit(home: Path, stack: ExitStack) -> Side:
    bare = sqlite3.connect(home / "bare.db", isolation_level=None)
    stack.callback(bare.close)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE t (a)"):
        bare.execute(statement)
    return Side("a bare durable commit", lambda: bare.execute("INSERT INTO t VALUES (1)"))


def _no_ops() -> Iterator[Row]:
    home = Path(tempfile.mkdtemp(prefix="hostkit-bench-"))
    try:
        peer = _peer(home)
        for how, at_once in (("one by one", False), ("at once", True)):
            ours = Side(f"8 seats, submitted {how}", partial(_run_ours, home, at_once=at_once))
            yield compare("1,000 durable no-op jobs", ours, peer, runs=5, target="<= 0.6 s, <= 1 x")
    finally:
        shutil.rmtree(home)


def _run_ours(home: Path, *, at_once: bool) -> None:
    """Submit, in one transaction or in as many as jobs, and run all in one worker that starts no process."""
    with open_database(home) as database:
        queue, leasing, workers = Queue(database, CLOCK), Leasing(database, CLOCK), Workers(database, CLOCK)
        wanted = [a_wish_for(Kind.BUILD)] * NO_OPS
        for some in [wanted] if at_once else [[each] for each in wanted]:
            queue.submit_all(some)
        premises = Premises(
            LeaseOffice(home / "leases", CLOCK),
            OutageBook(home, CLOCK),
            CLOCK,
            lambda: 8,
            lambda _job: (),
            lambda _spec, _env: False,
        )
        launcher = FakeLauncher(lambda _job, _attempt: Ending(Outcome.PASS))
        desk = Desk(leasing, workers, premises, launcher, CLOCK, lambda: False, lambda _text: None)
        worker = Worker(desk, 8, host="here")
        while worker.turn():
            pass
        worker.close()
        assert not queue.counts()


def _peer(home: Path) -> Side:
    """Return huey on SQLite with fsync, at its quickest: one loop, where threads wait for one another."""
    from huey import SqliteHuey  # noqa: PLC0415 - a peer, no part of hostkit

    def run() -> None:
        huey = SqliteHuey(filename=str(home / "huey.db"), fsync=True, results=True)

        @huey.task()
        def nothing() -> int:
            return 1

        for _ in range(NO_OPS):
            nothing()
        while (task := huey.dequeue()) is not None:
            huey.execute(task)
        huey.storage.close()

    return Side("huey, fsync", run)

"""Worker processes as the database knows them."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace

from sqlalchemy import delete, select, update

from hostkit.clock import Clock
from hostkit.process import boot_id, process_start_ticks
from hostkit.store.database import Database
from hostkit.store.dialect import WRITE_ROWS
from hostkit.store.tables import job_workers


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker process. ``beats`` grows while it lives, for hosts that cannot see its pid."""

    id: int
    host: str
    boot: str
    pid: int
    pid_start: int  # clock ticks since boot, see hostkit.process.process_start_ticks
    beats: int = 0
    seats: int = 1


def is_here(worker: WorkerRecord) -> bool | None:
    """Say whether a worker runs on this machine; None for one of another, of which nothing is known here.

    One of this machine from before its last start does not.
    """
    if worker.boot == boot_id():
        return process_start_ticks(worker.pid) == worker.pid_start
    return False if worker.host == platform.node() else None


class Workers:
    """The list of workers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database = database
        self._clock = clock

    def register(self, worker: WorkerRecord) -> WorkerRecord:
        """Enter a worker, and return it with its number."""
        row = {"host": worker.host, "boot": worker.boot, "pid": worker.pid, "pid_start": worker.pid_start}
        row |= {"began_ns": self._clock.wall_ns(), "beats": 0, "seats": worker.seats}
        with self._database.write() as connection:
            done = connection.execute(job_workers.insert().values(**row))
            return replace(worker, id=int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0)

    def beat(self, worker: int) -> bool:
        """Say that a worker lives; False when it is not on the list any more."""
        beats = job_workers.c.beats + 1
        with self._database.write(WRITE_ROWS) as connection:
            mine = update(job_workers).where(job_workers.c.id == worker)
            return connection.execute(mine.values(beats=beats)).rowcount == 1

    def sign_off(self, worker: int) -> None:
        """Strike a worker off the list. What it still has is open then, for others to settle."""
        with self._database.write() as connection:
            connection.execute(delete(job_workers).where(job_workers.c.id == worker))

    def all(self) -> list[WorkerRecord]:
        """Return every worker that has not signed off, dead ones included."""
        with self._database.read() as connection:
            return [
                WorkerRecord(row.id, row.host, row.boot, row.pid, row.pid_start, row.beats, row.seats)
                for row in connection.execute(select(job_workers).order_by(job_workers.c.id))
            ]

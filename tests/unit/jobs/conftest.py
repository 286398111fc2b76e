"""A worker on a database of its own, with steps that start no process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.outage import OutageBook
from hostkit.errors import UsageError
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Ending, Job
from hostkit.jobs.queue import Queue
from hostkit.jobs.room import Premises
from hostkit.jobs.worker import Desk, Worker
from hostkit.jobs.workers import Workers
from hostkit.store.database import FILE_NAME, Database, open_database
from hostkit.testing.clock import FakeClock
from hostkit.testing.jobs import FakeLauncher

VIRT0 = BoardSpec("virt0", Kind.VIRTUAL, Chip.ESP32, "02:68:6b:00:00:00")
VIRT1 = BoardSpec("virt1", Kind.VIRTUAL, Chip.ESP32, "02:68:6b:00:00:01")


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied."""
    state = tmp_path_factory.mktemp("made")
    open_database(state).close()
    return state / FILE_NAME


class Shop:
    """What one worker works with, all of it in a test's hands."""

    def __init__(self, database: Database, state: Path) -> None:
        self.database = database
        self.clock = FakeClock()
        self.queue = Queue(database, self.clock)
        self.leasing = Leasing(database, self.clock)
        self.workers = Workers(database, self.clock)
        self.leases = LeaseOffice(state / "leases", self.clock)
        self.outages = OutageBook(state, self.clock)
        self.slots = 2
        self.boards = [VIRT0, VIRT1]
        self.pick: Callable[[Job], list[BoardSpec]] = lambda job: self.boards
        self.can_ask = True
        self.answer: Callable[[Job, Attempt], object] = lambda job, attempt: None
        self.launcher = FakeLauncher(self._answered)
        self.told: list[str] = []
        self.premises = Premises(
            self.leases,
            self.outages,
            self.clock,
            lambda: self.slots,
            self._fitting,
            lambda spec, env: self.can_ask,
        )

    def _answered(self, job: Job, attempt: Attempt) -> object:
        return self.answer(job, attempt)

    def _fitting(self, job: Job) -> list[BoardSpec]:
        if not self.boards:
            raise UsageError(f"nobody has a board {job.wanted.wish}", hint="")
        return self.pick(job)

    def worker(self, seats: int = 4) -> Worker:
        desk = Desk(
            self.leasing,
            self.workers,
            self.premises,
            self.launcher,
            self.clock,
            lambda: self.queue.drained,
            self.told.append,
        )
        return Worker(desk, seats, host="here")

    def running(self) -> list[tuple[str, str]]:
        """Return step and board of what runs."""
        return [(each.step.value, each.board_name) for each in self.leasing.running()]

    def finish(self, number: int, ending: Ending) -> None:
        """Let the step of a job that was started last end by itself."""
        [running for job, _, running in self.launcher.launched if job.id == number][-1].finish(ending)


@pytest.fixture
def shop(made_database: Path, tmp_path: Path) -> Iterator[Shop]:
    """A shop without workers."""
    shutil.copyfile(made_database, tmp_path / FILE_NAME)
    with open_database(tmp_path) as database:
        yield Shop(database, tmp_path)

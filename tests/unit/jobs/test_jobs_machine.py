"""The queue under everything that may happen to it, in any order: a state machine over store and leases."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hostkit.boards.model import BoardSpec, Chip
from hostkit.boards.model import Kind as BoardKind
from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome, State, Step
from hostkit.jobs.queue import Queue
from hostkit.jobs.wish import find_fitting, parse_wish
from hostkit.jobs.workers import WorkerRecord, Workers
from hostkit.store.database import FILE_NAME, open_database
from hostkit.testing.clock import FakeClock
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

BOARDS = [BoardSpec(f"virt{n}", BoardKind.VIRTUAL, Chip.ESP32, f"02:68:6b:00:00:0{n}") for n in (0, 1, 2)]
OUTCOMES = [each for each in Outcome if each is not Outcome.NONE]
DAY_S = 86_400


def _boards_of(job: Job) -> Sequence[BoardSpec]:
    """Who needs several has named them; anybody else takes any."""
    return find_fitting(parse_wish(job.wanted.wish), BOARDS) if job.wanted.together else BOARDS


@pytest.fixture(autouse=True, scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give the machine a database with all tables, to be copied, and a place for its copies."""
    QueueMachine.place = tmp_path_factory.mktemp("machine")
    open_database(QueueMachine.place).close()


class QueueMachine(RuleBasedStateMachine):
    """Submitters, workers that die, boards that fail, clocks that jump, people who cancel."""

    place: Path

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp(dir=self.place))
        shutil.copyfile(self.place / FILE_NAME, self.home / FILE_NAME)
        self.database = open_database(self.home)
        self.clock = FakeClock()
        self.queue = Queue(self.database, self.clock)
        self.leasing = Leasing(self.database, self.clock)
        self.workers = Workers(self.database, self.clock)
        self.alive: list[WorkerRecord] = []
        self.generations: dict[str, int] = {}
        self.ended: dict[int, tuple[State, int, str]] = {}
        self.submitted = 0

    def teardown(self) -> None:
        if not hasattr(self, "home"):
            return
        try:
            self.bring_to_an_end()
        finally:
            self.database.close()
            shutil.rmtree(self.home)

    # ---- what happens

    @rule(
        kind=st.sampled_from(Kind),
        who=st.sampled_from("abc"),
        priority=st.integers(-2, 2),
        identity=st.sampled_from(["", "", "x", "y"]),
        build=st.booleans(),
    )
    def submit(self, kind: Kind, who: str, priority: int, identity: str, build: bool) -> None:
        known = f"{kind.value}{identity}" if identity else ""
        self.queue.submit(
            a_wish_for(
                kind, submitter=who, priority=priority, identity=known, build=build or kind is Kind.BUILD
            )
        )
        self.submitted += 1

    @rule(
        kind=st.sampled_from([Kind.HIL, Kind.GATE]),
        boards=st.lists(st.sampled_from(BOARDS), min_size=2, unique=True),
        priority=st.integers(-2, 2),
        build=st.booleans(),
    )
    def submit_for_several_boards(
        self, kind: Kind, boards: list[BoardSpec], priority: int, build: bool
    ) -> None:
        self.queue.submit(a_wish_for_all(boards, kind, priority=priority, build=build))
        self.submitted += 1

    @rule(seats=st.integers(1, 4))
    def a_worker_comes(self, seats: int) -> None:
        if len(self.alive) < 3:
            self.alive.append(self.workers.register(WorkerRecord(0, "here", "b", 1, 1, seats=seats)))

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), standing=st.sampled_from(Standing), builds=st.integers(0, 3))
    def take(self, data: st.DataObject, standing: Standing, builds: int) -> None:
        worker = data.draw(st.sampled_from(self.alive))
        self._take(worker, standing, builds)

    @precondition(lambda self: self.leasing.running())
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES), fault=st.booleans())
    def settle(self, data: st.DataObject, outcome: Outcome, fault: bool) -> None:
        attempt = data.draw(st.sampled_from(self.leasing.running()))
        ending = Ending(outcome, "so it ended", board_fault=fault and outcome is Outcome.INCONCLUSIVE)
        self.leasing.settle([(attempt.id, ending)])
        assert self.leasing.settle([(attempt.id, Ending(Outcome.PASS))]) == []  # not acknowledged: once more

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = self.queue.get(data.draw(st.integers(1, self.submitted)))
        if not job.state.ended:
            self.queue.cancel(job.id)

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        job = self.queue.get(data.draw(st.integers(1, self.submitted)))
        if job.state is State.DEAD:
            del self.ended[job.id]
            self.queue.requeue(job.id)

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def a_board_is_taken_off_the_list(self, data: st.DataObject) -> None:
        self.leasing.refuse(self.queue.get(data.draw(st.integers(1, self.submitted))), "nobody has it")

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), noticed=st.booleans())
    def a_worker_dies(self, data: st.DataObject, noticed: bool) -> None:
        worker = data.draw(st.sampled_from(self.alive))
        self.alive.remove(worker)
        if noticed:
            self.workers.sign_off(worker.id)

    @rule()
    def somebody_looks_after_the_dead(self) -> None:
        self._reap()

    @rule(seconds=st.sampled_from([0.5, 10, 700]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-7 * DAY_S, -60, 60, 7 * DAY_S]))
    def the_clock_jumps(self, seconds: float) -> None:
        self.clock.jump(seconds)

    # ---- what is always true

    @invariant()
    def no_board_is_used_by_two_and_no_generation_is_given_twice(self) -> None:
        if not hasattr(self, "home"):
            return
        running = self.leasing.running()
        used = [(identity, attempt.id) for attempt in running for identity in attempt.boards]
        assert len(used) == len(dict(used))
        known = self.leasing.boards()
        assert {each.identity: each.attempt for each in known.values() if each.attempt} == dict(used)

    @invariant()
    def a_job_runs_if_and_only_if_an_attempt_at_it_is_open(self) -> None:
        if not hasattr(self, "home"):
            return
        going = {job.id: job.attempt for job in self.queue.going()}
        assert going == {attempt.job: attempt.id for attempt in self.leasing.running()}

    @invariant()
    def what_ended_stays_and_who_follows_has_somebody_to_follow(self) -> None:
        if not hasattr(self, "home"):
            return
        for number in range(1, self.submitted + 1):
            job = self.queue.get(number)
            if job.state.ended:
                assert job.ended_ns
                assert self.ended.setdefault(number, self._end(job)) == self._end(job)
            if job.state is State.FOLLOWING:
                leader = self.queue.get(job.leader)
                assert leader.state in (State.WAITING, State.RUNNING, State.CANCELLING)

    # ---- how

    @staticmethod
    def _end(job: Job) -> tuple[State, int, str]:
        return job.state, job.ended_ns, job.reason

    def _take(self, worker: WorkerRecord, standing: Standing, builds: int) -> list[tuple[Job, Attempt]]:
        heads, jobs = self.leasing.heads("here", worker.seats)
        taken_boards = {key for key, each in self.leasing.boards().items() if each.attempt}

        def stands(spec: BoardSpec, env: str) -> Standing:
            return Standing.TAKEN if spec.identity in taken_boards else standing

        room = Room(worker.seats, builds, _boards_of, stands)
        taken = self.leasing.take(worker, allot(heads, jobs, room))
        for job, attempt in taken:
            if attempt.board and attempt.step is not Step.PROBE and job.wanted.together:
                assert ",".join(attempt.boards.values()) == job.wanted.wish
            for identity in attempt.boards:
                assert attempt.generation > self.generations.get(identity, 0)
                self.generations[identity] = attempt.generation
        return taken

    def _reap(self) -> None:
        left = self.leasing.left_behind({worker.id for worker in self.alive})
        self.leasing.settle([(attempt.id, Ending(Outcome.LOST, "its worker died")) for attempt in left])

    def bring_to_an_end(self) -> None:
        """Let one worker that lives do all that is left: every job comes to its end."""
        self.alive = [self.workers.register(WorkerRecord(0, "here", "b", 1, 1, seats=4))]
        self._reap()
        for _ in range(4 * self.submitted + 4):
            self.clock.advance(700)
            for _, attempt in self._take(self.alive[0], Standing.FREE, 4):
                self.leasing.settle([(attempt.id, Ending(Outcome.PASS))])
            if not self.queue.counts():
                return
        raise AssertionError(f"some never end: {self.queue.counts()}")


QueueMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestQueueMachine = QueueMachine.TestCase

"""Workers that are killed at random, on a queue with real child processes. Run by test_jobs_kills.

python jobs_kill_harness.py STATE KILLS SEED

Kills go on until enough of them met an attempt: on a busy machine many workers die before they have one.
Each worker is forked and dies without warning: right before or after a random one of its calls to database or
launcher, or at a random moment of its own time (wherever its processor is then), or while it waits. Steps are
shell scripts that hold the lock files of their board, or of both, and complain when somebody else has one.
Half-way all processes are stopped and the state directory is copied, as it would be found after a loss of
power. Prints what came of it as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.outage import OutageBook
from hostkit.clock import SystemClock
from hostkit.jobs import model
from hostkit.jobs.child import ChildLauncher, Shell
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Job, State
from hostkit.jobs.queue import Queue
from hostkit.jobs.retry import RetryPolicy
from hostkit.jobs.room import Premises
from hostkit.jobs.waking import Bell
from hostkit.jobs.worker import Desk, Worker
from hostkit.jobs.workers import Workers
from hostkit.process import Command
from hostkit.store.database import open_database
from hostkit.tasks.agent import marked_processes
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

BOARDS = [BoardSpec(f"virt{n}", Kind.VIRTUAL, Chip.ESP32, f"02:68:6b:00:00:0{n}") for n in (0, 1)]
OPEN_JOBS = 12
LOST = 50  # attempts that are to be under way when their worker is killed, at least
CLOCK = SystemClock()
STEP = """
exec 8>>"$0/${1%&*}.lock" 9>>"$0/${1#*&}.lock"
flock -n 8 || { echo "$1" >> "$0/clashes"; exit 5; }
[ "$1" = "${1#*&}" ] || flock -n 9 || { echo "$1" >> "$0/clashes"; exit 5; }
sleep 0.0$2
echo "$4"
exit $3
"""


class Fuse:
    """Kills this process at its n-th call."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Mined:
    """Something whose every call burns a fuse before and after it."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._fuse.burn()
            result = found(*arguments, **named)
            self._fuse.burn()
            return result

        return call


def command(state: Path) -> Callable[[Job, Attempt], Command]:
    """Return the script of a step: most pass, some jobs fail, whoever tries them."""

    def of(job: Job, attempt: Attempt) -> Command:
        fails = job.wanted.kind is model.Kind.GATE and job.id % 5 == 0 and bool(attempt.board)
        said = {"verdict": "fail" if fails else "pass", "exit_code": int(fails), "ok": True}
        said |= {"build_id": "b", "evidence": f"/runs/{attempt.id}"}
        place = attempt.board or f"build-{attempt.id}"
        words = (place, str(attempt.id % 10), str(int(fails)), json.dumps(said))
        return Command(("sh", "-c", STEP, str(state / "boards"), *words))

    return of


def work(state: Path, fuse: int, over: Callable[[Queue], bool]) -> None:
    """Be a worker until ``over``, or until the fuse has burnt down."""
    with open_database(state) as database:
        mine = Fuse(fuse)
        leasing = Mined(Leasing(database, CLOCK, RetryPolicy(base_s=0.01, lost=10_000)), mine)
        leases = LeaseOffice(state / "leases", CLOCK)
        queue = Queue(database, CLOCK)
        shell = Shell(command(state), lambda identity: False)
        premises = Premises(
            leases, OutageBook(state, CLOCK), CLOCK, lambda: 2, lambda job: BOARDS, lambda spec, env: False
        )
        desk = Desk(
            leasing=leasing,  # type: ignore[arg-type] - behaves as one
            workers=Mined(Workers(database, CLOCK), mine),  # type: ignore[arg-type]
            premises=premises,
            launcher=Mined(ChildLauncher(state / "queue", shell, CLOCK), mine),
            clock=CLOCK,
            drained=lambda: False,
            tell=lambda text: None,
        )
        bell = Bell(state / "queue")
        Worker(desk, 4, host="here").run(lambda: over(queue), bell)


def forked(body: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        body()
        code = 0
    except Exception:  # noqa: BLE001 - what went wrong must be seen, and must not go on as a second parent
        traceback.print_exc()
    os._exit(code)


def top_up(state: Path, chance: random.Random) -> None:
    """Keep some jobs open; a third asks for work that somebody else asks for too; some are cancelled."""
    with open_database(state) as database:
        queue = Queue(database, CLOCK)
        missing = OPEN_JOBS - sum(queue.counts().values())
        wanted = [a_random_wish(chance) for _ in range(max(0, missing))]
        if wanted:
            queue.submit_all(wanted)
        if chance.random() < 0.1:
            queue.cancel(chance.choice(queue.waiting("here", 5) or queue.going()).id)


def a_random_wish(chance: random.Random) -> model.Wanted:
    """Return a request for any board, or, of each fourth hil or gate, for both."""
    kind = chance.choice(list(model.Kind))
    several = kind in (model.Kind.HIL, model.Kind.GATE) and chance.random() < 0.25
    same = chance.choice(["", "", f"same{chance.randint(0, 2)}"])
    how = {"submitter": chance.choice("abc"), "priority": chance.randint(-1, 1)}
    how["identity"] = f"{same} on both" if several and same else same
    return a_wish_for_all(BOARDS, kind, **how) if several else a_wish_for(kind, **how)


def snapshot(state: Path, workers: list[int]) -> Path:
    """Copy the state directory while nothing moves."""
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    copy = state.with_name("copy")
    shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*.sock"))
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    return copy


def kill_again_and_again(state: Path, kills: int, chance: random.Random) -> int:
    """Let two workers at a time work and die; return how many died."""
    workers: list[int] = []
    done = 0
    while not enough(state, done, kills):
        if done % 4 == 0:
            top_up(state, chance)
        while len(workers) < 2:
            workers.append(forked(mortal(state, chance.randint(1, 80), chance.uniform(0.001, 0.08))))
        if done == kills // 2 and not state.with_name("copy").exists():
            snapshot(state, workers)
        died = os.waitpid(workers[0], os.WNOHANG)
        until = CLOCK.monotonic_ns() + round(100_000_000 * max(1.0, crowding()))
        while not died[0] and CLOCK.monotonic_ns() < until:
            time.sleep(0.005)
            died = os.waitpid(workers[0], os.WNOHANG)
        if not died[0]:
            os.kill(workers[0], signal.SIGKILL)
            died = os.waitpid(workers[0], 0)
        assert os.WIFSIGNALED(died[1]), "a worker ended by itself"
        del workers[0]
        done += 1
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return done + len(workers)


def crowding() -> float:
    """Return how much longer a moment takes than with two processes for each processor, as tests are run."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) / 2


def enough(state: Path, done: int, kills: int) -> bool:
    """Say whether there were as many kills as are wanted, and :data:`LOST` of them met an attempt."""
    if done < kills or done % 20:
        return False
    with open_database(state) as database:
        return done >= 5 * kills or lost(ended_attempts(Queue(database, CLOCK))) > LOST


def ended_attempts(queue: Queue) -> list[Attempt]:
    return [attempt for job in queue.ended_jobs(100_000) for attempt in queue.attempts(job.id)]


def lost(attempts: Iterable[Attempt]) -> int:
    return sum(attempt.outcome is model.Outcome.LOST for attempt in attempts)


def mortal(state: Path, calls: int, seconds: float) -> Callable[[], None]:
    """Return a worker that dies after so many calls, or so much time of its processor."""

    def body() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.02 + seconds)  # nobody handles it: the kernel ends the process
        work(state, calls, lambda queue: False)

    return body


def finish(state: Path) -> dict[str, Any]:
    """Let one worker bring everything to its end, and say what there is then."""
    pid = forked(lambda: work(state, 0, lambda queue: not queue.counts()))
    _, status = os.waitpid(pid, 0)
    with open_database(state) as database:
        queue, leasing = Queue(database, CLOCK), Leasing(database, CLOCK)
        ended = queue.ended_jobs(100_000)
        attempts = ended_attempts(queue)
        return {
            "worker": status,
            "open": {state.value: count for state, count in queue.counts().items()},
            "ended": len(ended),
            "states": sorted({job.state.value for job in ended}),
            "without evidence": [
                job.id for job in ended if job.state in (State.PASSED, State.FAILED) and not job.evidence
            ],
            "wrong": [job.id for job in ended if job.state is State.FAILED and not _fails(job, queue)],
            "lost": lost(attempts),
            "on both boards": sum(len(attempt.boards) > 1 for attempt in attempts),
            "running": len(leasing.running()),
            "held": [each.identity for each in leasing.boards().values() if each.attempt],
            "workers": len(Workers(database, CLOCK).all()),
            "clashes": (state / "boards" / "clashes").exists(),
            "strays": sum(len(marked_processes(attempt.token)) for attempt in attempts[-20:]),
        }


def _fails(job: Job, queue: Queue) -> bool:
    """Say whether a job, or one whose attempts it shared or took over, is one of those that fail."""
    shared = job.leader or job.id
    return any(number % 5 == 0 for number in (job.id, shared, *(a.job for a in queue.attempts(shared))))


def main() -> None:
    state, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (state / "boards").mkdir(parents=True)
    open_database(state).close()
    killed = kill_again_and_again(state, kills, random.Random(seed))
    print(json.dumps({"killed": killed, "after": finish(state), "copy": finish(state.with_name("copy"))}))


if __name__ == "__main__":
    main()

"""Many submitters, few boards, workers that are killed. Small: test_queue_contest; large: `make contest`.

python queue_contest.py [--jobs 200] [--worktrees 8] [--pause 2,8] [--seed 1]

Every job is a real verb on the two virtual boards of boards.toml. Each worktree is a checkout at one of a
few commits that differ in the firmware, with a hardware suite cut down to five of its files. From each a
process of its own submits, at random: builds; flashes; gates, of all of those files, three of five on both
boards at once; and hil runs of one file on whatever the board runs. Two `hostkit queue work` run meanwhile;
one of them is killed with SIGKILL, and another one started, again and again until all jobs have ended: after
a random time, and not before one more step came to its end.

A witness looks ten times a second which processes have a board's port open, by the attempt that they belong
to: two attempts at once would be a clash, whatever the queue believes. Prints what came of it as JSON;
exit 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from hostkit.clock import SystemClock
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Attempt, Job, Outcome, State
from hostkit.jobs.queue import Queue
from hostkit.store.database import Database, open_database
from hostkit.store.tables import job_attempts
from hostkit.tasks.agent import TOKEN

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ("virt0", "virt1")
KEPT = ("conftest.py", "test_identity.py", "test_link.py", "test_colour.py", "test_laws.py", "test_wire.py")
COMMITS = 2
ON_BOTH = 0.6  # of the gates; in either order, which is other work
CLOCK = SystemClock()
LONGEST_S = 3600


@dataclass(frozen=True)
class Plan:
    """What is done: how many jobs from how many worktrees, and how long a worker lives at least (s)."""

    jobs: int
    worktrees: int
    pause_s: tuple[float, float]
    seed: int


@dataclass
class Witness:
    """Sees who has the ports of boards open. ``together``: attempts that had those of both at once."""

    state: Path
    together: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    clashes: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(0.1):
            had = set[str]()
            for board in BOARDS:
                users = self.users(board)
                self.together |= had & set(users.values())
                had |= set(users.values())
                self.seen[board] += bool(users)
                if len(set(users.values())) > 1:
                    again = self.users(board)  # /proc is no snapshot: the first may have gone meanwhile
                    both = {pid: token for pid, token in again.items() if users.get(pid) == token}
                    if len(set(both.values())) > 1:
                        self.clashes.append(f"{board}: {both}")

    def users(self, board: str) -> dict[int, str]:
        """Return the processes that have a board's port open, each with its attempt."""
        try:
            port = (self.state / "boards" / board / "port").resolve(strict=True)
        except OSError:
            return {}
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    token = _token(entry)
                    if token and port in {each.readlink() for each in (entry / "fd").iterdir()}:
                        found[int(entry.name)] = token
        return found


def _token(entry: Path) -> str:
    """Return the attempt that a process belongs to, "" for one that is none's, or a board itself."""
    if b"hostkit.boards.virtual.serve" in (entry / "cmdline").read_bytes():
        return ""
    words = (entry / "environ").read_bytes().split(b"\0")
    return next((w.decode().partition("=")[2] for w in words if w.startswith(TOKEN.encode() + b"=")), "")


def environment(home: Path) -> dict[str, str]:
    """Return the environment of all processes: state of the contest's own, the checkout's cache for tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOSTKIT_", "PLATFORMIO_", "GIT_"))}
    who = {f"GIT_{role}_{what}": "contest" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    cache = ROOT / ".hostkit" / "test-cache"
    return kept | who | {"HOSTKIT_STATE_DIR": str(home / "s"), "HOSTKIT_CACHE_DIR": str(cache)}


def make_worktrees(home: Path, number: int, env: dict[str, str]) -> list[Path]:
    """Make a clone with a few commits, and worktrees at them in turn."""

    def git(where: Path, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=where, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    clone = home / "clone"
    git(home, "clone", "-q", "--shared", str(ROOT), str(clone))
    for path in (clone / "hil_tests").glob("*.py"):
        if path.name not in KEPT:
            path.unlink()
    commits = []
    for n in range(min(COMMITS, number)):
        with (clone / "firmware" / "src" / "main_host.cpp").open("a") as source:
            source.write(f"// variant {n}\n")
        git(clone, "commit", "-qam", f"firmware: variant {n}")
        commits.append(git(clone, "rev-parse", "HEAD"))
    trees = [home / f"w{n}" for n in range(number)]
    for n, tree in enumerate(trees):
        git(clone, "worktree", "add", "-q", "--detach", str(tree), commits[n % len(commits)])
    return trees


def submit(jobs: int, seed: int, name: str) -> None:
    """Be a submitter, in the worktree that is the current directory; print the numbers of the jobs."""
    from hostkit.cli.main import run  # noqa: PLC0415 - only submitters are a command line

    chance, numbers = random.Random(seed), []
    for _ in range(jobs):
        kind = chance.choices(("build", "flash", "hil", "gate"), (30, 30, 25, 15))[0]
        words = ["queue", "submit", kind, "-e", "virtual", "--as", name, "--json"]
        words += ["--priority", str(chance.randint(-1, 1))]
        if kind != "build":
            both = kind == "gate" and chance.random() < ON_BOTH
            either = chance.choice((*BOARDS, "any"))
            words += ["-b", ",".join(chance.sample(BOARDS, 2)) if both else either]
        if kind == "hil":
            words += ["--any-build", "-k", chance.choice(("test_identity", "test_link", "test_wire"))]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = run(words)
        assert code == 0, (words, code)
        numbers.append(json.loads(said.getvalue())["id"])
    print(json.dumps(numbers))


def contest(home: Path, plan: Plan) -> dict[str, Any]:
    """Let everything happen, and return what there is then."""
    env, chance = environment(home), random.Random(plan.seed)
    state = home / "s"
    trees = make_worktrees(home, plan.worktrees, env)
    open_database(state).close()
    hostkit = [sys.executable, "-P", "-m", "hostkit"]
    for board in BOARDS:  # a hil run needs some firmware to ask
        flash = [*hostkit, "flash", "-e", "virtual", "-b", board]
        subprocess.run(flash, cwd=trees[0], env=env, check=True, capture_output=True)
    witness = Witness(state)
    watching = threading.Thread(target=witness.watch)
    watching.start()
    began = time.monotonic()
    try:
        submitters = [_submitter(tree, n, plan, env) for n, tree in enumerate(trees)]
        killed = _work_and_kill(home, plan, chance, submitters, env)
        numbers = [number for each in submitters for number in json.loads(each.communicate()[0])]
    finally:
        witness.over.set()
        watching.join()
    told = {
        "seconds": round(time.monotonic() - began, 1),
        "workers killed": killed,
        "load": os.getloadavg()[0],
    }
    told |= {"port seen open": dict(witness.seen), "clashes": witness.clashes}
    told |= {"seen on both boards": len(witness.together)}
    return told | judge(state, numbers)


def _submitter(tree: Path, n: int, plan: Plan, env: dict[str, str]) -> subprocess.Popen[str]:
    share = plan.jobs // plan.worktrees + (n < plan.jobs % plan.worktrees)
    words = ["--submit", str(share), "--seed", str(plan.seed * 1000 + n), "--name", f"agent{n}"]
    argv = [sys.executable, "-P", __file__, *words]
    return subprocess.Popen(argv, cwd=tree, env=env, stdout=subprocess.PIPE, text=True)


def _work_and_kill(
    home: Path, plan: Plan, chance: random.Random, submitters: list[Any], env: dict[str, str]
) -> int:
    """Keep two workers, kill one after random times, until all was submitted and has ended."""
    until, killed = time.monotonic() + LONGEST_S, 0
    with (home / "workers.log").open("w") as log, open_database(home / "s") as database:
        queue, workers = Queue(database, CLOCK), list[subprocess.Popen[bytes]]()
        argv = [sys.executable, "-P", "-m", "hostkit", "queue", "work", "-j", "3"]
        try:
            while _goes_on(submitters, queue):
                assert time.monotonic() < until, f"not over after {LONGEST_S} s: {queue.counts()}"
                while len(workers) < 2:
                    workers.append(subprocess.Popen(argv, cwd=home / "w0", env=env, stderr=log))
                least = _passed(database) + 1
                dies_at = time.monotonic() + chance.uniform(*plan.pause_s)
                while _goes_on(submitters, queue) and (
                    time.monotonic() < dies_at or _passed(database) < least
                ):
                    time.sleep(0.1)
                victim = workers.pop(chance.randrange(2))
                assert victim.poll() is None, "a worker ended by itself"
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                killed += 1
        finally:
            for each in workers:
                each.terminate()
                each.wait()
    return killed


def _goes_on(submitters: list[Any], queue: Queue) -> bool:
    return any(each.poll() is None for each in submitters) or bool(queue.counts())


def _passed(database: Database) -> int:
    """Return how many steps came to their end. One must between two kills, or a busy machine gets nowhere."""
    ended = select(func.count()).where(job_attempts.c.outcome == Outcome.PASS.value)
    with database.read() as connection:
        return connection.execute(ended).scalar_one()


def judge(state: Path, numbers: list[int]) -> dict[str, Any]:
    """Return what came of the jobs, and under "wrong" all that must not be."""
    with open_database(state) as database:
        queue, leasing = Queue(database, CLOCK), Leasing(database, CLOCK)
        jobs = [queue.get(number) for number in numbers]
        attempts = {job.id: queue.attempts(job.id) for job in jobs}
        known = leasing.boards()
        wrong = [f"submitted {n} times" for n in Counter(numbers).values() if n > 1]
        wrong += [f"job {job.id}: {told}" for job in jobs for told in _wrong_with(job, attempts)]
        everyone = sorted((a for each in attempts.values() for a in each), key=lambda each: each.id)
        for identity, record in known.items():
            wrong += _wrong_leases([each for each in everyone if identity in each.boards], record.generation)
        wrong += [f"board {each.identity} is still leased" for each in known.values() if each.attempt]
        wrong += [f"attempt {each.id} is still open" for each in leasing.running()]
    return {
        "jobs": len(jobs),
        "kinds": Counter(job.wanted.kind.value for job in jobs),
        "states": Counter(job.state.value for job in jobs),
        "for both boards": sum(job.wanted.together for job in jobs),
        "followed another": sum(bool(job.leader) for job in jobs),
        "attempts": Counter(each.outcome.value for each in everyone),
        "leases": {identity: record.generation for identity, record in known.items()},
        "wrong": wrong,
    }


_DECIDED = (Outcome.PASS, Outcome.FAIL, Outcome.INVALID, Outcome.UNDECIDED)


def _wrong_with(job: Job, attempts: dict[int, list[Attempt]]) -> list[str]:
    """Say what is wrong with a job: each ends once, by one attempt that came to a verdict, with evidence."""
    if job.state is not State.PASSED:
        return [f"{job.state.value}: {job.reason}"]
    wrong = [] if job.evidence and Path(job.evidence).is_dir() else [f"no evidence at {job.evidence!r}"]
    own = attempts[job.leader or job.id]
    last = [each for each in own if each.step is job.wanted.steps[-1] and each.outcome in _DECIDED]
    if [each.outcome for each in last] != [Outcome.PASS]:
        wrong.append(f"decided by {len(last)} attempts")
    elif job.wanted.together and list(last[0].boards.values()) != job.wanted.wish.split(","):
        wrong.append(f"it ran on {last[0].board_name} and not on {job.wanted.wish}")
    elif last[0].evidence != job.evidence:
        wrong.append(f"its evidence {job.evidence} is not that of its attempt, {last[0].evidence}")
    return wrong


def _wrong_leases(used: list[Attempt], highest: int) -> list[str]:
    """Say what is wrong with the leases of a board: each begins after the one before has ended."""
    wrong = []
    for before, after in pairwise(used):
        if after.generation <= before.generation:
            wrong.append(f"lease {after.generation} was given after {before.generation}")
        if after.began_ns < before.ended_ns:
            wrong.append(f"lease {after.generation} began before {before.generation} had ended")
    if used and used[-1].generation != highest:
        wrong.append(f"the last lease is {used[-1].generation}, not {highest}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--worktrees", type=int, default=8)
    parser.add_argument("--pause", default="2,8")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--submit", type=int, default=0)
    parser.add_argument("--name", default="")
    given = parser.parse_args()
    if given.submit:
        submit(given.submit, given.seed, given.name)
        return 0
    shortest, longest = (float(each) for each in given.pause.split(","))
    home = Path(tempfile.mkdtemp(prefix="hkq"))
    try:
        told = contest(home, Plan(given.jobs, given.worktrees, (shortest, longest), given.seed))
    finally:
        shutil.rmtree(home)
    print(json.dumps(told, indent=2))
    return 1 if told["wrong"] or told["clashes"] else 0


if __name__ == "__main__":
    sys.exit(main())

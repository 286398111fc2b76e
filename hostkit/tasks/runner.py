"""The runner: starts what can start, proves what is claimed, merges what is verified, until nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hostkit.errors import HostkitError, UsageError
from hostkit.process import boot_id
from hostkit.store.model import Attempt, End, Phase
from hostkit.tasks.agent import end_marked
from hostkit.tasks.attempting import attempt
from hostkit.tasks.lock import runner_lock
from hostkit.tasks.merging import Merging
from hostkit.tasks.model import Standing, State, Task
from hostkit.tasks.proof import judge, proofs_of
from hostkit.tasks.proving import prove
from hostkit.tasks.standing import reason_of
from hostkit.tasks.startable import in_the_way
from hostkit.tasks.workshop import Workshop

NOT_MERGED = "not merged: "
"""What an event begins with that says why verified work is not in the target."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One thing to do for a task, on a thread of its own."""

    task: str
    merges: bool
    do: Callable[[], None]


class TaskRunner:
    """Runs a plan once through. Everything that it knows is in the store; it can be killed at any point."""

    def __init__(self, shop: Workshop, *, jobs: int, merging: Merging | None) -> None:
        """Do up to ``jobs`` things at once; only ``merging`` moves the target branch, None: nothing does."""
        self._shop = shop
        self._jobs = jobs
        self._merging = merging
        self._broken: dict[str, HostkitError] = {}  # tasks whose work the machine refused
        self._proved: set[str] = set()  # tasks proved in this run: an inconclusive one is not asked twice
        self._unmergeable: set[tuple[str, str]] = set()  # (commit, target's tip) that did not go

    def run(self) -> dict[str, Standing]:
        """Run until nothing can move and return where every task stands.

        Ctrl-C ends all children first, and is recorded. What the machine refuses one task (a folder in the
        way, a full disk) stops that task alone, and is raised at the end. Raises :class:`UsageError` when
        another runner is at work on the project or its target is no branch, :class:`InvalidError` when
        somebody edited the ledger.
        """
        if not self._shop.git.resolve(f"refs/heads/{self._shop.plan.target}"):
            raise UsageError(
                f"there is no branch {self._shop.plan.target}",
                hint=f"set target: in {self._shop.plan.file.name} to the branch that you merge into",
            )
        self._shop.ledger.check()
        with runner_lock(self._shop.folders.lock, self._shop.clock):
            recover(self._shop)
            if self._merging is not None:
                self._merging.clear()
            with ThreadPoolExecutor(self._jobs, thread_name_prefix="task") as pool:
                try:
                    self._loop(pool)
                except BaseException:
                    if self._merging is not None:
                        self._merging.stop()
                    self._shop.children.stop()
                    raise
        for error in self._broken.values():
            raise error
        return self._shop.standings(running=False)

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        busy: dict[Future[None], _Work] = {}
        while True:
            for work in self._startable({each.task: each for each in busy.values()}):
                merging = any(each.merges for each in busy.values())
                if len(busy) < self._jobs and not (work.merges and merging):
                    busy[pool.submit(work.do)] = work
            if not busy:
                return
            done, _ = wait(busy, return_when=FIRST_COMPLETED)
            for future in done:
                self._settle(busy.pop(future).task, future)

    def _settle(self, task: str, future: Future[None]) -> None:
        try:
            future.result()
        except HostkitError as error:
            self._broken[task] = error
            self._shop.tell(task, f"stopped: {error.message}")

    def _startable(self, busy: Mapping[str, _Work]) -> Iterator[_Work]:
        """Yield what can be done now, work that is furthest along first: it sets others free.

        Tasks whose files overlap are never at work at once, even where the graph allows it.
        """
        now = self._shop.standings(running=True)
        out = busy.keys() | self._broken.keys()
        idle = [standing for standing in now.values() if standing.task not in out]
        if self._merging is not None and (ripe := [standing for standing in idle if self._ripe(standing)]):
            yield _Work(ripe[0].task, True, partial(self._merge, self._merging, ripe))
        for standing in idle:
            waits = standing.state in (State.CLAIMED, State.INCONCLUSIVE, State.PROVING)
            if waits and standing.task not in self._proved:
                yield _Work(standing.task, False, partial(self._prove, self._shop.tried(standing.task)[-1]))
        working = [task for task, work in busy.items() if not work.merges]
        for standing in idle:
            if standing.state is State.READY and not in_the_way(self._shop.plan, standing.task, working):
                working.append(standing.task)
                yield _Work(standing.task, False, partial(self._attempt, standing, now))

    def _ripe(self, standing: Standing) -> bool:
        """Is it verified, and neither in the target nor known not to go there?"""
        if standing.state is not State.VERIFIED:
            return False
        git, target = self._shop.git, f"refs/heads/{self._shop.plan.target}"
        tip = git.resolve(target)
        return (standing.commit, tip) not in self._unmergeable and not git.is_ancestor(standing.commit, tip)

    def _attempt(self, standing: Standing, now: dict[str, Standing]) -> None:
        task = self._task(standing.task)
        made = attempt(self._shop, task, standing, [now[need].commit for need in task.needs])
        if made.phase is Phase.CLAIMED:
            self._prove(made)

    def _prove(self, claimed: Attempt) -> None:
        shop, task = self._shop, self._task(claimed.task)
        self._proved.add(task.id)
        if claimed.phase is Phase.PROVED:
            claimed = shop.attempts.advance(claimed, Phase.CLAIMED, shop.clock.wall_ns())
        proving = shop.attempts.advance(claimed, Phase.PROVING, shop.clock.wall_ns())
        shop.tell(
            task.id, f"proving {claimed.commit[:12]}: {', '.join(check.title for check in task.checks)}"
        )
        with shop.worktrees.apart(task.id, claimed.commit) as git:
            log = shop.folders.log(task.id, claimed.number, "proof")
            why = prove(shop, task.checks, git.directory, log, claimed.token)
        phase = Phase.CLAIMED if shop.children.stopped else Phase.PROVED
        shop.attempts.advance(proving, phase, shop.clock.wall_ns(), why=why)
        proofs = proofs_of(task.checks, shop.records(claimed.commit))
        verdict = judge(proofs)
        shop.tell(
            task.id, f"{verdict.value if verdict else 'no verdict'}: {why or reason_of(proofs, verdict)}"
        )

    def _merge(self, merging: Merging, ripe: Sequence[Standing]) -> None:
        shop, ref = self._shop, f"refs/heads/{self._shop.plan.target}"
        tip = shop.git.resolve(ref)
        reasons = merging.bring(ripe)
        now = shop.git.resolve(ref)
        for standing in ripe:
            if shop.git.is_ancestor(standing.commit, now):
                said = f"merged into {shop.plan.target}: {now[:12]}"
                shop.worktrees.remove_merged(standing.task, now)
            else:
                self._unmergeable |= {(standing.commit, tip), (standing.commit, now)}
                said = f"{NOT_MERGED}{reasons.get(standing.task, 'not taken up')}"
            shop.attempts.note(standing.task, shop.clock.wall_ns(), said)
            shop.tell(standing.task, said)

    def _task(self, name: str) -> Task:
        return self._shop.plan.tasks[name]


def recover(shop: Workshop) -> None:
    """Clear up after a runner that died: no process of its attempts is left, its attempts go on or are over.

    Call it with the runner's lock held: whatever counts as running then has nobody who runs it.
    """
    shop.worktrees.drop_apart()
    for old in shop.attempts.all():
        if old.phase not in (Phase.RUNNING, Phase.PROVING):
            continue
        if old.boot == boot_id():
            end_marked(old.token, shop.clock)
        if old.phase is Phase.RUNNING:
            why = f"the runner died while the agent (pid {old.pid}) worked; log: {Path(old.log)}"
            shop.attempts.finish(old, End.INTERRUPTED, why, shop.clock.wall_ns())
        else:
            shop.attempts.advance(
                old, Phase.CLAIMED, shop.clock.wall_ns(), why="the runner died while it was proved"
            )

"""The runner: starts what can start, proves what is claimed, merges what is verified, until nothing moves."""

from __future__ import annotations

import select
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from functools import partial

from hostkit.errors import HostkitError, UsageError
from hostkit.store.model import Attempt, Phase
from hostkit.tasks.allowance import Allowance
from hostkit.tasks.attempting import attempt
from hostkit.tasks.bell import Bell
from hostkit.tasks.budget import has_room
from hostkit.tasks.calm import calm
from hostkit.tasks.crew import Crew
from hostkit.tasks.lock import runner_lock
from hostkit.tasks.merging import Merging
from hostkit.tasks.model import Standing, State, Task
from hostkit.tasks.proof import judge, proofs_of
from hostkit.tasks.proving import prove
from hostkit.tasks.recovery import recover, recover_commands
from hostkit.tasks.standing import reason_of
from hostkit.tasks.startable import enough_of, in_the_way, jobs_of
from hostkit.tasks.tidying import tidy
from hostkit.tasks.workshop import Workshop

NOT_MERGED = "not merged: "
"""What an event begins with that says why verified work is not in the target."""
_WRITE_S = 0.05  # how long a process that began may be unknown to the book, though nothing else is written
_LOOK_S = 60.0  # how often a run looks again, though nothing ended: a budget, or a person, may free something


class _Kind(Enum):
    ATTEMPT = "attempt"
    PROOF = "proof"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class _Work:
    """One thing to do for a task, on a thread of its own."""

    task: str
    kind: _Kind
    do: Callable[[], None]


class TaskRunner:
    """Runs a plan once through. Everything that it knows is in the store; it can be killed at any point."""

    def __init__(
        self, shop: Workshop, *, jobs: int, merging: Merging | None, only: frozenset[str] | None = None
    ) -> None:
        """Do up to ``jobs`` things at once; only ``merging`` moves the target branch, None: nothing does.

        ``only``: the tasks to work on, None: all. The others stay as they are.
        """
        self._only = frozenset(shop.plan.tasks) if only is None else only
        self._shop = shop
        self._jobs = jobs_of(shop.plan, jobs)
        self._merging = merging
        self._broken: dict[str, HostkitError] = {}  # tasks whose work the machine refused
        self._proved: set[str] = set()  # tasks proved in this run: an inconclusive one is not asked twice
        self._unmergeable: set[tuple[str, str]] = set()  # (commit, target's tip) that did not go
        self._told: set[str] = set()  # what is said once
        self._time = Allowance(shop.clock, None)  # begins with the run
        self._bell = Bell()
        self._crew = Crew(shop, self._jobs) if shop.plan.commands else None

    def run(self) -> dict[str, Standing]:
        """Run until nothing can move and return where every task stands.

        Ctrl-C ends all children first, and is recorded. What the machine refuses one task (a folder in the
        way, a full disk) stops that task alone, and is raised at the end. Raises :class:`UsageError` when
        another runner is at work on the project or its target is no branch, :class:`InvalidError` when
        somebody edited the ledger.
        """
        if self._shop.plan.agents_work and not self._shop.git.resolve(f"refs/heads/{self._shop.plan.target}"):
            raise UsageError(
                f"there is no branch {self._shop.plan.target}",
                hint=f"set target: in {self._shop.plan.file.name} to the branch that you merge into",
            )
        if self._shop.plan.agents_work:
            self._shop.ledger.check()
        with runner_lock(self._shop.folders.lock, self._shop.clock):
            recover_commands(self._shop)
            if self._shop.plan.agents_work:
                recover(self._shop)
                tidy(self._shop, ())
                if self._merging is not None:
                    self._merging.clear()
            self._time = Allowance(self._shop.clock, self._shop.plan.limits.wall_s)
            with ThreadPoolExecutor(self._jobs, thread_name_prefix="task") as pool:
                try:
                    self._loop(pool)
                    if self._crew is not None:
                        self._crew.close()
                except BaseException:
                    self._stop("")
                    raise
        for error in self._broken.values():
            raise error
        return self._shop.standings(running=False)

    def _stop(self, why: str) -> None:
        """End everything that is at work; ``why``: what attempts are told, "": somebody stopped the run."""
        if self._merging is not None:
            self._merging.stop()
        if self._crew is not None:
            with calm():
                self._crew.stop(why)
        self._shop.children.stop(why)

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        busy: dict[Future[None], _Work] = {}
        while True:
            if self._time.is_over and not self._time.cut:
                self._time.cut = True
                self._stop(self._time.said)
            now = self._shop.standings(running=True)
            held = any(each.hold and each.hold.until_ns is None for each in now.values())
            if held and tidy(self._shop, {each.task for each in busy.values()}):
                now = self._shop.standings(running=True)
            room = self._jobs - len(self._crew.busy if self._crew is not None else ())
            for work in self._startable(now, {each.task: each for each in busy.values()}):
                merging = any(each.kind is _Kind.MERGE for each in busy.values())
                if len(busy) < room and not (work.kind is _Kind.MERGE and merging):
                    busy[future := pool.submit(work.do)] = work
                    self._bell.hang_on(future)
            if self._crew is not None:
                self._crew.take(now, self._only - {each.task for each in busy.values()} - self._broken.keys())
                with calm():
                    self._crew.go_on(self._beside(busy), more=not self._time.is_over)
            if not busy and not (self._crew is not None and self._crew.busy):
                if not self._waited(now):
                    return
                continue
            for future in self._ended(busy):
                self._settle(busy.pop(future), future)

    @staticmethod
    def _beside(busy: Mapping[Future[None], _Work]) -> list[str]:
        return [each.task for each in busy.values() if each.kind is not _Kind.MERGE]

    def _ended(self, busy: Mapping[Future[None], _Work]) -> Collection[Future[None]]:
        """Wait until something ended that not only commands wait for, and return what of ``busy`` did.

        Commands go on meanwhile: what only waits for others of them is started as soon as it can be.
        """
        crew = self._crew
        if crew is None or not crew.busy:
            return wait(busy, self._time.wait_s(_LOOK_S), FIRST_COMPLETED).done
        until_ns = self._shop.clock.monotonic_ns() + self._time.wait_s(_LOOK_S) * 1e9
        while crew.busy and not crew.look:
            left_s = max(0.0, (until_ns - self._shop.clock.monotonic_ns()) / 1e9)
            wait_s = _WRITE_S if crew.unwritten else left_s
            ready, _, _ = select.select([self._bell.fileno(), crew.fileno()], (), (), wait_s)
            with calm():
                if crew.fileno() in ready:
                    crew.hear()
                    crew.go_on(self._beside(busy), more=not (self._time.is_over or crew.look))
                elif crew.unwritten:
                    crew.write()
            if self._bell.fileno() in ready or not left_s:
                break
        self._bell.clear()
        return [future for future in busy if future.done()]

    def _waited(self, now: Mapping[str, Standing]) -> bool:
        """Let time pass while a budget may free something in this run; False when none will."""
        mine = [each for each in now.values() if each.task in self._only]
        holds = [(each.task, each.hold) for each in mine if each.hold and each.hold.until_ns]
        if not holds or self._time.is_over:
            return False
        for task, hold in holds:
            self._tell_once(task, f"waits: {hold.why}", key=str(hold.until_ns))
        left_ns = min(hold.until_ns or 0 for _, hold in holds) - self._shop.clock.wall_ns()
        self._shop.clock.sleep(min(max(0.0, left_ns / 1e9) + 0.1, _LOOK_S))
        return True

    def _tell_once(self, task: str, text: str, key: str = "") -> None:
        if (task + (key or text)) not in self._told:
            self._told.add(task + (key or text))
            self._shop.tell(task, text)

    def _settle(self, work: _Work, future: Future[None]) -> None:
        if work.kind is _Kind.MERGE:
            self._shop.ground.forget()
        try:
            future.result()
        except HostkitError as error:
            self._broken[work.task] = error
            self._shop.tell(work.task, f"stopped: {error.message}")

    def _startable(self, now: dict[str, Standing], busy: Mapping[str, _Work]) -> Iterator[_Work]:
        """Yield what can be done now, work that is furthest along first: it sets others free.

        Tasks whose files overlap are never at work at once, even where the graph allows it. Nothing is
        started once the run's time is used up.
        """
        out = busy.keys() | self._broken.keys()
        idle = [each for each in now.values() if each.task in self._only and each.task not in out]
        if self._time.is_over:
            self._tell_over(idle)
            return
        if self._merging is not None and (ripe := [standing for standing in idle if self._ripe(standing)]):
            yield _Work(ripe[0].task, _Kind.MERGE, partial(self._merge, self._merging, ripe))
        yield from self._proofs(idle, [each.task for each in busy.values() if each.kind is _Kind.PROOF])
        plan = self._shop.plan
        working = [task for task, work in busy.items() if work.kind is not _Kind.MERGE]
        working += self._crew.busy if self._crew is not None else ()
        working += [each.task for each in idle if each.state is State.CLAIMED]  # proved next, or held
        agents = [task for task, work in busy.items() if work.kind is _Kind.ATTEMPT]
        for standing in idle:
            if standing.state is not State.READY or standing.hold or standing.task in plan.commands:
                continue
            if in_the_way(plan, standing.task, working) or enough_of(plan, standing.task, agents):
                continue
            working.append(standing.task)
            agents.append(standing.task)
            yield _Work(standing.task, _Kind.ATTEMPT, partial(self._attempt, standing, now))

    def _proofs(self, idle: Sequence[Standing], proving: Sequence[str]) -> Iterator[_Work]:
        """Yield the proofs that can begin, as many on boards as there are flashes left for."""
        limits = self._shop.plan.limits
        flying = [self._task(name).agent for name in proving if self._task(name).gated]
        for standing in idle:
            task = self._task(standing.task)
            waits = standing.state in (State.CLAIMED, State.INCONCLUSIVE, State.PROVING)
            if not waits or standing.hold is not None or task.id in self._proved:
                continue
            if task.gated and not has_room(task.agent, limits, self._shop.past(), flying):
                continue
            flying += [task.agent] if task.gated else []
            yield _Work(task.id, _Kind.PROOF, partial(self._prove, self._shop.tried(task.id)[-1]))

    def _tell_over(self, idle: Sequence[Standing]) -> None:
        for standing in (each for each in idle if each.state in (State.READY, State.CLAIMED)):
            self._tell_once(standing.task, f"not started: {self._time.said}")

    def _ripe(self, standing: Standing) -> bool:
        """Is it verified, and neither in the target nor known not to go there?"""
        if standing.state is not State.VERIFIED or not standing.commit:
            return False
        git, tip = self._shop.git, self._shop.git.resolve(f"refs/heads/{self._shop.plan.target}")
        return (standing.commit, tip) not in self._unmergeable and not git.is_ancestor(standing.commit, tip)

    def _attempt(self, standing: Standing, now: dict[str, Standing]) -> None:
        task = self._task(standing.task)
        self._proved.discard(task.id)
        attempt(self._shop, task, standing, [now[need].commit for need in task.needs if now[need].commit])

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
            why = prove(
                shop,
                task.checks,
                git.directory,
                log,
                claimed.token,
                partial(shop.called_off, claimed, shop.clock.wall_ns()),
            )
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

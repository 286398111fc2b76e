"""Plain commands at work: as many as there is room for; what ended and what begins is written together."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from hostkit.errors import ToolError
from hostkit.files import disk_error
from hostkit.store.commands import Change
from hostkit.store.model import Attempt, End, Phase
from hostkit.tasks.checks import FileExistsCheck
from hostkit.tasks.gang import Gang, Job, Over
from hostkit.tasks.git import clean_environment
from hostkit.tasks.model import Standing, State, Task
from hostkit.tasks.post import Post, fault_of, first_of, job_of, outcome
from hostkit.tasks.repeating import command_standing, marks_of
from hostkit.tasks.startable import in_the_way
from hostkit.tasks.waiting import Around, Known
from hostkit.tasks.workshop import Workshop

_QUICK_NS = 100_000_000
_AHEAD = 2  # quick ones are written down for twice as many as run at once: none waits for the disk


class Crew:
    """The commands of one run. All that must not be forgotten is in the book before anything rests on it.

    Which of them can start is kept up to date as they end, without looking at all the others: a run of a
    thousand looks at each need once. What agents do is for the runner: see :attr:`look`.
    """

    def __init__(self, shop: Workshop, jobs: int) -> None:
        """Start nothing yet."""
        self._shop = shop
        self._jobs = jobs
        self._run = secrets.token_hex(16)
        self._serial = count(1)
        self._gang: Gang | None = None
        self._place = {task: number for number, task in enumerate(shop.plan.tasks)}
        self._dependents: dict[str, list[str]] = {}
        for task in shop.plan.tasks.values():
            for need in task.needs:
                self._dependents.setdefault(need, []).append(task.id)
        self._tried: dict[str, list[Attempt]] = {}
        self._numbers: dict[str, int] = {}
        for attempt in shop.commands.all():
            self._numbers[attempt.task] = attempt.number
            if attempt.worktree == str(shop.ground.checkout):
                self._tried.setdefault(attempt.task, []).append(attempt)
        self._now: dict[str, Standing] = {}
        self._waits: dict[str, int] = {}  # how many needs are not verified, of what only waits for commands
        self._ready: list[tuple[int, str]] = []
        self._posts: dict[str, Post] = {}  # by the task's id
        self._over: list[Post] = []  # ended, and not written yet
        self._next: list[Job] = []  # checks of what ended
        self._stopping = ""  # why what ends now was stopped
        self._quick = False
        around = Around(ground=shop.ground)
        self._known = Known(shop.records, True, self._now, (), shop.plan.limits.same_cause, around)
        self._passed: set[tuple[str, str]] = set()  # what passed in this run is not run again in it
        self.look = False  # something ended that others than commands wait for

    @property
    def busy(self) -> tuple[str, ...]:
        """Return the tasks whose commands are at work."""
        return tuple(self._posts)

    @property
    def unwritten(self) -> bool:
        """True while a process is known that is not in the book yet."""
        return any(post.written is not post.attempt for post in self._posts.values())

    def fileno(self) -> int:
        """Return the descriptor that can be read when something ended; none is before something began."""
        assert self._gang is not None
        return self._gang.fileno()

    def take(self, now: Mapping[str, Standing], only: Collection[str]) -> None:
        """Take up where all tasks stand; those of ``only`` may be started."""
        plan = self._shop.plan
        self.look = False
        self._now.clear()
        self._now.update(now)
        self._waits.clear()
        self._ready.clear()
        for task in plan.commands & frozenset(only) - self._posts.keys():
            standing = now[task]
            if standing.state is State.READY and standing.hold is None:
                self._ready.append((self._place[task], task))
            elif standing.state is State.PLANNED and not plan.tasks[task].incomplete:
                open_ones = sum(now[need].state is not State.VERIFIED for need in plan.tasks[task].needs)
                self._waits[task] = open_ones  # 0: it waits for something else
        heapq.heapify(self._ready)

    def go_on(self, beside: Sequence[str] = (), *, more: bool = True) -> None:
        """Write down what was heard, then start what can start beside other tasks at work (with ``more``)."""
        begun = list(self._begin(beside)) if more else []
        self.write(begun)
        jobs = [*self._next, *(job_of(self._shop, post) for post in begun)]
        self._next.clear()
        if jobs:
            self._hired().start(jobs)

    def hear(self) -> None:
        """Take in what happened to the commands at work; waits when nothing has."""
        for told in self._hired().heard():
            post = self._posts.get(told.name)
            if post is None:
                continue
            if isinstance(told, Over):
                self._ended(post, told)
            elif post.attempt.phase is Phase.RUNNING:
                began_ns = self._shop.clock.wall_ns()
                pid, ticks = told.pid, told.start_ticks
                post.attempt = replace(post.attempt, pid=pid, pid_start=ticks, began_ns=began_ns)

    def write(self, begun: Sequence[Post] = ()) -> None:
        """Bring the book up to date, durably: what was heard so far, and what is about to begin."""
        changed = [*self._over, *(post for post in self._posts.values() if post.written is not post.attempt)]
        changes = [Change(post.written, post.attempt) for post in changed if post.written is not None]
        if begun or changes:
            self._shop.commands.write([post.attempt for post in begun], changes)
        for post in (*begun, *changed):
            post.written = post.attempt
        for post in self._over:
            self._shop.tell(post.task.id, outcome(post.attempt))
        self._over.clear()

    def stop(self, why: str = "") -> None:
        """End every command and record it as stopped, for ``why``; "": somebody stopped the run."""
        self._stopping = why or "the runner was stopped"
        if self._gang is None:
            return
        try:
            self._gang.end(self.busy)
            while self._posts:
                self.hear()
        except ToolError:  # then they have been ended already, or are by close
            for post in tuple(self._posts.values()):
                self._finish(post, End.STOPPED, "the process that started it is gone")
        self.close()
        self.write()

    def close(self) -> None:
        """See to it that nothing is left of what was started here."""
        if self._gang is not None:
            self._gang.close()

    def _hired(self) -> Gang:
        if self._gang is None:
            logs = self._shop.folders.logs
            try:
                logs.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise disk_error(error, logs) from error
            env = clean_environment(self._shop.env)
            self._gang = Gang(self._run, self._shop.ground.checkout, env, self._jobs)
        return self._gang

    def _begin(self, beside: Sequence[str]) -> Iterator[Post]:
        """Yield what begins now, in the order of the plan; two that may write the same file never do."""
        aside: list[tuple[int, str]] = []
        at_work = [*self._posts, *beside]
        width = self._jobs * (_AHEAD if self._quick and not self._shop.plan.agents_work else 1)
        while self._ready and len(at_work) < width:
            place, name = heapq.heappop(self._ready)
            if in_the_way(self._shop.plan, name, at_work):
                aside.append((place, name))
                continue
            post = self._posted(self._shop.plan.tasks[name])
            if post is not None:
                at_work.append(name)
                yield post
        for each in aside:
            heapq.heappush(self._ready, each)

    def _posted(self, task: Task) -> Post | None:
        shop, number = self._shop, self._numbers.get(task.id, 0) + 1
        stamp = str(shop.ground.stamp(task, marks_of([self._now[need] for need in task.needs])))
        if (task.id, stamp) in self._passed:
            if (task.id, "") not in self._passed:
                self._passed.add((task.id, ""))
                shop.tell(task.id, "not run again in this run: something else changes what it writes")
            return None
        attempt = first_of(shop, task, number, stamp, f"{self._run}.{next(self._serial)}")
        post = self._posts[task.id] = Post(task, attempt)
        self._numbers[task.id] = number
        self._tried.setdefault(task.id, []).append(attempt)
        return post

    def _ended(self, post: Post, over: Over) -> None:
        fault = fault_of(self._shop, post, over, stopping=self._stopping)
        if fault is not None:
            self._finish(post, *fault)
            return
        while post.checked < len(post.task.checks):
            check = post.task.checks[post.checked]
            if not isinstance(check, FileExistsCheck):
                post.attempt = replace(post.attempt, phase=Phase.PROVING)
                self._next.append(job_of(self._shop, post))
                return
            if missing := self._shop.ground.missing(check.files):
                self._finish(post, End.CHECK_FAILED, f"{check.title}: there is no {missing[0]}")
                return
            post.said.append(check.title)
            post.checked += 1
        self._finish(post, End.NONE, "; ".join(post.said))

    def _finish(self, post: Post, end: End, why: str) -> None:
        now_ns, task, passed = self._shop.clock.wall_ns(), post.task, end is End.NONE
        post.attempt = replace(
            post.attempt,
            phase=Phase.PROVED if passed else Phase.ENDED,
            end=end,
            why=why,
            wrote=self._shop.ground.wrote(task) if passed else "",
            ended_ns=now_ns,
            left_ns=now_ns,
        )
        self._quick = now_ns - post.attempt.began_ns < _QUICK_NS
        del self._posts[task.id]
        self._over.append(post)
        self._tried[task.id][-1] = post.attempt
        if passed:
            self._passed.add((task.id, post.attempt.stamp))
        self._settle(task.id)

    def _settle(self, ended: str) -> None:
        """Work out where a task stands that ended, and those that only waited for it."""
        left = [ended]
        while left:
            name = left.pop()
            task, tried = self._shop.plan.tasks[name], self._tried.get(name, ())
            asked = tried and tried[-1].phase is not Phase.PROVED  # only then an order may change anything
            orders = [each for each in self._shop.orders_of_commands() if each.task == name] if asked else ()
            known = replace(self._known, orders=orders) if orders else self._known
            now = self._now[name] = command_standing(task, tried, known)
            if now.state is State.READY:
                heapq.heappush(self._ready, (self._place[name], name))
            elif now.state is State.VERIFIED:
                left += self._freed(name)

    def _freed(self, verified: str) -> Iterator[str]:
        """Yield the commands that waited for this task last."""
        for name in self._dependents.get(verified, ()):
            task = self._shop.plan.tasks[name]
            if task.run is None:
                self.look = True
            elif name in self._waits:
                self._waits[name] -= 1
                if not self._waits[name]:
                    del self._waits[name]
                    yield name

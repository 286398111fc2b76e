"""The runner of a merge train: tests stacks on the boards there are, and moves the target to what passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from hostkit.errors import ToolError, UsageError
from hostkit.tasks.agent import Children
from hostkit.tasks.joining import advance
from hostkit.tasks.lock import runner_lock
from hostkit.train.line import Change, Status
from hostkit.train.machine import (
    Limits,
    Outcome,
    Stack,
    Step,
    Train,
    ended,
    held,
    joined,
    moved,
    renamed,
    started,
    wanted,
    withdrawn,
)
from hostkit.train.site import Site, Tested

_LOOK_S = 1.0  # how often the line and the target are looked at while tests run


@dataclass(slots=True)
class _Lane:
    """A test under way. ``stack`` is its name now; None once its outcome is of no use."""

    number: int
    stack: Stack | None
    children: Children


class TrainRunner:
    """Runs the line once through. All that it must not forget is in git, the ledger and the line's file."""

    def __init__(self, yard: Site, limits: Limits) -> None:
        """Test as many stacks at once as the yard has boards."""
        self._yard = yard
        self._tip = yard.git.resolve(yard.ref)
        self._stopping = False
        self._asked: tuple[str, tuple[str, ...]] = ("", ())
        self._busy: dict[Future[Tested], _Lane] = {}
        self._said: dict[str, Tested] = {}  # newest outcome by the last change of the stack
        self._train = Train.of((), replace(limits, lanes=len(yard.boards)))

    def run(self) -> str:
        """Run until the line is empty or nothing can move; return "" or why the train is held.

        Raises :class:`UsageError` when there is no such branch or another runner is at work,
        :class:`ToolError` when the target cannot be moved though nobody else moved it.
        """
        yard = self._yard
        if not self._tip:
            raise UsageError(
                f"there is no branch {yard.target}", hint="name the one that you merge into: --target"
            )
        yard.ledger.check()
        with runner_lock(yard.folder / "runner.lock", yard.clock, "merges"):
            yard.clear()
            self._train = Train.of((), self._train.limits, tip_passed=yard.passed(self._tip))
            with ThreadPoolExecutor(len(yard.boards), thread_name_prefix="lane") as pool:
                try:
                    self._loop(pool)
                finally:
                    for lane in self._busy.values():
                        lane.children.stop()
        return self._why_held()

    def stop(self) -> None:
        """Let :meth:`run` end within a second, from another thread. What waits stays in line."""
        self._stopping = True

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        while not self._stopping:
            self._look()
            self._start(pool)
            if not self._busy:
                return
            done, _ = wait(self._busy, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                lane = self._busy.pop(future)
                tested = future.result()
                if lane.stack is not None:
                    self._take(lane.stack, tested)

    def _look(self) -> None:
        """See what others did: moved the target, submitted, withdrew."""
        tip = self._yard.git.resolve(self._yard.ref)
        if tip != self._tip:
            self._yard.tell(
                f"{self._yard.target} was moved to {tip[:12]} by somebody else: all is tested anew"
            )
            self._tip, self._train = tip, moved(self._train)
            for lane in self._busy.values():
                lane.stack = None
        waiting = self._yard.line.waiting()
        for change in self._had(waiting):
            self._yard.line.end(change.id, Status.MERGED, f"{self._yard.target} has it", at=self._tip)
        here = {change.id for change in self._yard.line.waiting()}
        for gone in [each for each in self._train.queue if each not in here]:
            self._train = withdrawn(self._train, gone)
        for change in waiting:
            if change.id in here and change.id not in self._train.queue:
                self._train = joined(self._train, change.id)
        self._stop_useless()

    def _had(self, waiting: Sequence[Change]) -> list[Change]:
        """Return the changes that the target has already; asked again only when one of both changed."""
        asked = (self._tip, tuple(change.commit for change in waiting))
        if asked == self._asked or not waiting:
            return []
        self._asked = asked
        missing = set(self._yard.git.run("rev-list", *asked[1], f"^{self._tip}").split())
        return [change for change in waiting if change.commit not in missing]

    def _start(self, pool: ThreadPoolExecutor) -> None:
        taken = {lane.number for lane in self._busy.values()}
        free = [number for number in range(len(self._yard.boards)) if number not in taken]
        for stack, number in zip(wanted(self._train), free, strict=False):
            lane = _Lane(number, stack, Children())
            changes = [self._yard.line.of(change) for change in stack]
            self._train = started(self._train, stack)
            self._yard.tell(f"{self._named(stack)}: under test on {self._yard.boards[number]}")
            future = pool.submit(self._yard.test, number, self._tip, changes, lane.children)
            self._busy[future] = lane

    def _take(self, stack: Stack, tested: Tested) -> None:
        self._yard.tell(f"{self._named(stack)}: {tested.outcome.value}: {tested.why}")
        if stack:
            self._said[stack[-1]] = tested
        step = ended(self._train, stack, tested.outcome)
        if step.merged and not self._advanced(tested.commit):
            return
        self._train = step.train
        self._rename(step.merged)
        self._write(step, tested)
        self._stop_useless()

    def _advanced(self, commit: str) -> bool:
        """Move the target, by compare-and-swap; False when somebody else moved it first."""
        yard = self._yard
        why = advance(yard.git, yard.target, self._tip, commit)
        if not why:
            self._tip = commit
            return True
        if yard.git.resolve(yard.ref) == self._tip:
            raise ToolError(
                f"{yard.target} stays at {self._tip[:12]}: {why}", hint="mend that, then run again"
            )
        return False  # seen, and all outcomes dropped, by the next look

    def _write(self, step: Step, tested: Tested) -> None:
        """Note in the line how changes ended. A kill before it costs nothing: git has what merged."""
        yard = self._yard
        for change in step.merged:
            yard.line.end(change, Status.MERGED, tested.why, tested.evidence, tested.commit)
        if step.merged:
            yard.tell(f"{yard.target} is at {tested.commit[:12]}, with {self._named(step.merged)}")
        if step.ejected:
            cause = self._said[step.ejected]
            status = Status.CONFLICT if step.why is Outcome.CONFLICT else Status.FAILED
            yard.line.end(step.ejected, status, cause.why, cause.evidence, cause.commit)
            yard.tell(f"change {step.ejected} drops out: {cause.why}")

    def _rename(self, merged: Stack) -> None:
        if not merged:
            return
        for lane in self._busy.values():
            lane.stack = None if lane.stack is None else renamed(lane.stack, merged)

    def _stop_useless(self) -> None:
        """End tests whose outcome nobody waits for any more."""
        for lane in self._busy.values():
            if lane.stack is None or lane.stack not in self._train.running:
                lane.stack = None
                if not lane.children.stopped:
                    lane.children.stop()

    def _why_held(self) -> str:
        why = held(self._train)
        first = self._train.queue[:1]
        said = self._said.get(first[0]) if first else None
        return f"{why}: {said.why}" if why and said is not None else why

    def _named(self, stack: Iterable[str]) -> str:
        ids = tuple(stack)
        if not ids:
            return f"{self._yard.target} itself"
        return f"change {ids[0]}" if len(ids) == 1 else f"changes {', '.join(ids)}"

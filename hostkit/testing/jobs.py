"""Jobs for tests that need some and do not care which, and steps that run without a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hostkit.boards.model import BoardSpec
from hostkit.errors import HostkitError
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome, Wanted
from hostkit.jobs.wish import line_name

_GATE = Wanted(
    kind=Kind.GATE,
    submitter="ann",
    project="/p",
    commit="a" * 40,
    changes="",
    env="virtual",
    host="here",
    wish="virt0",
    line="02686b000000",
)


def a_wish_for(kind: Kind = Kind.GATE, **changes: Any) -> Wanted:
    """Return a request of ann's for ``kind`` on virt0, with ``changes``; a build has no board."""
    plain = {} if kind is not Kind.BUILD else {"wish": "", "line": ""}
    return replace(_GATE, kind=kind, **plain | changes)


def a_wish_for_all(boards: Sequence[BoardSpec], kind: Kind = Kind.GATE, **changes: Any) -> Wanted:
    """Return the same on all of several boards at once, which needs no build."""
    line = line_name(boards, together=True)
    together = {"wish": ",".join(spec.name for spec in boards), "line": line, "build": False}
    return a_wish_for(kind, **together | changes)


class FakeRunning:
    """A step that ends when a test says so, or when it is asked to. Passes the contract of ``Running``."""

    def __init__(self) -> None:
        """Run."""
        self._ending: Ending | None = None

    @property
    def process(self) -> tuple[int, int]:
        """There is none."""
        return 0, 0

    def fileno(self) -> int:
        """There is none."""
        return -1

    def end(self, outcome: Outcome, reason: str) -> None:
        """End at once, unless it has ended."""
        self._ending = self._ending or Ending(outcome, reason)

    def finish(self, ending: Ending) -> None:
        """End by itself."""
        self._ending = ending

    def poll(self) -> Ending | None:
        """Return how it ended, None while it runs."""
        return self._ending


class FakeLauncher:
    """Starts nothing. ``answer``: how a step ends at once, None for one that runs on."""

    def __init__(self, answer: Callable[[Job, Attempt], Ending | HostkitError | None]) -> None:
        """Remember every step in ``launched``, and those asked about after a death in ``recovered``."""
        self._answer = answer
        self.launched: list[tuple[Job, Attempt, FakeRunning]] = []
        self.recovered: list[Attempt] = []

    def launch(self, job: Job, attempt: Attempt) -> FakeRunning:
        """Return a step that ends as prepared. Raises what was prepared instead of an end."""
        answer = self._answer(job, attempt)
        if isinstance(answer, HostkitError):
            raise answer
        running = FakeRunning()
        if answer is not None:
            running.finish(answer)
        self.launched.append((job, attempt, running))
        return running

    def recover(self, attempt: Attempt) -> Ending:
        """Return that it is lost."""
        self.recovered.append(attempt)
        return Ending(Outcome.LOST, "its worker died")

"""Where a train runs: the repository, the line, and the test of one stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hostkit.clock import Clock
from hostkit.store.ledger import Ledger
from hostkit.tasks.agent import Children
from hostkit.tasks.git import Git
from hostkit.train.line import Change, Line
from hostkit.train.machine import Outcome


@dataclass(frozen=True, slots=True)
class Tested:
    """How the test of one stack ended: ``commit`` is what was judged, "" for a conflict."""

    outcome: Outcome
    commit: str
    why: str
    evidence: str = ""


class Site(Protocol):
    """What a runner of a train works with. ``boards``: one a lane."""

    @property
    def git(self) -> Git:
        """Return the repository."""
        ...

    @property
    def target(self) -> str:
        """Return the branch that is merged into."""
        ...

    @property
    def ref(self) -> str:
        """Return its full name."""
        ...

    @property
    def line(self) -> Line:
        """Return who waits."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Return the verdicts."""
        ...

    @property
    def boards(self) -> tuple[str, ...]:
        """Return what each lane tests on."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the time."""
        ...

    @property
    def folder(self) -> Path:
        """Return where the train keeps its lock and logs."""
        ...

    @property
    def tell(self) -> Callable[[str], None]:
        """Return who hears one line for people."""
        ...

    def passed(self, commit: str) -> bool:
        """True when a commit meets what the target itself must meet."""
        ...

    def test(self, lane: int, tip: str, changes: Sequence[Change], children: Children) -> Tested:
        """Merge the changes onto the tip, in order, and judge the result."""
        ...

    def clear(self) -> None:
        """End what a killed runner left. Call it with the runner's lock held."""
        ...

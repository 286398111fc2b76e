"""What a gate is asked, and what it works with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hostkit.build.service import BuildEvent
from hostkit.clock import Clock
from hostkit.flash.model import Progress
from hostkit.gate.model import Rules, Stage
from hostkit.hil.observations import Observations
from hostkit.process import Runner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.tasks.model import ANY_BOARD


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What is to be judged. ``selection``: pytest's ``-k``, "" for all.

    ``board``: a name, several with commas between them, which then share the suite, or ``any``.
    """

    project: Path
    env: str
    board: str
    rules: Rules = field(default_factory=Rules)
    selection: str = ""
    affected: Mapping[str, object] | None = None  # what a change touches, where that chose what runs
    ledger: bool = True  # False: nobody relies on the verdict
    retries: int = 0  # how often a test that did not pass is tried again; a pass after that opens no gate

    @property
    def boards(self) -> tuple[str, ...]:
        """The names of the boards, none for ``any``."""
        if self.board == ANY_BOARD:
            return ()
        names = (name.strip() for name in self.board.split(","))
        return tuple(name for name in names if name) or (self.board,)


def _ignore(*_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears how it goes; each call comes from the thread that runs the gate."""

    stage: Callable[[Stage, str], None] = _ignore  # a stage begins (""), or what came of it
    build: Callable[[BuildEvent], None] = _ignore
    # How far a flash is, and of which board where several are at it, else ""; None: that one is through.
    flash: Callable[[Progress | None, str], None] | None = None
    suite: Callable[[str], None] | None = None  # pytest's output, piece by piece
    seen: Callable[[Observations, Path], None] | None = (
        None  # what tests saw since the last call; the evidence
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """What a gate works with. ``env``: this process's environment, for children. ``runs``: for evidence.

    Where several boards are flashed, ``runner``, ``clock`` and ``draw`` are used by a thread for each.
    """

    paths: Paths
    settings: Settings
    runner: Runner
    clock: Clock
    env: Mapping[str, str]
    runs: Path
    database: str = ""  # URL; "" is the user's own SQLite file
    listener: Listener = field(default_factory=Listener)
    draw: Callable[[int], bytes] = secrets.token_bytes  # so many random bytes, for challenges

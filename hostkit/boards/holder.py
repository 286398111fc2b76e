"""Who holds a board or waits for one: a process, named so that it can be told dead from alive."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hostkit.clock import Clock
from hostkit.errors import InconclusiveError
from hostkit.process import boot_id, process_start_ticks

BEAT_S = 3.0
"""How often a holder or a waiter says that it lives, by the time stamp of its file."""
STALE_S = 15.0
"""After so long without a beat nobody believes a process that this machine cannot see."""

_LONGEST = 4096  # bytes of a record


class BusyError(InconclusiveError):
    """Somebody else has the board (exit 3); the message names the process."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process and what it wants. ``since`` is wall time, seconds; ``token`` is secret to its user."""

    pid: int
    start_ticks: int
    boot: str
    what: str
    since: float
    token: str = ""

    @classmethod
    def here(cls, what: str, clock: Clock, token: str) -> Holder:
        """Return the record of this process."""
        pid = os.getpid()
        return cls(pid, process_start_ticks(pid) or 0, _this_boot(), what, clock.wall_ns() / 1e9, token)

    @property
    def alive(self) -> bool:
        """True while exactly this process runs: pids are used again, start times are not."""
        return self.boot == _this_boot() and process_start_ticks(self.pid) == self.start_ticks

    def lives(self, silent_s: float) -> bool:
        """Say whether it runs: by its pid where it was started since this machine's last boot, else (another
        host on a shared file system, or this one before a restart) by its last beat."""
        return self.alive if self.boot == _this_boot() else silent_s < STALE_S

    def line(self) -> bytes:
        """Return the record as its file holds it."""
        return json.dumps(asdict(self)).encode()


@cache
def _this_boot() -> str:
    """Return the boot id, read once: no process outlives its boot."""
    return boot_id()


def read_holder(path: Path) -> Holder | None:
    """Return the record in a file, or None when there is not (yet) a whole one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        raw: Any = json.loads(os.read(descriptor, _LONGEST))
        return Holder(**raw)
    except (OSError, ValueError, TypeError):
        return None
    finally:
        os.close(descriptor)


def silent_s(path: Path, clock: Clock) -> float:
    """Return how long ago the last beat was, seconds; 0 for a file that is gone."""
    try:
        return clock.wall_ns() / 1e9 - path.stat().st_mtime
    except OSError:
        return 0.0

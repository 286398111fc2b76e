"""A run of the graph by the real command, which is killed in the middle as often as one likes."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.clock import Clock
from hostkit.errors import ToolError
from hostkit.process import Command, Runner, end_group, start

_AT_A_BOARD = re.compile(r"proving [0-9a-f]{12}: gate virtual")
_MERGED = re.compile(r": merged into ")
_MERGING = re.compile(r"merge train: change.* under test")
KILL_AT = ((_AT_A_BOARD,), (_MERGED, _MERGING))
"""What a run says before it is killed, line after line; for each kill in turn.

First while a claim is at a board; then, once something was merged, while the next merge is at one.
"""

_INTO_IT_S = 3.0  # from what it says to the kill: by then a build, a flash or a suite is under way


@dataclass(frozen=True, slots=True)
class Place:
    """A throw-away clone with a state of its own."""

    clone: Path
    root: Path
    env: Mapping[str, str]
    clock: Clock
    runner: Runner

    def argv(self, *arguments: str | Path) -> tuple[str, ...]:
        """Return a command line of hostkit about the clone."""
        return (sys.executable, "-P", "-m", "hostkit", "-C", str(self.clone), *map(str, arguments))

    def run(self, *arguments: str | Path) -> str:
        """Run one to its end and return what it printed. Raises :class:`ToolError` when it does not pass."""
        done = self.runner.run(Command(self.argv(*arguments), self.clone, self.env, 300.0))
        if not done.ok:
            command = " ".join(map(str, arguments))
            raise ToolError(
                f"hostkit {command} ended with exit {done.returncode}: {done.output.strip()}",
                hint="run the demo with --keep and try it in the clone",
            )
        return done.output


def ride(place: Place, arguments: Sequence[str | Path], kills: int, show: Callable[[str], None]) -> int:
    """Run hostkit until it ends by itself, killing it ``kills`` times; return how often it was killed.

    Each time the next run goes on from what is left. ``show`` gets each line that it says.
    """
    killed = 0
    while True:
        awaited = KILL_AT[killed % len(KILL_AT)] if killed < kills else ()
        if not _killed(place, arguments, awaited, show):
            return killed
        killed += 1


def _killed(
    place: Place,
    arguments: Sequence[str | Path],
    awaited: Sequence[re.Pattern[str]],
    show: Callable[[str], None],
) -> bool:
    """Run it; kill it, and say True, a little after it has said all that is awaited."""
    seen = 0
    child = start(Command(place.argv(*arguments), place.clone, place.env, None))
    try:
        for data in child.stdout or ():
            line = data.decode(errors="replace").rstrip()
            show(line)
            seen += seen < len(awaited) and awaited[seen].search(line) is not None
            if awaited and seen == len(awaited):
                place.clock.sleep(_INTO_IT_S)
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                return child.wait() == -signal.SIGKILL
        return child.wait() == -signal.SIGKILL
    finally:
        end_group(child)
        if child.stdout is not None:
            child.stdout.close()

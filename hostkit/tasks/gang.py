"""The commands of one run, started by a process of their own: what it is told, and what it tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.tasks import foreman
from hostkit.tasks.agent import TOKEN

_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """A command to start. ``name``: it is told of by that; ``token``: of its attempt, begins with the run."""

    name: str
    argv: tuple[str, ...]
    log: str
    token: str
    marks: Mapping[str, str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Began:
    """A command was started."""

    name: str
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Over:
    """A command ended: ``returncode`` is negative for a signal. ``refused``: why it was never started."""

    name: str
    returncode: int = 0
    timed_out: bool = False
    refused: str = ""


class Gang:
    """Children that end with this process, whatever becomes of it. Use it from one thread."""

    def __init__(self, run: str, checkout: Path, env: Mapping[str, str], width: int) -> None:
        """Start the foreman. ``run``: what the tokens of its commands begin with; ``width``: most at once."""
        argv = (sys.executable, "-I", "-S", foreman.__file__, run, str(width))
        try:
            self._foreman = subprocess.Popen(
                argv,
                cwd=checkout,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for the run to hear; and it outlives the run
            )
        except OSError as error:
            raise ToolError(f"cannot start {sys.executable}: {error}", hint="see that it is there") from error
        assert self._foreman.stdin is not None
        assert self._foreman.stdout is not None
        self._to, self._from = self._foreman.stdin.fileno(), self._foreman.stdout.fileno()
        self._run = run
        self._rest = b""

    def fileno(self) -> int:
        """Return the descriptor that can be read when there is something to hear."""
        return self._from

    def start(self, jobs: Sequence[Job]) -> None:
        """Have commands started, in this order; what there is no room for waits."""
        items = [
            (job.name, job.argv, job.log, {**job.marks, TOKEN: job.token}, job.timeout_s) for job in jobs
        ]
        self._say("run", items)

    def end(self, names: Sequence[str]) -> None:
        """Have commands ended: each is heard of when it is."""
        self._say("end", list(names))

    def heard(self) -> Iterator[Began | Over]:
        """Yield what happened; waits when nothing has. Raises :class:`ToolError` when the foreman is gone."""
        told = os.read(self._from, _READ)
        if not told:
            raise self._gone()
        *lines, self._rest = (self._rest + told).split(b"\n")
        for line in lines:
            what, name, *rest = json.loads(line)
            if what == "began":
                yield Began(name, *rest)
            elif what == "ended":
                yield Over(name, *rest)
            else:
                yield Over(name, refused=rest[0])

    def close(self) -> None:
        """End whatever is left of the commands, and wait until it has ended; a second call does nothing."""
        if self._foreman.stdin is None or self._foreman.stdin.closed:
            return
        with suppress(OSError):
            self._foreman.stdin.close()
        self._foreman.wait()
        if self._foreman.stdout is not None:
            self._foreman.stdout.close()
        if self._foreman.returncode != 0:
            foreman.end_strays(self._run)

    def _say(self, what: str, items: Sequence[object]) -> None:
        left = memoryview(json.dumps((what, items)).encode() + b"\n")
        try:
            while left:
                left = left[os.write(self._to, left) :]
        except BrokenPipeError:
            raise self._gone() from None

    def _gone(self) -> ToolError:
        code = self._foreman.wait()
        return ToolError(
            f"the process that starts commands ended by itself (exit {code})",
            hint="it was killed, or is broken: run again, it goes on",
        )

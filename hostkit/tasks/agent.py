"""Children of a runner: started in groups of their own, written to a log, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hostkit.clock import Clock
from hostkit.errors import ToolError
from hostkit.files import disk_error
from hostkit.process import Command, end_group, process_start_ticks, start
from hostkit.tasks import foreman

_GRACE_S = 5.0

TOKEN = "HOSTKIT_ATTEMPT"
"""Environment variable that marks everything an attempt starts, however far it strays from its group."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. ``returncode`` is negative for a signal; ``stopped``: the runner was told to end."""

    returncode: int
    timed_out: bool
    stopped: bool


class OnStart(Protocol):
    """Told the process before anything waits for it."""

    def __call__(self, pid: int, start_ticks: int) -> None:
        """Record it."""
        ...


class Children:
    """Every child that a runner has now. Safe to use from several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self.why = ""  # why they were stopped, where nobody stopped the run

    @property
    def stopped(self) -> bool:
        """True once :meth:`stop` was called."""
        return self._stopped

    def run(self, command: Command, log: Path, on_start: OnStart | None = None) -> Ended:
        """Run to the end or the time-out, appending all output to ``log``. The whole group is gone after it.

        Call it from a thread that lives on: the child dies with the thread that started it.
        """
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            stream = log.open("ab")
        except OSError as error:
            raise disk_error(error, log) from error
        with stream:
            child = self._start(command, stream.fileno())
            if child is None:
                return Ended(-signal.SIGTERM, False, True)
            try:
                if on_start is not None:
                    on_start(child.pid, process_start_ticks(child.pid) or 0)
                timed_out = not _wait(child, command.timeout_s)
            finally:
                returncode = end_group(child) if child.poll() is None else child.wait()
                _kill_group(child.pid)
                with self._lock:
                    self._running.discard(child)
        return Ended(returncode, timed_out, self._stopped)

    def _start(self, command: Command, output: int) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            child = start(command, stdout=output)
            self._running.add(child)
            return child

    def stop(self, why: str = "") -> None:
        """End every child with its group, and start none any more; ``why``: what their attempts are told."""
        with self._lock:
            self.why = self.why or why
            self._stopped = True
            running = tuple(self._running)
        for child in running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in running:
            if not _wait(child, _GRACE_S):
                _kill_group(child.pid)


def _wait(child: subprocess.Popen[bytes], timeout_s: float | None) -> bool:
    try:
        child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(group: int) -> None:
    """End what the leader left behind in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def marked_processes(token: str) -> tuple[int, ...]:
    """Return the pids of this user's processes that carry the token in their environment."""
    return tuple(foreman.marked(f"{TOKEN}={token}".encode(), b"\0"))


def end_marked(token: str, clock: Clock, *, patience_s: float = 5.0) -> int:
    """Kill every process that carries the token and return how many there were. None is left on return.

    Raises :class:`ToolError` when one does not go within the patience (it hangs in the kernel).
    """
    ended: set[int] = set()
    until = clock.monotonic_ns() + patience_s * 1e9
    while left := marked_processes(token):
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            ended.add(pid)
        if clock.monotonic_ns() > until:
            raise ToolError(
                f"process {left[0]} of an attempt does not end",
                hint="it hangs in the kernel; see what holds it: cat /proc/PID/stack",
            )
        clock.sleep(0.01)
    return len(ended)


def marked_environment(env: Mapping[str, str], token: str) -> dict[str, str]:
    """Return an environment that marks a child as part of an attempt."""
    return dict(env) | {TOKEN: token}

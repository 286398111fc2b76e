"""One step as a child process: in a group of its own, with a time-out, dead when its worker is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hostkit.boards.fence import fence_words
from hostkit.clock import Clock
from hostkit.files import disk_error
from hostkit.jobs.model import Attempt, Ending, Job, Outcome
from hostkit.jobs.reading import read_ending, read_left_behind
from hostkit.process import Command, process_start_ticks, start
from hostkit.tasks.agent import end_marked, marked_environment

PRINTED, LOG = "out.json", "log.txt"
"""Standard output and standard error of an attempt, in its directory."""

_GRACE_S = 15.0  # after a request to end: esptool's last write, the board's reset
_TAIL = 8192


class Running(Protocol):
    """A step that runs. :class:`Child` is one; ``hostkit.testing.jobs`` has one without a process."""

    @property
    def process(self) -> tuple[int, int]:
        """The pid and its start time in clock ticks; zeros without a process."""
        ...

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when it ends, -1 where there is none."""
        ...

    def end(self, outcome: Outcome, reason: str) -> None:
        """Ask it to end, because of that. A second request changes nothing."""
        ...

    def poll(self) -> Ending | None:
        """Return how it ended once nothing of it runs any more; until then None. Ends what is overdue."""
        ...


class Launcher(Protocol):
    """Starts steps, and finds out what became of those of a dead worker."""

    def launch(self, job: Job, attempt: Attempt) -> Running:
        """Start a step. Raises :class:`HostkitError` when that is not possible."""
        ...

    def recover(self, attempt: Attempt) -> Ending:
        """Make sure that nothing of an attempt runs any more, and return how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class Shell:
    """What the command line gives: the command of a step, and whether somebody else has a board."""

    command: Callable[[Job, Attempt], Command]
    held: Callable[[str], bool]


class ChildLauncher:
    """Real child processes. Their output lies below ``directory``, one folder an attempt."""

    def __init__(self, directory: Path, shell: Shell, clock: Clock) -> None:
        """Start nothing yet."""
        self._directory = directory
        self._shell = shell
        self._clock = clock

    def launch(self, job: Job, attempt: Attempt) -> Child:
        """Start the step of an attempt, marked with its token and the generation of its lease."""
        command = self._shell.command(job, attempt)
        environment = marked_environment(command.env or os.environ, attempt.token)
        if attempt.board:
            environment |= fence_words(dict.fromkeys(attempt.boards, attempt.generation))
        folder = attempt_folder(self._directory, attempt)
        with _Streams(folder) as streams:
            child = start(replace(command, env=environment), stdout=streams.printed, stderr=streams.log)
        return Child(child, attempt, folder, self._shell, self._clock, job.timeout_s)

    def recover(self, attempt: Attempt) -> Ending:
        """Kill whatever carries the attempt's token; believe its own words if it had come to an end."""
        end_marked(attempt.token, self._clock)
        folder = attempt_folder(self._directory, attempt)
        said = read_left_behind(attempt.step, _read(folder / PRINTED))
        return _with_evidence(said or Ending(Outcome.LOST, "its worker died"), folder)


def attempt_folder(directory: Path, attempt: Attempt) -> Path:
    """Return where an attempt's output is; with its token, as a new database counts from 1 again."""
    return directory / "attempts" / f"{attempt.id}-{attempt.token[:8]}"


class Child:
    """A child process of this one. Made by :class:`ChildLauncher`."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        attempt: Attempt,
        folder: Path,
        shell: Shell,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._child = child
        self._attempt = attempt
        self._folder = folder
        self._shell = shell
        self._clock = clock
        self._timeout_s = timeout_s
        self._overdue_ns = clock.monotonic_ns() + round(timeout_s * 1e9)
        self._kill_ns = 0
        self._cause: Ending | None = None
        self._ended: Ending | None = None
        self._start = process_start_ticks(child.pid) or 0
        self._descriptor = _pidfd(child.pid)

    @property
    def process(self) -> tuple[int, int]:
        """The pid and its start time in clock ticks."""
        return self._child.pid, self._start

    def fileno(self) -> int:
        """Return the descriptor of the process, -1 where the system has none."""
        return self._descriptor

    def end(self, outcome: Outcome, reason: str) -> None:
        """Ask the whole group to end; what does not is killed some seconds later, by :meth:`poll`."""
        if self._cause is None:
            self._cause = Ending(outcome, reason)
            self._kill_ns = self._clock.monotonic_ns() + round(_GRACE_S * 1e9)
            self._signal(signal.SIGTERM)

    def poll(self) -> Ending | None:
        """Look after it; see :class:`Running`."""
        if self._ended is None:
            self._ended = self._look()
        return self._ended

    def _look(self) -> Ending | None:
        code = self._child.poll()
        now_ns = self._clock.monotonic_ns()
        if code is None:
            if self._cause is None and now_ns >= self._overdue_ns:
                self.end(Outcome.TIMED_OUT, f"took longer than {self._timeout_s:g} s")
            elif self._cause is not None and now_ns >= self._kill_ns:
                self._signal(signal.SIGKILL)
            return None
        self._signal(signal.SIGKILL)  # what the leader left behind in its group
        if self._cause is not None or code < 0:
            end_marked(self._attempt.token, self._clock)
        self._close()
        return self._ending(code)

    def _ending(self, code: int) -> Ending:
        """Return how it ended. Its own complete verdict stands, also where it was asked to end."""
        printed = _read(self._folder / PRINTED)
        if self._cause is not None:
            said = read_left_behind(self._attempt.step, printed)
            return _with_evidence(said or replace(self._cause, exit_code=code), self._folder)
        held = any(self._shell.held(identity) for identity in self._attempt.boards)
        ending = read_ending(self._attempt.step, code, printed, _read(self._folder / LOG), held=held)
        return _with_evidence(ending, self._folder)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Streams:
    """The two files of an attempt, open for its child."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.printed = (folder / PRINTED).open("wb")
            self.log = (folder / LOG).open("wb")
        except OSError as error:
            raise disk_error(error, folder) from error

    def __enter__(self) -> _Streams:
        return self

    def __exit__(self, *exc: object) -> None:
        self.printed.close()
        self.log.close()


def _with_evidence(ending: Ending, folder: Path) -> Ending:
    """Let what a step printed be the evidence where the step itself named none."""
    if ending.evidence or not folder.is_dir():  # not even begun
        return ending
    return replace(ending, evidence=str(folder))


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # another system, or an old kernel
        return -1


def _read(path: Path) -> str:
    """Return the end of a file, which is all of it where it is JSON of a verb's usual size."""
    with suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""

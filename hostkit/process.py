"""Child processes that cannot outlive their parent, nor their time-out."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from hostkit.errors import MissingToolError
from hostkit.halt import Halt

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_GRACE_S = 3.0
_SHELL = "/bin/sh"
_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'  # it may have died before the pact was made


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: an argv (never a shell line), where, with which environment, and for how long.

    ``halt``: once it is called the process group is ended, and the run is a :class:`HaltedError`.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    timeout_s: float | None = None
    halt: Halt | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. ``returncode`` is negative for a signal; ``timed_out`` says who sent it."""

    argv: tuple[str, ...]
    returncode: int
    output: str
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """True for exit code 0 inside the time-out."""
        return self.returncode == 0 and not self.timed_out


class Runner(Protocol):
    """Runs commands to their end. The shipped fake is ``hostkit.testing.process.FakeRunner``."""

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Run, feed each piece of output (stdout and stderr in one) to ``on_text``, return the end."""
        ...

    def run_all(
        self, commands: Sequence[Command], *, on_text: Callable[[int, str], None] | None = None
    ) -> tuple[Finished, ...]:
        """Run several at once; ``on_text`` is also told which one speaks, counted from 0."""
        ...


@cache
def _prctl() -> Callable[[int, int], int] | None:
    """Load libc before the fork: loading a library between fork and exec can deadlock."""
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - only where there is no setpriv

    prctl: Callable[[int, int], int] = ctypes.CDLL(None).prctl
    return prctl


def _death_pact() -> Callable[[], None] | None:
    """Return what the child runs between fork and exec: ask the kernel to die when its parent does."""
    prctl = _prctl()
    if prctl is None:
        return None
    parent = os.getpid()

    def pact() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return pact


@cache
def _setpriv() -> str:
    """Return the program of util-linux that makes such a pact and then becomes another, "" where none can.

    Code of ours between fork and exec takes a real fork, which copies the page tables of this process: ten
    milliseconds and more of a large one. Without any, the child borrows them, and two more exec cost two.
    """
    program = shutil.which("setpriv", path="/usr/bin:/bin") if sys.platform == "linux" else None
    if program is None:
        return ""
    tried = subprocess.run(
        (program, "--pdeathsig", "KILL", "--", _SHELL, "-c", ":"), capture_output=True, check=False
    )
    return program if tried.returncode == 0 else ""


def _pact_argv(command: Command) -> tuple[str, ...]:
    """Return what to put before an argv for the same pact; () where none can make it, or no program is."""
    program, path = command.argv[0], (os.environ if command.env is None else command.env).get("PATH")
    if os.sep in program:
        place = (command.cwd or Path()) / program
        found = place.is_file() and os.access(place, os.X_OK)
    else:
        found = shutil.which(program, path=path or os.defpath) is not None
    if not found or not _setpriv():
        return ()
    return _setpriv(), "--pdeathsig", "KILL", "--", _SHELL, "-c", _IF_PARENT_LIVES, str(os.getpid())


def start(
    command: Command,
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.STDOUT,
) -> subprocess.Popen[bytes]:
    """Start a child as the leader of its own process group; it dies with the thread that started it."""
    pact = _pact_argv(command)
    try:
        return subprocess.Popen(
            (*pact, *command.argv),
            cwd=command.cwd,
            env=None if command.env is None else dict(command.env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=None if pact else _death_pact(),  # noqa: PLW1509 - two system calls, no locks taken
        )
    except FileNotFoundError as error:
        raise MissingToolError(
            f"cannot run {command.argv[0]}: no such program",
            hint="run `hostkit doctor` to see what is missing",
        ) from error
    except PermissionError as error:
        raise MissingToolError(
            f"cannot run {command.argv[0]}: permission denied", hint="check the file's mode"
        ) from error


def end_group(child: subprocess.Popen[bytes], *, grace_s: float = _GRACE_S) -> int:
    """End a child's whole process group: TERM, wait up to ``grace_s``, KILL, wait. Return its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


@dataclass(slots=True)
class _Child:
    """A command at work, since ``began`` (monotonic seconds)."""

    command: Command
    process: subprocess.Popen[bytes]
    began: float
    pieces: list[bytes] = field(default_factory=list)

    @property
    def left_s(self) -> float | None:
        """Seconds until its time-out strikes, None without one."""
        limit = self.command.timeout_s
        return None if limit is None else limit - (time.monotonic() - self.began)

    def finished(self, returncode: int, *, timed_out: bool) -> Finished:
        output = b"".join(self.pieces).decode(errors="replace")
        return Finished(self.command.argv, returncode, output, time.monotonic() - self.began, timed_out)


class SystemRunner:
    """Real child processes."""

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Run to the end; on time-out, Ctrl-C or any error the whole process group is ended first."""
        told = None if on_text is None else lambda _, text: on_text(text)
        return self.run_all([command], on_text=told)[0]

    def run_all(
        self, commands: Sequence[Command], *, on_text: Callable[[int, str], None] | None = None
    ) -> tuple[Finished, ...]:
        """Run all side by side; each has its own time-out, and any error ends the groups of all."""
        children: dict[int, _Child] = {}
        ended: dict[int, Finished] = {}
        try:
            for number, command in enumerate(commands):
                children[number] = _Child(command, start(command), time.monotonic())
            with selectors.DefaultSelector() as selector:
                for number, child in children.items():
                    assert child.process.stdout is not None
                    selector.register(child.process.stdout, selectors.EVENT_READ, number)
                for halt in {command.halt for command in commands if command.halt is not None}:
                    selector.register(halt, selectors.EVENT_READ, halt)
                while len(ended) < len(children):
                    _listen(selector, children, ended, on_text)
        except BaseException:
            for number, child in children.items():
                if number not in ended:
                    end_group(child.process)
            raise
        finally:
            for child in children.values():
                if child.process.stdout is not None:
                    child.process.stdout.close()
        return tuple(ended[number] for number in children)


def _listen(
    selector: selectors.BaseSelector,
    children: Mapping[int, _Child],
    ended: dict[int, Finished],
    on_text: Callable[[int, str], None] | None,
) -> None:
    """Take in what children say until one of them ends, runs out of time, or all are silent for now."""
    left = {number: child.left_s for number, child in children.items() if number not in ended}
    for number, seconds in left.items():
        if seconds is not None and seconds <= 0:
            child = children[number]
            assert child.process.stdout is not None
            selector.unregister(child.process.stdout)
            ended[number] = child.finished(end_group(child.process), timed_out=True)
    if len(ended) == len(children):
        return
    for key, _ in selector.select(min((each for each in left.values() if each is not None), default=None)):
        if isinstance(key.data, Halt):
            key.data.check()
            continue
        child = children[key.data]
        if chunk := os.read(key.fd, 65536):
            child.pieces.append(chunk)
            if on_text is not None:
                on_text(key.data, chunk.decode(errors="replace"))
        else:
            selector.unregister(key.fileobj)
            ended[key.data] = child.finished(child.process.wait(), timed_out=False)


def process_start_ticks(pid: int) -> int | None:
    """Return a process's start time in clock ticks since boot, or None when it is gone, also where its parent
    has not asked yet how it ended.

    Together with the pid it names a process for good: pids are used again, start times are not.
    """
    try:  # by descriptor: asked hundreds of times a second while processes wait for each other
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        stat = os.read(descriptor, 4096)
    except OSError:  # it ended just now
        return None
    finally:
        os.close(descriptor)
    fields = stat.rsplit(b")", 1)[1].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def boot_id() -> str:
    """Return the machine's boot id, or an empty string where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""

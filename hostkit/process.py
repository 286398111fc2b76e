"""Child processes that cannot outlive their parent, nor their time-out."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from hostkit.errors import MissingToolError

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_GRACE_S = 3.0
_SHELL = "/bin/sh"
_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'  # it may have died before the pact was made


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: an argv (never a shell line), where, with which environment, and for how long."""

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    timeout_s: float | None = None


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
    """Runs one command to its end. The shipped fake is ``hostkit.testing.process.FakeRunner``."""

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Run, feed each piece of output (stdout and stderr in one) to ``on_text``, return the end."""
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


class SystemRunner:
    """Real child processes."""

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Run to the end; on time-out, Ctrl-C or any error the whole process group is ended first."""
        began = time.monotonic()
        child = start(command)
        assert child.stdout is not None
        pieces: list[bytes] = []
        timed_out = False
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(child.stdout, selectors.EVENT_READ)
                while True:
                    left = (
                        None if command.timeout_s is None else command.timeout_s - (time.monotonic() - began)
                    )
                    if left is not None and left <= 0:
                        timed_out = True
                        break
                    if not selector.select(left):
                        continue
                    chunk = os.read(child.stdout.fileno(), 65536)
                    if not chunk:
                        break
                    pieces.append(chunk)
                    if on_text is not None:
                        on_text(chunk.decode(errors="replace"))
            returncode = end_group(child) if timed_out else child.wait()
        except BaseException:
            end_group(child)
            raise
        finally:
            child.stdout.close()
        return Finished(
            command.argv,
            returncode,
            b"".join(pieces).decode(errors="replace"),
            time.monotonic() - began,
            timed_out,
        )


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

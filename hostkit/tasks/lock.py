"""One runner a project: a kernel lock, free the moment its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostkit.clock import Clock
from hostkit.errors import UsageError
from hostkit.files import disk_error

_TRIES, _PAUSE_S = 10, 0.05  # whoever asks for the status holds the lock for a moment


@contextmanager
def runner_lock(path: Path, clock: Clock, what: str = "tasks") -> Iterator[None]:
    """Hold the lock of ``what`` is run. Raises :class:`UsageError` naming the process that has it."""
    descriptor = _open(path)
    try:
        _take(descriptor, clock, what)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, clock: Clock, what: str) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            clock.sleep(_PAUSE_S)
        else:
            return
    pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
    verb = {"tasks": "tasks", "merges": "merge"}.get(what, "")
    watch = f"watch it with `hostkit {verb} status`, or " if verb else ""
    raise UsageError(
        f"{what} of this project are being run already, by pid {pid}", hint=f"{watch}wait for it to end"
    )


def runner_pid(path: Path) -> int:
    """Return the process that holds the lock, 0 for none."""
    if not is_running(path):
        return 0
    said = path.read_text(errors="replace").strip()
    return int(said) if said.isdecimal() else 0


def is_running(path: Path) -> bool:
    """True while a runner holds the lock. Takes nothing."""
    if not path.exists():
        return False
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(error, path) from error

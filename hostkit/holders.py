"""Which process holds a port (Linux: by /proc)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process and its command line."""

    pid: int
    command: str


def find_holder(port: Path, *, proc: Path = _PROC) -> Holder | None:
    """Return who holds ``port``: the owner of the lock on it, else any process that has it open, else None.

    This process is never named unless it owns the lock.
    """
    try:
        target = port.stat()
    except OSError:
        return None
    for pid in (*_lock_owners(target, proc), *_openers(target, proc)):
        command = _command(pid, proc)
        if command:
            return Holder(pid, command)
    return None


def _lock_owners(target: os.stat_result, proc: Path) -> Iterator[int]:
    """Return the pids in /proc/locks whose lock is on this inode."""
    wanted = f"{os.major(target.st_dev):02x}:{os.minor(target.st_dev):02x}:{target.st_ino}"
    try:
        locks = (proc / "locks").read_text()
    except OSError:
        return
    for line in locks.splitlines():
        fields = line.replace("->", "").split()
        if wanted in fields:
            pid = int(fields[fields.index(wanted) - 1])
            if pid > 0:
                yield pid


def _openers(target: os.stat_result, proc: Path) -> Iterator[int]:
    """Return the pids that have this device open, other than this process."""
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        if (target.st_dev, target.st_ino) in _opened(entry / "fd"):
            yield int(entry.name)


def _opened(descriptors: Path) -> Iterator[tuple[int, int]]:
    """Return device and inode of each open file; nothing for a process that ended or is another user's."""
    with suppress(OSError):
        for descriptor in descriptors.iterdir():
            with suppress(OSError):  # closed meanwhile
                found = descriptor.stat()
                yield found.st_dev, found.st_ino


def _command(pid: int, proc: Path) -> str:
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")

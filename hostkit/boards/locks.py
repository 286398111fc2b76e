"""Lock files with a record: the kernel's lock decides who holds, the record says who it is.

Taking a lock and writing its record is one step behind a door (a lock of its own, held for microseconds),
so that whoever finds a lock without its true record behind that door knows that its holder is gone.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.holder import BEAT_S, STALE_S, Holder, read_holder, silent_s
from hostkit.clock import Clock
from hostkit.files import disk_error


@dataclass(frozen=True, slots=True)
class RecordedLock:
    """One lock file. It stays when the lock is given back: a name that went and came back would be two
    locks; only a lock that no living process holds is replaced."""

    path: Path
    clock: Clock

    def acquire(self, holder: Holder) -> int | None:
        """Take the lock and write the record; return the descriptor that holds it, None when it is taken.

        A lock whose holder is dead and silent for :data:`STALE_S` is taken from it: some network file systems
        keep the locks of the dead.
        """
        with self._door() as inside:
            if not inside:
                return None
            descriptor = _lock(self.path)
            if descriptor is None and self._stale():
                self.path.unlink(missing_ok=True)
                descriptor = _lock(self.path)
            if descriptor is not None:
                self._write(descriptor, holder)
            return descriptor

    def recorded(self) -> Holder | None:
        """Return the record of a holder that lives, without touching the lock."""
        holder = read_holder(self.path)
        return holder if holder is not None and holder.lives(silent_s(self.path, self.clock)) else None

    def held_by(self) -> Holder | None:
        """Return the record of who holds the lock now, None when nobody does. Takes nothing."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_error(error, self.path) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return None if self._stale() else read_holder(self.path)
        else:
            return None
        finally:
            os.close(descriptor)

    def _stale(self) -> bool:
        holder, silent = read_holder(self.path), silent_s(self.path, self.clock)
        return holder is not None and silent >= STALE_S and not holder.lives(silent)

    @contextmanager
    def _door(self) -> Iterator[bool]:
        """Stand in the door, or yield False when somebody else does."""
        descriptor = _lock(self.path.with_name(f"{self.path.name}.door"))
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _write(self, descriptor: int, holder: Holder) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.line(), 0)
        except OSError as error:
            os.close(descriptor)
            raise disk_error(error, self.path) from error


def release(descriptor: int) -> None:
    """Give a lock back, and take the record off it first."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


class Heartbeat:
    """Renews the time stamps of lock files while they are held. Its thread comes with the first lock and
    goes some seconds after the last, so that taking a lock need not wait for a thread."""

    def __init__(self, every_s: float = BEAT_S) -> None:
        """Start nothing yet."""
        self._every_s = every_s
        self._guard = threading.Lock()
        self._held: set[int] = set()
        self._beating = False

    def keep(self, descriptor: int) -> None:
        """Beat for a lock from now on."""
        with self._guard:
            self._held.add(descriptor)
            if not self._beating:
                self._beating = True
                threading.Thread(target=self._run, name="lease heartbeat", daemon=True).start()

    def drop(self, descriptor: int) -> None:
        """Beat for it no more; to be called before the descriptor is closed."""
        with self._guard:
            self._held.discard(descriptor)

    def _run(self) -> None:
        tick = threading.Event()
        while True:
            tick.wait(self._every_s)
            with self._guard:
                if not self._held:
                    self._beating = False
                    return
                for descriptor in self._held:
                    with suppress(OSError):
                        os.utime(descriptor)


def _lock(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, path) from error
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor

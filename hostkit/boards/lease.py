"""An exclusive right to a board, held across processes and checkouts, that frees itself with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from hostkit.clock import Clock
from hostkit.errors import InconclusiveError
from hostkit.files import disk_error
from hostkit.process import boot_id, process_start_ticks

TOKEN_VARIABLE = "HOSTKIT_LEASE_TOKEN"
"""Environment variable by which a holder lets its own children through."""

_LONGEST = 4096  # bytes of a holder record
_GRACE_S = 0.5
_PAUSE_S = 0.05  # between two tries while waiting: flock has no time-out


class BusyError(InconclusiveError):
    """Somebody else has the board (exit 3); the message names the process."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease. ``since`` is wall time, seconds; ``token`` is secret to the holder's user."""

    pid: int
    start_ticks: int
    boot: str
    what: str
    since: float
    token: str = ""

    @property
    def alive(self) -> bool:
        """True while exactly this process runs: pids are used again, start times are not."""
        return self.boot == boot_id() and process_start_ticks(self.pid) == self.start_ticks


class Lease:
    """A held lease. Closing it, or the end of the process in any way, frees the board."""

    def __init__(self, path: Path, descriptor: int, token: str) -> None:
        """Made by :func:`take`; ``descriptor`` is -1 for a lease that the parent holds."""
        self.path = path
        self.token = token
        self._descriptor = descriptor

    @property
    def borrowed(self) -> bool:
        """True when a parent process holds the lease and this one was let through."""
        return self._descriptor < 0

    def environment(self) -> dict[str, str]:
        """Return what a child needs in its environment to be let through."""
        return {TOKEN_VARIABLE: self.token}

    def close(self) -> None:
        """Give the board back; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def __enter__(self) -> Lease:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the board back."""
        self.close()


@dataclass(frozen=True, slots=True)
class LeaseOffice:
    """Where leases lie (``<state>/leases``), and how time passes while waiting for one."""

    directory: Path
    clock: Clock

    def take(
        self, identity: str, what: str, *, timeout_s: float = 0.0, env: Mapping[str, str] | None = None
    ) -> Lease:
        """Take the lease of a board, waiting up to ``timeout_s`` for another holder to end.

        ``what``: the command, for whoever meets it. A process whose ``env`` has the token of the live
        holder is let through. Raises :class:`BusyError` naming the holder.
        """
        path = self._path(identity)
        began = self.clock.monotonic_ns()
        while True:
            descriptor = _lock(path)
            if descriptor is not None:
                return self._record(path, descriptor, what)
            holder = _read(path)
            if holder is not None and _is_child(holder, env):
                return Lease(path, -1, holder.token)
            # Nobody's name on a locked file: its holder is just coming or going, or somebody looks.
            patience = timeout_s if holder is not None and holder.alive else max(timeout_s, _GRACE_S)
            if (self.clock.monotonic_ns() - began) / 1e9 >= patience:
                raise _busy(identity, holder, timeout_s)
            self.clock.sleep(_PAUSE_S)

    def holder(self, identity: str) -> Holder | None:
        """Return who holds a board's lease now, None when nobody does. Takes nothing."""
        path = self._path(identity)
        if not path.exists():
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(path)
        else:
            return None
        finally:
            os.close(descriptor)

    def _path(self, identity: str) -> Path:
        return self.directory / f"{identity}.lock"

    def _record(self, path: Path, descriptor: int, what: str) -> Lease:
        pid = os.getpid()
        token = secrets.token_hex(16)
        ticks = process_start_ticks(pid) or 0
        holder = Holder(pid, ticks, boot_id(), what, self.clock.wall_ns() / 1e9, token)
        record = json.dumps(asdict(holder)).encode()
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, record, 0)
        except OSError as error:
            os.close(descriptor)
            raise disk_error(error, path) from error
        return Lease(path, descriptor, token)


def _lock(path: Path) -> int | None:
    """Lock the file, or return None when somebody has it. The file stays: a name that went and came back
    would be two locks."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _read(path: Path) -> Holder | None:
    """Return the holder record, or None when it is not (yet) a whole one."""
    try:
        with path.open("rb") as stream:
            raw: Any = json.loads(stream.read(_LONGEST))
        return Holder(**raw)
    except (OSError, ValueError, TypeError):
        return None


def _is_child(holder: Holder, env: Mapping[str, str] | None) -> bool:
    token = (env or {}).get(TOKEN_VARIABLE, "")
    return bool(token) and secrets.compare_digest(token, holder.token) and holder.alive


def _busy(identity: str, holder: Holder | None, waited_s: float) -> BusyError:
    waited = f" (waited {waited_s:g} s)" if waited_s else ""
    if holder is None:
        return BusyError(f"board {identity} is taken by another process{waited}", hint="try again")
    return BusyError(
        f"board {identity} is taken by pid {holder.pid}: {holder.what}{waited}",
        hint=f"wait for it to end, or end it: kill {holder.pid}",
    )

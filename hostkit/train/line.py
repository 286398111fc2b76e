"""The line of a merge train: who waits, who merged, who dropped out and why. One file, always whole."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from hostkit.errors import InvalidError, UsageError
from hostkit.files import atomic_write, disk_error, pretty_json

_SCHEMA = "hostkit.merge-line/1"


class Status(Enum):
    """Where a change is."""

    WAITING = "waiting"
    MERGED = "merged"
    FAILED = "failed"
    CONFLICT = "conflict"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Change:
    """One submitted commit. What was merged is read from git, not from here, when it matters."""

    id: str  # "1", "2", … in the order of submission
    name: str  # what was submitted: a branch, a tag, a hash
    commit: str
    title: str  # first line of the commit's message
    status: Status = Status.WAITING
    why: str = ""
    evidence: str = ""  # of the verdict that it ended with, or ""
    at: str = ""  # the commit that the target went to with it, or that failed


@dataclass(frozen=True, slots=True)
class _Lines:
    token: str
    changes: tuple[Change, ...] = field(default_factory=tuple)


class Line:
    """The line in one folder. Every change of it is atomic and durable; several processes may use it."""

    def __init__(self, folder: Path) -> None:
        """Keep it in ``folder``, which is made when first written."""
        self._file = folder / "line.json"
        self._lock = folder / "line.lock"

    def changes(self) -> tuple[Change, ...]:
        """Return every change, oldest first. Raises :class:`InvalidError` for a file that is not ours."""
        return self._read().changes

    def waiting(self) -> tuple[Change, ...]:
        """Return the changes in line, in order."""
        return tuple(change for change in self.changes() if change.status is Status.WAITING)

    def of(self, change: str) -> Change:
        """Return one change. Raises :class:`UsageError` when there is none of that id."""
        found = [each for each in self.changes() if each.id == change]
        if not found:
            raise UsageError(f"there is no change {change}", hint="see `hostkit merge list`")
        return found[0]

    def token(self) -> str:
        """Return what marks every process that the train's runners start, the same for ever."""
        with self._held():
            lines = self._read()
            self._write(lines)
            return lines.token

    def submit(self, name: str, commit: str, title: str) -> Change:
        """Put a commit at the end. Raises :class:`UsageError` when it is in line already."""
        with self._held():
            lines = self._read()
            for change in lines.changes:
                if change.status is Status.WAITING and change.commit == commit:
                    raise UsageError(
                        f"{name} ({commit[:12]}) is in line already, as change {change.id}",
                        hint="see `hostkit merge list`",
                    )
            new = Change(str(len(lines.changes) + 1), name, commit, title)
            self._write(replace(lines, changes=(*lines.changes, new)))
            return new

    def end(self, change: str, status: Status, why: str, evidence: str = "", at: str = "") -> Change:
        """Write down how a waiting change ended; one that has ended already is left as it is."""
        with self._held():
            lines = self._read()
            old = self.of(change)
            if old.status is not Status.WAITING:
                return old
            new = replace(old, status=status, why=why, evidence=evidence, at=at)
            self._write(
                replace(lines, changes=tuple(new if each.id == change else each for each in lines.changes))
            )
            return new

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, self._lock) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> _Lines:
        try:
            told: dict[str, Any] = json.loads(self._file.read_bytes())
            if told["schema"] != _SCHEMA:
                raise ValueError(f"its schema is {told['schema']}")
            changes = [Change(**{**each, "status": Status(each["status"])}) for each in told["changes"]]
            return _Lines(str(told["token"]), tuple(changes))
        except FileNotFoundError:
            return _Lines(secrets.token_hex(16))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidError(
                f"{self._file} is no line of changes: {error}",
                hint="move it away and submit again; what has merged is in the target",
            ) from error

    def _write(self, lines: _Lines) -> None:
        changes = [asdict(change) | {"status": change.status.value} for change in lines.changes]
        atomic_write(
            self._file, pretty_json({"schema": _SCHEMA, "token": lines.token, "changes": changes}), mode=0o600
        )

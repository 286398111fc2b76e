"""How many builds run at once on this machine: lock files that all checkouts and the queue share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hostkit.clock import Clock
from hostkit.errors import UsageError
from hostkit.files import atomic_write, disk_error

_NUMBER = "number"
_MOST = 64
_SHORTEST_S, _LONGEST_S = 0.01, 0.1  # between two looks: flock has no «any of these»


@dataclass(frozen=True, slots=True)
class BuildSlots:
    """The slots below a directory. Their number may change at any time; what builds then goes on."""

    directory: Path
    clock: Clock

    @property
    def number(self) -> int:
        """How many builds may run at once: what was set, else one for each core."""
        try:
            return max(1, min(_MOST, int((self.directory / _NUMBER).read_text())))
        except (OSError, ValueError):
            return max(1, len(os.sched_getaffinity(0)))

    def change(self, number: int) -> None:
        """Set how many. Raises :class:`UsageError` for a number that makes no sense."""
        if not 1 <= number <= _MOST:
            raise UsageError(f"{number} build slots are too few or too many", hint=f"from 1 to {_MOST}")
        atomic_write(self.directory / _NUMBER, str(number).encode())

    @contextmanager
    def hold(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Have a slot to oneself; ``on_wait`` is called once if none is free. Waits without limit: whoever
        has one has a time-out of its own, and its death frees it. Raises :class:`ToolError`."""
        descriptor = self._take()
        if descriptor is None:
            on_wait()
            pause_s = _SHORTEST_S
            while (descriptor := self._take()) is None:
                self.clock.sleep(pause_s)
                pause_s = min(_LONGEST_S, pause_s * 2)
        try:
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def hold_all(self) -> Iterator[bool]:
        """Have all slots, without waiting; yields False, and none, while anybody builds."""
        held: list[int] = []
        try:
            while len(held) < self.number and (descriptor := self._take()) is not None:
                held.append(descriptor)
            alone = len(held) >= self.number
            while held and not alone:
                os.close(held.pop())
            yield alone
        finally:
            for descriptor in held:
                os.close(descriptor)

    def _take(self) -> int | None:
        for slot in range(self.number):
            path = self.directory / f"build-{slot}.lock"
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise disk_error(error, path) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        return None

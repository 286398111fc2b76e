"""Who came too late: a lease's generation, kept on the board's host and checked before a port is opened.

A queue gives a board to one attempt after the other, each with a higher number. An attempt that was taken for
dead and wakes up again (a suspended machine, a worker that lost its database) still has its old number.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import InconclusiveError
from hostkit.files import atomic_write, disk_error

FENCE_VARIABLE = "HOSTKIT_LEASE_GENERATION"
"""Environment variable with which a queue's attempt says its number: ``IDENTITY:NUMBER``, with commas between
several."""


class FencedOffError(InconclusiveError):
    """A later attempt was given this board (exit 3)."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The highest number that was given out for each board, a file each beside the leases."""

    directory: Path

    def highest(self, identity: str) -> int:
        """Return the highest number given out, 0 for none."""
        try:
            return int(self._path(identity).read_text())
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            raise FencedOffError(
                f"{self._path(identity)} does not say who may use the board: {error}",
                hint="remove that file when no job is running",
            ) from error

    def raise_to(self, identity: str, number: int) -> None:
        """Let nobody with a lower number through from now on. Raises :class:`ToolError`."""
        path = self._path(identity)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            door = os.open(path.with_name(f"{path.name}.door"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, path) from error
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            if self.highest(identity) < number:
                atomic_write(path, str(number).encode(), mode=0o600)
        finally:
            os.close(door)

    def check(self, identity: str, env: Mapping[str, str]) -> None:
        """Let a process through that has the highest number, or none and so is no attempt of a queue.

        Raises :class:`FencedOffError` for one that came too late.
        """
        mine = number_in(env).get(identity)
        if mine is not None and mine < (highest := self.highest(identity)):
            raise FencedOffError(
                f"this attempt has lease {mine} of the board, and lease {highest} was given out since",
                hint="it was taken for dead; see: hostkit queue list",
            )

    def _path(self, identity: str) -> Path:
        return self.directory / f"{identity}.generation"


def fence_words(numbers: Mapping[str, int]) -> dict[str, str]:
    """Return what an attempt needs in its environment; ``numbers``: of each of its boards, by identity."""
    return {FENCE_VARIABLE: ",".join(f"{identity}:{number}" for identity, number in numbers.items())}


def number_in(env: Mapping[str, str]) -> dict[str, int]:
    """Return the boards and the numbers that an environment speaks of; nothing where it makes no sense."""
    found = {}
    for words in env.get(FENCE_VARIABLE, "").split(","):
        identity, _, number = words.rpartition(":")
        with suppress(ValueError):
            found[identity] = int(number)
    return found

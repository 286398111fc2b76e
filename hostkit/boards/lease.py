"""The right to a board, held across processes and checkouts, that frees itself with its holder.

There are two. *Exclusive*: to write, reset or test; one at a time, in the order of asking. *Monitor*: to
read what the board says; it gives way to an exclusive one and may come back afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from hostkit.boards.fence import Fence
from hostkit.boards.holder import BusyError, Holder
from hostkit.boards.line import Line, Ticket
from hostkit.boards.locks import Heartbeat, RecordedLock, release
from hostkit.boards.seeking import (
    Grip,
    Seat,
    Wanted,
    busy_error,
    stubborn_error,
    waiting_words,
    watched_error,
)
from hostkit.clock import Clock

__all__ = ["TOKEN_VARIABLE", "BusyError", "Holder", "Lease", "LeaseOffice", "Wanted"]

TOKEN_VARIABLE = "HOSTKIT_LEASE_TOKEN"
"""Environment variable by which a holder lets its own children through."""

_GRACE_S = 0.5
_QUIET_S = 0.05  # a shorter wait is not worth a line
_YIELD_S = 3.0  # a monitor gives way within 0.1 s, unless it is stopped
_SHORTEST_S, _LONGEST_S = 0.001, 0.05  # between two looks while waiting: flock has no time-out
_SHARE = 0.02  # ... and between them a fiftieth of what was waited already

Tell = Callable[[str], None]


class Lease:
    """A held lease. Closing it, or the end of the process in any way, frees the board."""

    def __init__(self, path: Path, grip: Grip, heart: Heartbeat) -> None:
        """Made by :class:`LeaseOffice`; ``heart`` beats for it."""
        self.path = path
        self.token = grip.token
        self._lock = grip.lock
        self._watch = grip.watch
        self._heart = heart
        for descriptor in (grip.lock, grip.watch):
            if descriptor >= 0:
                heart.keep(descriptor)

    @property
    def borrowed(self) -> bool:
        """True when a parent process holds the lease and this one was let through."""
        return self._lock < 0 and self._watch < 0

    def environment(self) -> dict[str, str]:
        """Return what a child needs in its environment to be let through."""
        return {TOKEN_VARIABLE: self.token}

    def to_monitor(self) -> None:
        """Keep only the right to read, as a monitor has it; a borrowed lease stays what it is."""
        lock, self._lock = self._lock, -1
        self._release(lock)

    def close(self) -> None:
        """Give the board back; a second call does nothing."""
        lock, self._lock = self._lock, -1
        watch, self._watch = self._watch, -1
        self._release(watch)
        self._release(lock)

    def __enter__(self) -> Lease:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the board back."""
        self.close()

    def _release(self, descriptor: int) -> None:
        if descriptor >= 0:
            self._heart.drop(descriptor)
            release(descriptor)


@dataclass(frozen=True, slots=True)
class LeaseOffice:
    """Where leases lie (``<state>/leases``), and how time passes while waiting for one."""

    directory: Path
    clock: Clock
    heart: Heartbeat = field(default_factory=Heartbeat, compare=False)

    def take(
        self,
        wanted: str | Wanted,
        what: str,
        *,
        timeout_s: float = 0.0,
        env: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> Lease:
        """Take the exclusive lease of a board (by identity), waiting in line for up to ``timeout_s``.

        ``what``: the command, for whoever meets it. ``tell`` hears of the place in line whenever it changes.
        A process whose ``env`` has the token of the live holder is let through. Raises :class:`BusyError`
        naming the holder. Without ``timeout_s`` nobody is overtaken either.
        """
        board = wanted if isinstance(wanted, Wanted) else Wanted(wanted)
        return self.take_first([board], what, timeout_s=timeout_s, env=env, tell=tell)[1]

    def take_first(
        self,
        wanted: Sequence[Wanted],
        what: str,
        *,
        timeout_s: float = 0.0,
        env: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> tuple[int, Lease]:
        """Take whichever of several boards is had first, waiting in the line of each; see :meth:`take`.

        Returns which one it is. Raises :class:`BusyError` when none is to be had in time, and
        :class:`FencedOffError` for an attempt of a queue that has given the board to a later one.
        """
        with ExitStack() as stack:
            seats = [self._seat(board, what) for board in wanted]
            for seat in seats:
                stack.callback(seat.leave)
            token = (env or {}).get(TOKEN_VARIABLE, "")
            index, lease = self._wait(seats, token, timeout_s, tell)
        try:
            Fence(self.directory).check(wanted[index].identity, env or {})
        except BaseException:
            lease.close()
            raise
        return index, lease

    def watch(self, wanted: str | Wanted, what: str) -> Lease:
        """Take the monitor lease of a board: to read only, and to be closed as soon as :meth:`preemptor`
        names somebody. Raises :class:`BusyError` while another has the board or its monitor lease."""
        board = wanted if isinstance(wanted, Wanted) else Wanted(wanted)
        lock, watch = self._locks(board.identity)
        token = secrets.token_hex(16)
        descriptor = watch.acquire(Holder.here(what, self.clock, token))
        taken = lock.recorded()
        if descriptor is not None and taken is None:
            return Lease(watch.path, Grip(token, watch=descriptor), self.heart)
        if descriptor is not None:
            release(descriptor)
        raise busy_error([(board, taken, ())], 0.0) if taken else watched_error(board, watch.recorded())

    def preemptor(self, identity: str) -> Holder | None:
        """Return who has the exclusive lease, or has it and waits for a monitor to give way. Cheap."""
        return self._locks(identity)[0].recorded()

    def holder(self, identity: str) -> Holder | None:
        """Return who holds a board's exclusive lease now, None when nobody does. Takes nothing."""
        return self._locks(identity)[0].held_by()

    def watcher(self, identity: str) -> Holder | None:
        """Return whose monitor reads the board now, None when none does. Takes nothing."""
        return self._locks(identity)[1].held_by() if self.holder(identity) is None else None

    def waiters(self, identity: str) -> tuple[Ticket, ...]:
        """Return who waits for a board, first in line first."""
        return self._line(identity).waiting()

    def _wait(
        self, seats: Sequence[Seat], token: str, timeout_s: float, tell: Tell | None
    ) -> tuple[int, Lease]:
        began_ns = self.clock.monotonic_ns()
        told = ""
        while True:
            for index, seat in enumerate(seats):
                grip = seat.look(token, self.clock)
                if grip is not None:
                    path = self._locks(seat.wanted.identity)[0].path
                    return index, Lease(path, grip, self.heart)
                if seat.yielding_ns is not None:
                    break  # this one is had as soon as its monitor has seen it
                if timeout_s > 0:
                    seat.line_up(self.clock)
            waited = (self.clock.monotonic_ns() - began_ns) / 1e9
            self._refuse(seats, timeout_s, waited)
            words = waiting_words(seats)
            if tell is not None and words != told and timeout_s > 0 and waited >= _QUIET_S:
                tell(words)
                told = words
            shortest = _SHORTEST_S * (1 + min(len(seat.ahead) for seat in seats))
            self.clock.sleep(min(_LONGEST_S, max(shortest, waited * _SHARE)))

    def _refuse(self, seats: Sequence[Seat], timeout_s: float, waited_s: float) -> None:
        """Raise when there is no patience left."""
        for seat in seats:
            if seat.yielding_ns is None:
                continue
            yielding_s = (self.clock.monotonic_ns() - seat.yielding_ns) / 1e9
            if yielding_s >= _YIELD_S and waited_s >= timeout_s:
                raise stubborn_error(seat.wanted, seat.watcher)
            return
        # Nobody's name on a locked file: its holder is just coming or going, or somebody looks.
        known = all(seat.holder is not None for seat in seats)
        if waited_s >= (timeout_s if known else max(timeout_s, _GRACE_S)):
            raise busy_error([(seat.wanted, seat.holder, seat.ahead) for seat in seats], timeout_s)

    def _seat(self, board: Wanted, what: str) -> Seat:
        return Seat(board, what, self._locks(board.identity), self._line(board.identity))

    def _locks(self, identity: str) -> tuple[RecordedLock, RecordedLock]:
        """Return the exclusive lock and the monitor's; who has the first may ask for the second."""
        return (
            RecordedLock(self.directory / f"{identity}.lock", self.clock),
            RecordedLock(self.directory / f"{identity}.watch", self.clock),
        )

    def _line(self, identity: str) -> Line:
        return Line(self.directory / f"{identity}.line", self.clock)

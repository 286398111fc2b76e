"""One process that wants one board: its place in line, the lock, and a monitor that has to give way."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hostkit.boards.holder import BEAT_S, BusyError, Holder
from hostkit.boards.line import Line, Ticket, ahead_of
from hostkit.boards.locks import RecordedLock, release
from hostkit.clock import Clock

_CLOSER_NS = 500_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A board by its identity, with the name that people know it by."""

    identity: str
    name: str = ""

    @property
    def called(self) -> str:
        """The name for messages."""
        return self.name or self.identity


@dataclass(frozen=True, slots=True)
class Grip:
    """What was got: descriptors that hold the locks; both -1 when a parent lets this process through."""

    token: str
    lock: int = -1
    watch: int = -1


class Seat:
    """Looks for one board again and again; :meth:`leave` gives back whatever was not gripped to the end.

    After :meth:`look`: ``holder`` has the board, ``ahead`` are served before, ``watcher`` is the monitor that
    has been asked to give way since ``yielding_ns``.
    """

    def __init__(
        self, wanted: Wanted, what: str, locks: tuple[RecordedLock, RecordedLock], line: Line
    ) -> None:
        """Want a board for ``what``; ``locks`` are the exclusive one and the monitor's."""
        self.wanted = wanted
        self.holder: Holder | None = None
        self.ahead: tuple[Ticket, ...] = ()
        self.watcher: Holder | None = None
        self.yielding_ns: int | None = None
        self._what = what
        self._lock, self._watch = locks
        self._line = line
        self._ticket: Ticket | None = None
        self._me: Holder | None = None
        self._pending = -1
        self._closer_ns = 0
        self._beat_ns = 0

    def look(self, token: str, clock: Clock) -> Grip | None:
        """Return the grip if the board can be had now. ``token``: of a parent that may hold it already."""
        if self._pending >= 0:
            return self._take_watch(clock)
        if token and self._lets_through(token):
            return Grip(token)
        if not self._is_first(clock):
            return None
        self.holder = self._lock.recorded()
        free = self.holder is None and self._take_lock(clock)
        return self._take_watch(clock) if free else None

    def line_up(self, clock: Clock) -> None:
        """Take a place in line, or say that this one is still wanted."""
        if self._pending >= 0:
            return
        if self._ticket is None:
            self._ticket = self._line.join(self._what)
        elif clock.monotonic_ns() >= self._beat_ns:
            self._line.beat(self._ticket)
        else:
            return
        self._beat_ns = clock.monotonic_ns() + round(BEAT_S * 1e9)

    def leave(self) -> None:
        """Give back the place in line, and a lock that did not come to a grip."""
        if self._ticket is not None:
            self._line.leave(self._ticket)
            self._ticket = None
        if self._pending >= 0:
            release(self._pending)
            self._pending = -1

    def _lets_through(self, token: str) -> bool:
        holder = self._lock.recorded()
        return holder is not None and holder.alive and secrets.compare_digest(token, holder.token)

    def _is_first(self, clock: Clock) -> bool:
        """Look at the line: closely at first and now and then, else only who is at its head."""
        now_ns = clock.monotonic_ns()
        if self._ticket is None or now_ns >= self._closer_ns:
            line = self._line.waiting()
            self.holder = self._lock.recorded()
            self._closer_ns = now_ns + _CLOSER_NS
            ahead = ahead_of(self._ticket, line) if self._ticket is None or self._ticket in line else None
        else:
            ahead = self._line.before(self._ticket)
        if ahead is None:  # taken for dead, as after a long sleep: line up again
            self._ticket = None
            return False
        self.ahead = ahead
        return not ahead

    def _take_lock(self, clock: Clock) -> bool:
        self._me = Holder.here(self._what, clock, secrets.token_hex(16))
        self._pending = -1 if (got := self._lock.acquire(self._me)) is None else got
        return self._pending >= 0

    def _take_watch(self, clock: Clock) -> Grip | None:
        """With the lock: the monitor sees its record and gives way."""
        assert self._me is not None
        watch = self._watch.acquire(self._me)
        if watch is None:
            self.watcher = self._watch.recorded()
            self.yielding_ns = clock.monotonic_ns() if self.yielding_ns is None else self.yielding_ns
            with suppress(OSError):
                os.utime(self._pending)
            return None
        lock, self._pending = self._pending, -1
        return Grip(self._me.token, lock, watch)


def waiting_words(seats: Sequence[Seat]) -> str:
    """Return the line for somebody who waits: where in which line, and who has the board."""
    return "waiting for " + "; ".join(_words(seat) for seat in seats)


def busy_error(
    seats: Sequence[tuple[Wanted, Holder | None, tuple[Ticket, ...]]], waited_s: float
) -> BusyError:
    """Return the refusal that names who has each board."""
    waited = f" (waited {waited_s:g} s)" if waited_s else ""
    if len(seats) > 1:
        told = "; ".join(f"{board.called} {_by(holder)}" for board, holder, _ in seats)
        return BusyError(
            f"every board that fits is taken: {told}{waited}", hint="wait for one of them with --wait"
        )
    board, holder, ahead = seats[0]
    behind = f", and {len(ahead)} wait for it" if len(ahead) > 1 else f", and {len(ahead)} waits for it"
    message = f"board {board.called} is taken {_by(holder)}{behind if ahead else ''}{waited}"
    if holder is None:
        return BusyError(message, hint="try again, or wait in line with --wait")
    return BusyError(message, hint=f"wait in line with --wait, or end it: kill {holder.pid}")


def stubborn_error(board: Wanted, watcher: Holder | None) -> BusyError:
    """Return the refusal when a monitor does not give way, as one that was stopped with Ctrl-Z."""
    if watcher is None:
        return BusyError(
            f"board {board.called} is read by a monitor that does not give way", hint="end that monitor"
        )
    return BusyError(
        f"board {board.called} is read by pid {watcher.pid}: {watcher.what}, which does not give way",
        hint=f"is it stopped (Ctrl-Z)? continue it with fg, or end it: kill {watcher.pid}",
    )


def watched_error(board: Wanted, watcher: Holder | None) -> BusyError:
    """Return the refusal of a second monitor lease."""
    who = f"pid {watcher.pid}: {watcher.what}" if watcher else "another monitor"
    return BusyError(f"board {board.called} is read by {who}", hint="read along with it, or end it")


def _words(seat: Seat) -> str:
    name = seat.wanted.called
    if seat.yielding_ns is not None:
        who = f"pid {seat.watcher.pid} {seat.watcher.what}" if seat.watcher else "a monitor"
        return f"{name}: {who} gives way"
    place = f"{len(seat.ahead)} ahead" if seat.ahead else "next in line"
    held = f", held by pid {seat.holder.pid} {seat.holder.what}" if seat.holder else ""
    return f"{name}: {place}{held}"


def _by(holder: Holder | None) -> str:
    return f"by pid {holder.pid}: {holder.what}" if holder else "by another process"

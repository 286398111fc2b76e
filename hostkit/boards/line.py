"""The line of those who wait for a board: first come, first served, and the dead are stepped over."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hostkit.boards.holder import STALE_S, Holder, read_holder, silent_s
from hostkit.clock import Clock
from hostkit.files import atomic_write, disk_error


@dataclass(frozen=True, slots=True)
class Ticket:
    """One place in a line; ``token`` tells apart two that came at the same moment."""

    number: int
    token: str
    who: Holder

    @property
    def order(self) -> tuple[int, str]:
        """What the line is sorted by."""
        return self.number, self.token

    @property
    def file(self) -> str:
        """Name of the ticket's file."""
        return f"{self.number:08d}-{self.token}"


def next_number(taken: Iterable[int]) -> int:
    """Return the number of who comes now: above every number that is still in line."""
    return max(taken, default=0) + 1


def in_line(tickets: Iterable[Ticket], lives: Callable[[Ticket], bool]) -> tuple[Ticket, ...]:
    """Return those who still wait, in the order in which they are served."""
    return tuple(sorted((each for each in tickets if lives(each)), key=lambda each: each.order))


def ahead_of(mine: Ticket | None, line: Iterable[Ticket]) -> tuple[Ticket, ...]:
    """Return who of a line is served before ``mine``; before somebody without a ticket everybody is."""
    return tuple(each for each in line if mine is None or each.order < mine.order)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as files, one a ticket. It gives order, never the board: that is the lock's."""

    directory: Path
    clock: Clock
    _read_before: dict[str, Ticket] = field(default_factory=dict)  # a ticket never changes

    def join(self, what: str) -> Ticket:
        """Take a ticket at the end of the line; it counts while this process runs."""
        token = secrets.token_hex(8)
        number = next_number(int(name.split("-")[0]) for name in self._names())
        ticket = Ticket(number, token, Holder.here(what, self.clock, token))
        atomic_write(self.directory / ticket.file, ticket.who.line(), mode=0o600, durable=False)
        return ticket

    def waiting(self) -> tuple[Ticket, ...]:
        """Return who waits, first in line first. The tickets of the dead are removed on the way."""
        tickets = self._tickets()
        line = in_line(tickets, self._lives)
        if len(line) < len(tickets):
            for ticket in set(tickets) - set(line):
                self.leave(ticket)
        return line

    def before(self, mine: Ticket) -> tuple[Ticket, ...] | None:
        """Return who is served before ``mine``, None when that ticket is gone. Cheap: of the dead only those
        at the head of the line are found; they are removed."""
        tickets = sorted(self._tickets(), key=lambda each: each.order)
        if mine not in tickets:
            return None
        ahead = ahead_of(mine, tickets)
        while ahead and not self._lives(ahead[0]):
            self.leave(ahead[0])
            ahead = ahead[1:]
        return ahead

    def leave(self, ticket: Ticket) -> None:
        """Give a ticket back; a second time does nothing."""
        try:
            (self.directory / ticket.file).unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.directory) from error

    def beat(self, ticket: Ticket) -> None:
        """Say that who waits still lives."""
        with suppress(OSError):
            os.utime(self.directory / ticket.file)

    def _tickets(self) -> list[Ticket]:
        names = self._names()
        for name in self._read_before.keys() - names:
            del self._read_before[name]
        return [ticket for name in names if (ticket := self._read(name)) is not None]

    def _names(self) -> list[str]:
        try:
            names = os.listdir(self.directory)  # noqa: PTH208 - five times as fast, and asked all the time
        except FileNotFoundError:
            return []
        except OSError as error:
            raise disk_error(error, self.directory) from error
        for name in names:
            if name.startswith("."):  # staged by somebody who may have died over it
                self._sweep(self.directory / name)
        return [name for name in names if name.split("-")[0].isdigit()]

    def _read(self, name: str) -> Ticket | None:
        if name in self._read_before:
            return self._read_before[name]
        number, _, token = name.partition("-")
        who = read_holder(self.directory / name)
        if who is None:  # gone meanwhile; or not ours, as a ticket appears whole
            self._sweep(self.directory / name)
            return None
        return self._read_before.setdefault(name, Ticket(int(number), token, who))

    def _lives(self, ticket: Ticket) -> bool:
        if ticket.who.alive:
            return True
        return ticket.who.lives(silent_s(self.directory / ticket.file, self.clock))

    def _sweep(self, path: Path) -> None:
        if silent_s(path, self.clock) > STALE_S:
            with suppress(OSError):
                path.unlink()

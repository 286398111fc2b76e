"""The line of waiters: order, places and the dead, as a state machine against a plain list."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from hostkit.boards.holder import STALE_S, Holder
from hostkit.boards.line import Line, Ticket, ahead_of, in_line, next_number
from hostkit.clock import SystemClock
from hostkit.testing.clock import FakeClock

NOBODY = Holder(1, 1, "boot", "", 0)
DEAD_PID = 2**22 + 1  # above the kernel's largest


class Waiting(RuleBasedStateMachine):
    """Tickets as files would be: a set in no order; the model is the list of arrivals."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.files: set[Ticket] = set()
        self.dead: set[Ticket] = set()
        self.model: list[Ticket] = []

    def line(self) -> tuple[Ticket, ...]:
        return in_line(self.files, lambda ticket: ticket not in self.dead)

    @rule(target=tickets, token=st.text("0123456789abcdef", min_size=4, max_size=4))
    def arrive(self, token: str) -> Ticket:
        ticket = Ticket(next_number(each.number for each in self.files), token, NOBODY)
        assert ticket not in self.files
        self.files.add(ticket)
        self.model.append(ticket)
        return ticket

    @rule(ticket=consumes(tickets))
    def give_up_or_be_served(self, ticket: Ticket) -> None:
        self.files.discard(ticket)
        if ticket in self.model:
            self.model.remove(ticket)

    @rule(ticket=consumes(tickets))
    def die(self, ticket: Ticket) -> None:
        self.dead.add(ticket)
        if ticket in self.model:
            self.model.remove(ticket)

    @rule()
    def sweep(self) -> None:
        self.files -= self.dead
        self.dead.clear()

    @rule()
    def serve_the_first(self) -> None:
        if self.model:
            assert self.line()[0] == self.model[0]

    @invariant()
    def places_are_those_of_the_list(self) -> None:
        line = self.line()
        assert list(line) == self.model
        for place, ticket in enumerate(self.model):
            assert len(ahead_of(ticket, line)) == place
        assert ahead_of(None, line) == line  # who has no ticket overtakes nobody


Waiting.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestWaiting = Waiting.TestCase


def line_of(tmp_path: Path) -> Line:
    return Line(tmp_path / "line", SystemClock())


def put(line: Line, number: int, who: Holder, *, silent_s: float = 0.0) -> Path:
    """Write a ticket as another process would have."""
    path = line.directory / Ticket(number, "cafe", who).file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(who.line())
    then = line.clock.wall_ns() / 1e9 - silent_s
    os.utime(path, (then, then))
    return path


def test_who_joins_is_seen_by_another_process_as_last_in_line(tmp_path: Path) -> None:
    first, second = line_of(tmp_path).join("a"), line_of(tmp_path).join("b")
    seen = line_of(tmp_path).waiting()
    assert [ticket.who.what for ticket in seen] == ["a", "b"]
    assert line_of(tmp_path).before(second) == (first,)
    assert line_of(tmp_path).before(first) == ()


def test_who_leaves_is_in_line_no_more_and_leaving_twice_does_nothing(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    ticket = line.join("a")
    line.leave(ticket)
    line.leave(ticket)
    assert line.waiting() == ()
    assert line.before(ticket) is None


def test_the_dead_are_stepped_over_and_their_tickets_removed(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    alive = line.join("alive")
    dead = replace(alive.who, pid=DEAD_PID)
    path = put(line, 0, dead)
    assert line.before(alive) == ()
    assert not path.exists()
    path = put(line, alive.number + 1, dead)
    assert line.waiting() == (alive,)
    assert not path.exists()


def test_a_waiter_of_another_host_lives_as_long_as_its_ticket_is_renewed(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    mine = line.join("mine")
    there = replace(mine.who, boot="another boot")
    put(line, 0, there, silent_s=STALE_S / 2)
    assert len(line.before(mine) or ()) == 1
    path = put(line, 0, there, silent_s=STALE_S * 2)
    assert line.before(mine) == ()
    assert not path.exists()


def test_a_beat_renews_the_ticket(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    ticket = line.join("a")
    path = line.directory / ticket.file
    os.utime(path, (0, 0))
    line.beat(ticket)
    assert path.stat().st_mtime > 0


def test_rubbish_in_the_directory_of_a_line_is_nobody_and_goes_when_it_is_old(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    line.join("a")
    names = ["00000000-rubbish", ".00000009-staged.x1", "no-ticket"]
    for name in names:
        (line.directory / name).write_bytes(b"{")
    assert len(line.waiting()) == 1
    assert all((line.directory / name).exists() for name in names)
    for name in names:
        os.utime(line.directory / name, (0, 0))
    assert len(line.waiting()) == 1
    assert [(line.directory / name).exists() for name in names] == [False, False, True]


def test_a_ticket_is_for_its_user_alone(tmp_path: Path) -> None:
    line = Line(tmp_path / "line", FakeClock())
    assert (line.directory / line.join("a").file).stat().st_mode & 0o077 == 0

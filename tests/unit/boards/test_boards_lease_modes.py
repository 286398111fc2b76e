"""Waiting in line, giving way, and locks that outlive their holders."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.holder import STALE_S, Holder
from hostkit.boards.lease import BusyError, Lease, LeaseOffice, Wanted
from hostkit.boards.line import Line
from hostkit.boards.locks import Heartbeat
from hostkit.clock import SystemClock
from hostkit.testing.clock import FakeClock

DEAD_PID = 2**22 + 1  # above the kernel's largest


class ActingClock(FakeClock):
    """Does something in the given number of the sleeps of who waits."""

    def __init__(self, acts: dict[int, Callable[[], object]]) -> None:
        super().__init__()
        self.acts = acts

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if act := self.acts.get(len(self.slept)):
            act()


def office_with(tmp_path: Path, clock: FakeClock | SystemClock | None = None) -> LeaseOffice:
    return LeaseOffice(tmp_path / "leases", clock or FakeClock())


def test_who_waits_is_told_its_place_and_the_holder_by_the_boards_name(tmp_path: Path) -> None:
    clock = ActingClock({})
    office = office_with(tmp_path, clock)
    held = office.take("x", "hostkit gate -e virtual")
    line = Line(tmp_path / "leases" / "x.line", clock)
    ahead = [line.join("one"), line.join("two")]
    clock.acts |= {90: lambda: line.leave(ahead[0]), 120: lambda: line.leave(ahead[1]), 150: held.close}
    told: list[str] = []
    office.take(Wanted("x", "virt0"), "me", timeout_s=60, tell=told.append).close()
    by = f", held by pid {os.getpid()} hostkit gate -e virtual"
    assert told == [
        f"waiting for virt0: 2 ahead{by}",
        f"waiting for virt0: 1 ahead{by}",
        f"waiting for virt0: next in line{by}",
    ]
    assert office.waiters("x") == ()


def test_nobody_is_overtaken_though_the_board_is_free(tmp_path: Path) -> None:
    clock = ActingClock({})
    office = office_with(tmp_path, clock)
    line = Line(tmp_path / "leases" / "x.line", clock)
    first = line.join("who was there first")
    with pytest.raises(BusyError, match="taken by another process, and 1 waits for it") as caught:
        office.take("x", "me")
    assert "--wait" in caught.value.hint
    clock.acts[len(clock.slept) + 20] = lambda: line.leave(first)
    office.take("x", "me", timeout_s=60).close()


def test_who_gives_up_leaves_the_line(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    with office.take("x", "a"), pytest.raises(BusyError):
        office.take("x", "b", timeout_s=2)
    assert office.waiters("x") == ()


def test_waiters_are_listed_in_order(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    line = Line(tmp_path / "leases" / "x.line", office.clock)
    line.join("one")
    line.join("two")
    assert [ticket.who.what for ticket in office.waiters("x")] == ["one", "two"]


def test_a_ticket_that_was_lost_is_taken_anew(tmp_path: Path) -> None:
    clock = ActingClock({})
    office = office_with(tmp_path, clock)
    held = office.take("x", "a")

    def lose() -> None:
        for path in (tmp_path / "leases" / "x.line").iterdir():
            path.unlink()

    seen: list[int] = []
    clock.acts |= {40: lose, 60: lambda: seen.append(len(office.waiters("x"))), 80: held.close}
    office.take("x", "b", timeout_s=60).close()
    assert seen == [1]


def test_the_first_free_one_of_several_boards_is_taken(tmp_path: Path) -> None:
    clock = ActingClock({})
    office = office_with(tmp_path, clock)
    boards = [Wanted("x", "virt0"), Wanted("y", "virt1")]
    with office.take("x", "gate 1"):
        held = office.take("y", "gate 2")
        with pytest.raises(BusyError) as caught:
            office.take_first(boards, "me")
        assert "every board that fits is taken: virt0 by pid" in caught.value.message
        assert "gate 1; virt1 by pid" in caught.value.message
        clock.acts[len(clock.slept) + 30] = held.close
        index, lease = office.take_first(boards, "me", timeout_s=60)
        lease.close()
    assert index == 1
    assert (office.waiters("x"), office.waiters("y")) == ((), ())


def test_a_child_is_let_through_past_those_who_wait(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    with office.take("x", "parent") as lease:
        Line(tmp_path / "leases" / "x.line", office.clock).join("somebody")
        assert office.take("x", "child", env=lease.environment()).borrowed


def test_a_monitor_gives_way_and_meanwhile_none_comes(tmp_path: Path) -> None:
    clock = ActingClock({})
    office = office_with(tmp_path, clock)
    monitor = office.watch("x", "hostkit monitor")
    assert office.preemptor("x") is None
    watcher = office.watcher("x")
    assert watcher is not None
    assert watcher.what == "hostkit monitor"
    seen: list[Holder | None] = []

    def give_way() -> None:
        seen.append(office.preemptor("x"))
        monitor.close()

    clock.acts[5] = give_way
    with office.take("x", "hostkit flash"):
        assert [each.what for each in seen if each] == ["hostkit flash"]
        with pytest.raises(BusyError, match=r"board virt0 is taken by pid .*: hostkit flash"):
            office.watch(Wanted("x", "virt0"), "hostkit monitor")
        assert office.watcher("x") is None
    office.watch("x", "hostkit monitor").close()


def test_a_monitor_that_does_not_give_way_is_named_and_the_board_is_left(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    with office.watch("x", "hostkit monitor"):
        with pytest.raises(BusyError, match=r"read by pid .*: hostkit monitor, which does not") as caught:
            office.take("x", "hostkit flash")
        assert "Ctrl-Z" in caught.value.hint
        assert office.holder("x") is None


def test_a_second_monitor_lease_is_refused_naming_the_first(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    with office.watch("x", "monitor 1"), pytest.raises(BusyError, match=r"read by pid \d+: monitor 1"):
        office.watch("x", "monitor 2")


def test_an_exclusive_lease_can_become_a_monitors(tmp_path: Path) -> None:
    office = office_with(tmp_path)
    lease = office.take("x", "hostkit monitor --reset")
    lease.to_monitor()
    assert office.holder("x") is None
    assert office.watcher("x") is not None
    lease.close()
    assert office.watcher("x") is None


@pytest.fixture
def stuck(tmp_path: Path) -> Callable[..., int]:
    """A lock of a dead holder that its file system keeps."""
    opened: list[int] = []

    def stuck(office: LeaseOffice, who: Holder, *, silent_s: float, name: str = "x.lock") -> int:
        path = office.directory / name
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        opened.append(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, who.line())
        then = office.clock.wall_ns() / 1e9 - silent_s
        os.utime(path, (then, then))
        return descriptor

    return stuck


def here(lease: Lease) -> Holder:
    return Holder.here("a gate", FakeClock(), lease.token)


@pytest.mark.parametrize("name", ["x.lock", "x.watch"])
@pytest.mark.parametrize("change", [{"pid": DEAD_PID}, {"start_ticks": 1}, {"boot": "an earlier boot"}])
def test_a_lock_that_outlived_its_holder_is_taken_from_it(
    tmp_path: Path, stuck: Callable[..., int], change: dict[str, object], name: str
) -> None:
    office = office_with(tmp_path)
    who = replace(Holder.here("a gate", office.clock, "t"), **change)  # type: ignore[arg-type]
    stuck(office, who, silent_s=STALE_S + 1, name=name)
    assert office.holder("x") is None
    with office.take("x", "me"):
        holder = office.holder("x")
        assert holder is not None
        assert holder.what == "me"
        with pytest.raises(BusyError, match=r"taken by pid .*: me"):
            office.take("x", "another")


@pytest.mark.parametrize(
    ("change", "silent_s"),
    [
        ({"pid": DEAD_PID}, STALE_S - 1),  # its child may have the board still
        ({"boot": "another host's"}, STALE_S - 1),  # it beats
        ({}, STALE_S + 100),  # it lives, and was only not scheduled
    ],
)
def test_a_lock_whose_holder_may_live_is_left_to_it(
    tmp_path: Path, stuck: Callable[..., int], change: dict[str, object], silent_s: float
) -> None:
    office = office_with(tmp_path)
    who = replace(Holder.here("a gate", office.clock, "t"), **change)  # type: ignore[arg-type]
    stuck(office, who, silent_s=silent_s)
    with pytest.raises(BusyError):
        office.take("x", "me")


def test_a_held_lock_is_renewed_as_long_as_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.utime(path, (0, 0))
    heart = Heartbeat(every_s=0.001)
    heart.keep(descriptor)
    beaten = threading.Event()
    for _ in range(10_000):
        if path.stat().st_mtime > 0:
            beaten.set()
            break
        beaten.wait(0.001)
    assert beaten.is_set()
    heart.drop(descriptor)
    os.utime(path, (0, 0))
    for _ in range(20):
        beaten.clear()
        beaten.wait(0.001)
    assert path.stat().st_mtime == 0
    os.close(descriptor)

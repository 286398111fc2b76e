from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hostkit.boards.lease import TOKEN_VARIABLE, BusyError, Holder, LeaseOffice
from hostkit.errors import ExitCode
from hostkit.process import boot_id, process_start_ticks
from hostkit.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def office(tmp_path: Path, clock: FakeClock) -> LeaseOffice:
    return LeaseOffice(tmp_path / "leases", clock)


def test_a_free_board_is_taken_and_its_holder_is_known(office: LeaseOffice) -> None:
    with office.take("240ac4010203", "hostkit gate"):
        holder = office.holder("240ac4010203")
        assert holder is not None
        assert (holder.pid, holder.what, holder.since) == (os.getpid(), "hostkit gate", 1_700_000_000)
        assert holder.alive


def test_a_board_that_nobody_ever_took_has_no_holder(office: LeaseOffice) -> None:
    assert office.holder("x") is None


def test_a_taken_board_is_refused_naming_pid_and_command(office: LeaseOffice) -> None:
    with office.take("x", "hostkit gate -b virt0"), pytest.raises(BusyError) as caught:
        office.take("x", "hostkit flash")
    assert f"taken by pid {os.getpid()}: hostkit gate -b virt0" in caught.value.message
    assert f"kill {os.getpid()}" in caught.value.hint
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE


def test_another_board_is_another_lease(office: LeaseOffice) -> None:
    with office.take("x", "a"), office.take("y", "b"):
        assert office.holder("x") != office.holder("y")


def test_a_closed_lease_is_free_and_closing_twice_does_nothing(office: LeaseOffice) -> None:
    lease = office.take("x", "a")
    lease.close()
    lease.close()
    assert office.holder("x") is None
    office.take("x", "b").close()


def test_waiting_gives_up_after_the_time_out_and_says_how_long(office: LeaseOffice, clock: FakeClock) -> None:
    with office.take("x", "a"), pytest.raises(BusyError, match="waited 2 s"):
        office.take("x", "b", timeout_s=2)
    assert 2 <= clock.monotonic_ns() / 1e9 < 2.2


def test_waiting_ends_when_the_holder_does(tmp_path: Path) -> None:
    clock = FakeClock()
    office = LeaseOffice(tmp_path, clock)
    held = office.take("x", "a")
    before = clock.sleep

    def sleep(seconds: float) -> None:
        before(seconds)
        if len(clock.slept) == 3:
            held.close()

    clock.sleep = sleep  # type: ignore[method-assign]
    office.take("x", "b", timeout_s=60).close()
    assert len(clock.slept) == 3


def test_a_child_with_the_token_is_let_through(office: LeaseOffice) -> None:
    with office.take("x", "parent") as lease:
        env = lease.environment()
        assert list(env) == [TOKEN_VARIABLE]
        child = office.take("x", "child", env=env)
        assert child.borrowed
        child.close()
        holder = office.holder("x")
        assert holder is not None
        assert holder.what == "parent"


def test_a_wrong_token_lets_nobody_through(office: LeaseOffice) -> None:
    with office.take("x", "parent"):
        for token in ("", "guess"):
            with pytest.raises(BusyError):
                office.take("x", "child", env={TOKEN_VARIABLE: token})


def test_the_token_of_one_board_does_not_open_another(office: LeaseOffice) -> None:
    with office.take("x", "a") as lease, office.take("y", "b"), pytest.raises(BusyError):
        office.take("y", "c", env=lease.environment())


def test_the_token_is_not_told_to_who_is_refused(office: LeaseOffice) -> None:
    with office.take("x", "a") as lease, pytest.raises(BusyError) as caught:
        office.take("x", "b")
    assert lease.token not in str(caught.value)


def test_the_record_is_readable_by_its_owner_only(office: LeaseOffice, tmp_path: Path) -> None:
    with office.take("x", "a"):
        assert (tmp_path / "leases" / "x.lock").stat().st_mode & 0o077 == 0


def test_rubbish_in_a_lock_file_is_nobody(office: LeaseOffice, tmp_path: Path) -> None:
    office.take("x", "a").close()
    (tmp_path / "leases" / "x.lock").write_text("{rubbish")
    office.take("x", "b").close()


def test_a_holder_whose_process_is_another_one_now_is_dead() -> None:
    ticks = process_start_ticks(os.getpid())
    assert ticks is not None
    assert Holder(os.getpid(), ticks, boot_id(), "", 0).alive
    assert not Holder(os.getpid(), ticks + 1, boot_id(), "", 0).alive
    assert not Holder(os.getpid(), ticks, "another boot", "", 0).alive


def test_the_record_has_no_more_than_it_says(office: LeaseOffice, tmp_path: Path) -> None:
    with office.take("x", "a"):
        record = json.loads((tmp_path / "leases" / "x.lock").read_text())
    assert set(record) == {"pid", "start_ticks", "boot", "what", "since", "token"}

"""What every Clock promises."""

from __future__ import annotations

import pytest

from hostkit.clock import Clock, SystemClock
from hostkit.testing.clock import FakeClock


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_sleep_lets_at_least_that_much_time_pass(clock: Clock) -> None:
    before = clock.monotonic_ns()
    clock.sleep(0.002)
    assert clock.monotonic_ns() - before >= 2_000_000


def test_sleep_of_nothing_or_less_returns(clock: Clock) -> None:
    clock.sleep(0)
    clock.sleep(-1)
    assert clock.monotonic_ns() >= 0


def test_wall_time_is_after_this_program_was_written(clock: Clock) -> None:
    assert clock.wall_ns() > 1_600_000_000_000_000_000


def test_a_jump_moves_only_the_wall_clock() -> None:
    clock = FakeClock()
    wall = clock.wall_ns()
    clock.jump(-5)
    assert clock.wall_ns() == wall - 5_000_000_000
    assert clock.monotonic_ns() == 0


def test_a_fake_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)

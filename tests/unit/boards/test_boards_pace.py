from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.simulated.pace import Pace

MS = 16_000
TICKS = st.integers(0, 10**12)


def test_a_board_that_is_as_fast_as_its_host_sleeps_as_long_as_it_says() -> None:
    pace = Pace(1000)
    assert pace.wake(0, 20 * MS, 1000) == (0, 20 * MS)
    assert pace.wake(0, 20 * MS, 1000 + 5 * MS) == (5 * MS, 15 * MS)
    assert pace.wake(0, 20 * MS, 1000 + 20 * MS) == (20 * MS, 0)


def test_a_board_that_is_behind_skips_its_sleep() -> None:
    pace = Pace(0)
    assert pace.wake(2 * MS, 12 * MS, 30 * MS) == (12 * MS, 0)


def test_what_it_is_behind_is_forgotten_after_a_while() -> None:
    pace = Pace(0)
    assert pace.wake(0, 100 * MS, 60_000 * MS) == (50 * MS, 50 * MS)
    assert pace.wake(50 * MS, 100 * MS, 60_050 * MS) == (100 * MS, 0)


@given(base=TICKS, now=TICKS, sleep=TICKS, host=TICKS)
def test_time_never_goes_back_nor_beyond_what_was_asked(base: int, now: int, sleep: int, host: int) -> None:
    then, rest = Pace(base).wake(now, now + sleep, base + host)
    assert now <= then <= now + sleep
    assert rest == now + sleep - then if rest else then == now + sleep

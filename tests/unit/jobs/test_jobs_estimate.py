"""When a waiting job will begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.jobs.estimate import UNKNOWN_S, start_in_s, typical_s

SECONDS = st.floats(0, 1000)


def test_one_board_serves_one_after_the_other() -> None:
    assert start_in_s(ahead=[20, 30], running=[5], servers=1) == 55


def test_two_boards_share_those_ahead() -> None:
    assert start_in_s(ahead=[20, 30], running=[5, 10], servers=2) == 25


def test_a_free_board_means_now_and_none_means_never() -> None:
    assert start_in_s([], [5], 2) == 0
    assert start_in_s([], [], 0) == float("inf")


def test_what_took_longer_than_usual_is_due_any_moment() -> None:
    assert start_in_s([], [-30], 1) == 0


def test_what_nobody_knows_makes_only_that_unknown_which_rests_on_it() -> None:
    assert start_in_s([UNKNOWN_S], [5], 1) == UNKNOWN_S
    assert start_in_s([UNKNOWN_S], [5], 2) == 5
    assert start_in_s([], [UNKNOWN_S], 2) == 0


@given(st.lists(SECONDS), st.lists(SECONDS, max_size=4), st.integers(1, 4))
def test_another_server_never_delays_and_another_before_one_never_hastens(
    ahead: list[float], running: list[float], servers: int
) -> None:
    now = start_in_s(ahead, running, servers)
    assert start_in_s(ahead, running, servers + 1) <= now + 1e-6
    assert start_in_s([*ahead, 1.0], running, servers) >= now - 1e-6


def test_the_median_stands_for_the_past() -> None:
    assert typical_s([1, 100, 3]) == 3
    assert typical_s([]) == UNKNOWN_S

"""A board that fails again and again is left alone, then asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.jobs.breaker import COOL_S, FAULTS, LONGEST_S, Breaker, Circuit

SECOND = 1_000_000_000
NOW = 10**18


def broken(times: int = FAULTS, at_ns: int = NOW) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker = breaker.after_fault(at_ns)
    return breaker


def test_it_takes_several_faults_in_a_row() -> None:
    assert broken(FAULTS - 1).circuit(NOW) is Circuit.CLOSED
    assert broken(FAULTS).circuit(NOW) is Circuit.OPEN
    assert broken(FAULTS - 1).after_good().after_fault(NOW).circuit(NOW) is Circuit.CLOSED


def test_after_a_while_the_board_is_asked_first() -> None:
    assert broken().circuit(NOW + round((COOL_S - 1) * SECOND)) is Circuit.OPEN
    assert broken().circuit(NOW + round((COOL_S + 1) * SECOND)) is Circuit.HALF_OPEN


def test_a_good_probe_closes_it_and_a_bad_one_doubles_the_pause() -> None:
    later = NOW + round(2 * COOL_S * SECOND)
    assert broken().after_good() == Breaker()
    again = broken().after_fault(later)
    assert again.circuit(later + round((COOL_S + 1) * SECOND)) is Circuit.OPEN
    assert again.circuit(later + round((2 * COOL_S + 1) * SECOND)) is Circuit.HALF_OPEN


@given(st.integers(0, 100))
def test_the_pause_never_grows_past_its_limit(more: int) -> None:
    assert COOL_S <= broken(FAULTS + more).cool_s <= LONGEST_S


@given(st.integers(1, 10**18))
def test_a_clock_that_was_set_back_does_not_keep_a_board_away(back_ns: int) -> None:
    assert broken().circuit(NOW - back_ns) is Circuit.HALF_OPEN


@given(st.lists(st.booleans(), max_size=30))
def test_an_open_circuit_has_seen_enough_faults_since_the_last_good_end(ends: list[bool]) -> None:
    breaker, faults = Breaker(), 0
    for good in ends:
        breaker = breaker.after_good() if good else breaker.after_fault(NOW)
        faults = 0 if good else faults + 1
        assert breaker.faults == faults
        assert (breaker.circuit(NOW) is Circuit.CLOSED) == (faults < FAULTS)

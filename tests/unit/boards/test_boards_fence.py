"""An attempt that wakes up too late is kept from the board."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.fence import FENCE_VARIABLE, Fence, FencedOffError, fence_words, number_in
from hostkit.boards.lease import LeaseOffice
from hostkit.clock import SystemClock
from hostkit.errors import ExitCode

BOARD = "02686b000000"


def test_only_the_attempt_with_the_highest_number_gets_the_lease(tmp_path: Path) -> None:
    office, fence = LeaseOffice(tmp_path, SystemClock()), Fence(tmp_path)
    fence.raise_to(BOARD, 6)
    office.take(BOARD, "hostkit gate", env=fence_words({BOARD: 6})).close()
    fence.raise_to(BOARD, 7)
    with pytest.raises(FencedOffError, match="has lease 6 of the board, and lease 7 was given") as caught:
        office.take(BOARD, "hostkit gate", env=fence_words({BOARD: 6}))
    assert caught.value.exit_code == ExitCode.INCONCLUSIVE
    assert "hostkit queue list" in caught.value.hint
    assert office.holder(BOARD) is None
    office.take(BOARD, "hostkit gate", env=fence_words({BOARD: 7})).close()


def test_a_command_by_hand_and_another_board_know_nothing_of_it(tmp_path: Path) -> None:
    office = LeaseOffice(tmp_path, SystemClock())
    Fence(tmp_path).raise_to(BOARD, 7)
    office.take(BOARD, "hostkit flash", env={}).close()
    office.take("other", "hostkit flash", env=fence_words({BOARD: 1})).close()


def test_an_attempt_with_several_boards_says_the_number_of_each() -> None:
    numbers = {BOARD: 7, "serial-desk": 3}
    assert number_in(fence_words(numbers)) == numbers


def test_the_number_never_falls(tmp_path: Path) -> None:
    fence = Fence(tmp_path / "new")
    for number in (3, 9, 4):
        fence.raise_to(BOARD, number)
    assert fence.highest(BOARD) == 9


def test_a_file_that_cannot_be_read_keeps_everybody_away_and_says_so(tmp_path: Path) -> None:
    (tmp_path / f"{BOARD}.generation").write_text("seven")
    with pytest.raises(FencedOffError, match="does not say who may use the board") as caught:
        Fence(tmp_path).check(BOARD, fence_words({BOARD: 8}))
    assert "remove that file" in caught.value.hint


@given(st.text(st.characters(codec="ascii")))
def test_an_environment_that_makes_no_sense_says_nothing(words: str) -> None:
    assert all(isinstance(number, int) for number in number_in({FENCE_VARIABLE: words}).values())

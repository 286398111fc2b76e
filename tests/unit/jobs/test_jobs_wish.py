"""Which boards a job may use, and the error for a board that nobody has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.errors import UsageError
from hostkit.jobs.wish import Wish, find_fitting, line_name, parse_wish

VIRT0 = BoardSpec("virt0", Kind.VIRTUAL, Chip.ESP32, "02:00:00:00:00:00")
VIRT1 = BoardSpec("virt1", Kind.VIRTUAL, Chip.ESP32, "02:00:00:00:00:01")
DESK = BoardSpec("desk", Kind.SERIAL, Chip.ESP32S3, "24:00:00:00:00:01", labels=("desk", "leds"))
BOARDS = (VIRT0, VIRT1, DESK)


def names(text: str) -> list[str]:
    return [spec.name for spec in find_fitting(parse_wish(text), BOARDS)]


def test_a_board_is_asked_for_by_name_by_what_is_true_of_it_or_not_at_all() -> None:
    assert names("virt1") == ["virt1"]
    assert names("chip=esp32") == ["virt0", "virt1"]
    assert names("chip=esp32s3, label=leds") == ["desk"]
    assert names("fidelity=board") == ["desk"]
    assert names("any") == ["virt0", "virt1", "desk"]
    assert names("desk, virt0") == ["desk", "virt0"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("virt2", "nobody has a board virt2", "did you mean virt"),
        ("virt0,virt2", "nobody has a board virt2", "did you mean virt"),
        (
            "virt0 virt1",
            "nobody has a board virt0 virt1",
            "several boards are named with commas: virt0,virt1",
        ),
        (",", "nobody has a board ,", "boards.toml has"),
        ("chip=esp32c3", "nobody has a board chip=esp32c3", "boards.toml has: virt0, virt1, desk"),
        ("chp=esp32", "'chp=esp32' says nothing of a board", "did you mean chip=…"),
        ("chip=", "'chip=' says nothing of a board", "did you mean chip"),
        ("fidelity=high", "'high' is no fidelity", "virtual, simulated, board"),
    ],
)
def test_a_board_that_nobody_has_is_an_error_with_a_way_out(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        names(text)
    assert hint in caught.value.hint


def test_a_wish_can_be_narrowed_unless_it_names_the_board() -> None:
    assert str(parse_wish("any").narrowed(("chip", "esp32"), ("profile", ""))) == "chip=esp32"
    assert str(parse_wish("desk").narrowed(("chip", "esp32"))) == "desk"


@given(st.lists(st.tuples(st.sampled_from(["chip", "label", "profile"]), st.text("abc-1", min_size=1))))
def test_what_is_written_is_read_again(words: list[tuple[str, str]]) -> None:
    wish = Wish(words=tuple(words))
    assert parse_wish(str(wish)) == wish


def test_a_line_has_one_name_whatever_a_checkout_calls_its_boards() -> None:
    other = BoardSpec("left", Kind.VIRTUAL, Chip.ESP32, VIRT0.mac)
    assert line_name([VIRT0, VIRT1]) == line_name([VIRT1, other])


def test_who_names_several_boards_needs_all_of_them_in_that_order_and_stands_in_a_line_of_its_own() -> None:
    wish = parse_wish("virt1,virt0")
    assert (wish.together, str(wish)) == (True, "virt1,virt0")
    assert not parse_wish("virt0,").together
    assert not parse_wish("any").together
    both = line_name([VIRT1, VIRT0], together=True)
    assert both == line_name([VIRT0, VIRT1], together=True)
    assert both != line_name([VIRT0, VIRT1])

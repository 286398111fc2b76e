"""Odd parameters: both kinds, of all sorts, and how they are asked."""

import math

import pytest

from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.oddities import MOST_NAMES, Oddity, ask_oddly, oddities
from hostkit.link.framing import Reason
from hostkit.link.messages import Nak, Op, Status
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard
from hostkit.testing.hil_flaws import Flaws

EVERY = [
    oddity for pattern in PATTERNS.values() for seed in (1, 2, 3) for oddity in oddities(pattern, seed, 24)
]


@pytest.fixture
def link():
    board = ModelBoard(FakeClock())
    link = board.open_link()
    link.hello()
    return link


def int64(value):
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def name(key):
    return (
        isinstance(key, str) and 1 <= len(key) <= 16 and key.isascii() and all("!" <= c <= "~" for c in key)
    )


def test_what_must_be_refused_is_what_no_firmware_could_clamp():
    for oddity in EVERY:
        fine = all(map(name, oddity.params)) and all(map(int64, oddity.params.values()))
        assert oddity.refused != (fine and len(oddity.params) <= MOST_NAMES), str(oddity)


def test_every_sort_of_oddity_comes_up():
    refused = [value for oddity in EVERY if oddity.refused for value in oddity.params.values()]
    assert {type(value) for value in refused} >= {float, bool, type(None), str, bytes, list, dict, int}
    assert any(isinstance(value, float) and math.isnan(value) for value in refused)
    assert any(isinstance(value, int) and value >= 1 << 63 for value in refused)
    assert any(isinstance(value, int) and value < -(1 << 63) for value in refused)
    assert any(len(oddity.params) == MOST_NAMES + 1 for oddity in EVERY)
    assert any(not isinstance(key, str) for oddity in EVERY for key in oddity.params)
    clamped = [value for oddity in EVERY if not oddity.refused for value in oddity.params.values()]
    assert (1 << 63) - 1 in clamped
    assert -(1 << 63) in clamped
    assert any("no-such" in oddity.params for oddity in EVERY if not oddity.refused)


def test_the_same_seed_draws_the_same_and_another_does_not():
    comet = PATTERNS["comet"]
    assert list(map(str, oddities(comet, 5, 24))) == list(map(str, oddities(comet, 5, 24)))
    assert list(map(str, oddities(comet, 5, 24))) != list(map(str, oddities(comet, 6, 24)))


def test_an_oddity_of_many_names_is_shown_shortened():
    shown = str(Oddity({f"name-{number}": number for number in range(25)}, refused=True))
    assert len(shown) < 230
    assert shown.endswith("... (25 names)")


def test_a_plain_question_gets_its_own_reply(link):
    answer = ask_oddly(link, Op.CONFIGURE, ("solid", 0, {"colour": -5}))
    assert answer.status is Status.OK
    assert answer.body == [{"colour": 0}, ["colour"]]


def test_a_float_reaches_the_board(link):
    answer = ask_oddly(link, Op.STEP, (math.nan,))
    assert isinstance(answer, Nak)
    assert answer.reason is Reason.BAD_CBOR


def test_silence_is_no_answer():
    flaws = Flaws()
    board = ModelBoard(FakeClock(), flaws)
    link = board.open_link()
    link.hello()
    board.firmware.mute = True
    assert ask_oddly(link, Op.STEP, (1,)) is None

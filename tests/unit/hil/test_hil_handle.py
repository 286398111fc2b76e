"""The board as a test sees it: what a slow one leaves out, and that it is written down."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.album import SAMPLE, Album, Camera
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.handle import BoardHandle
from hostkit.hil.picture import read_picture
from hostkit.hil.scene import Scene
from hostkit.hil.session import Expectation, HilSession
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard, ModelOpener


@pytest.fixture(scope="module")
def session():
    board = ModelBoard(FakeClock())
    session = HilSession(lambda: ModelOpener(board), Expectation("model"))
    yield session
    session.close()


def handle(session, frames, test="", notes=None):
    session.board.spec = replace(session.board.spec, frames=frames)

    def measure(name, value, unit):
        if notes is not None:
            notes[name] = value

    return BoardHandle(session, session.link, PATTERNS, Camera(test=test), measure)


def test_a_board_tries_every_case_and_notes_nothing(session):
    notes = {}
    assert handle(session, 0, notes=notes).some(range(30), 3) == tuple(range(30))
    assert notes == {}


def test_a_slow_board_tries_few_cases_of_many_and_says_how_many(session):
    notes = {}
    assert len(handle(session, 6, notes=notes).some(range(30), 3)) == 3
    assert notes == {"cases tried": 3, "cases there are": 30}


def test_a_slow_board_tries_all_where_there_are_few(session):
    notes = {}
    assert handle(session, 6, notes=notes).some("ab", 2) == ("a", "b")
    assert notes == {}


@given(test=st.text(max_size=8), count=st.integers(3, 200), most=st.integers(1, 3))
def test_the_cases_of_a_slow_board_are_different_ones_in_order_and_the_same_again(session, test, count, most):
    board = handle(session, 6, test)
    tried = board.some(range(count), most)
    assert len(set(tried)) == most
    assert list(tried) == sorted(tried)
    assert tried == board.some(range(count), most)


def test_other_tests_try_other_cases(session):
    tried = {handle(session, 6, f"test_{number}").some(range(20), 1) for number in range(60)}
    assert len(tried) > 15


def test_only_pulse_and_bloom_keep_a_state(session):
    board = handle(session, 0)
    assert [name for name in PATTERNS if board.keeps_state(name)] == ["pulse", "bloom"]


def test_of_a_pattern_the_first_right_scene_that_is_a_portrait_is_the_picture(session, tmp_path):
    told = []
    camera = Camera(Album(tmp_path / "pictures"), "t", told.append)
    board = BoardHandle(session, session.fresh(), PATTERNS, camera, print)
    corner, typical = Scene("solid", {"colour": 0}, count=SAMPLE), Scene("solid", count=SAMPLE)
    board.must_draw(corner, portrait=False)
    assert told == []
    board.must_draw(typical)
    assert told == ["pictures/solid.json"]
    assert read_picture(tmp_path / "pictures" / "solid.json").scene == str(typical)

"""Several runs of pytest that share a suite: each test is taken once, and what is of a board by each."""

from __future__ import annotations

import threading

import pytest

from hostkit.errors import ToolError
from hostkit.hil.observations import read_observations
from hostkit.hil.share import Share
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBench, ModelBoard

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.fixture(scope="module")
def costly():
    print("<prepared>")
    yield 1
    print("<cleared>")

@pytest.mark.every_board
@pytest.mark.rung("booted")
def test_who(board):
    assert board.identity.build

@pytest.mark.rung("linked")
@pytest.mark.parametrize("number", range(6))
def test_number(link, costly, number):
    assert number != {bad}

@pytest.mark.every_board
@pytest.mark.rung("linked")
def test_last(link):
    pass
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Inner runs load this plugin and no other: pytester imports them all anew every time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


@pytest.fixture
def run(pytester, tmp_path, folder):
    """Run the suite with what is left in the folder; return pytest's result and what was observed."""

    def _run(name="a", bad=None, share=folder):
        pytester.makepyfile(test_suite=SUITE.format(bad=bad))
        path = tmp_path / f"{name}.jsonl"
        result = pytester.runpytest_inprocess(
            "--board=model",
            f"--observations={path}",
            f"--share={share}",
            "-s",
            "-p",
            "hostkit.hil.plugin",
            plugins=[ModelBench(ModelBoard(FakeClock(), build="0123456789abcdef" * 4))],
        )
        return result, read_observations(path) if path.exists() else None

    return _run


def test_who_comes_alone_runs_everything_and_says_of_which_suite(run):
    result, seen = run()
    result.assert_outcomes(passed=8)
    assert [test.test.rsplit("::")[-1] for test in seen.tests] == [
        "test_who",
        *(f"test_number[{number}]" for number in range(6)),
        "test_last",
    ]
    assert (seen.collected, seen.left_out, seen.every_board, len(seen.tests_sha256)) == (8, 0, 2, 64)
    assert seen.summary.exit_code == 0


def test_what_was_taken_is_left_to_its_taker_and_what_is_of_a_board_runs_all_the_same(run, folder):
    for place in (1, 2, 5):
        (folder / str(place)).touch()
    result, seen = run()
    assert result.ret == 0
    assert [test.test.rsplit("::")[-1] for test in seen.tests] == [
        "test_who",
        "test_number[2]",
        "test_number[3]",
        "test_number[5]",
        "test_last",
    ]
    assert seen.collected == 8


def test_who_comes_last_finds_only_what_is_of_a_board_and_has_the_same_suite(run):
    _, first = run("a")
    result, second = run("b")
    assert result.ret == 0
    assert [test.test.rsplit("::")[-1] for test in second.tests] == ["test_who", "test_last"]
    assert first.tests_sha256 == second.tests_sha256


def test_a_fixture_of_a_file_is_made_once_for_all_tests_that_are_taken_of_it(run, folder):
    (folder / "3").touch()
    result, _ = run()
    assert [result.stdout.str().count(word) for word in ("<prepared>", "<cleared>")] == [1, 1]


def test_a_test_that_fails_is_a_fail_of_its_taker(run):
    result, seen = run(bad=3)
    assert result.ret == 1
    assert seen.summary.counts == {"passed": 7, "failed": 1}


def test_a_folder_that_is_not_there_is_refused(run, tmp_path):
    result, _ = run(share=tmp_path / "none")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--share takes a folder that is there*"])


def test_however_many_take_at_once_each_place_is_had_by_one(folder):
    had: list[int] = []
    start = threading.Barrier(8)

    def take():
        share = Share(folder)
        start.wait()
        had.extend(place for place in range(200) if share.take(place))

    takers = [threading.Thread(target=take) for _ in range(8)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(had) == list(range(200))


def test_a_folder_that_went_away_is_trouble_of_the_machine(folder):
    folder.rmdir()
    with pytest.raises(ToolError):
        Share(folder).take(0)

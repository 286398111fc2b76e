"""The suite on a mutant: quick tests first, and an end that is only a pass when all of it passed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.gate.suite import FOLDER, SuiteCall, suite_command
from hostkit.hil.observations import Observations, Outcome, Summary, TestSeen
from hostkit.mutants.messages import end_of_record, end_record
from hostkit.mutants.order import VARIABLE, quick_first
from hostkit.mutants.suite import Ended, judge, mutant_command, read_end
from hostkit.process import Finished

pytest_plugins = ["pytester"]

CALL = SuiteCall(Path("/p"), "mutant-0", "ab" * 32, "", Path("/into"), 60.0)


def seen(*outcomes, collected=None, summary=True):
    tests = tuple(
        TestSeen(f"t.py::test_{i}", outcome, "wired", 0.1 * i, f"why {i}\nmore")
        for i, outcome in enumerate(outcomes)
    )
    end = Summary(len(tests), {}, 0, 1.0) if summary else None
    return Observations(collected=len(tests) if collected is None else collected, tests=tests, summary=end)


def finished(code=0, *, timed_out=False, output="..\nlast words"):
    return Finished(("pytest",), code, output, 61.0, timed_out)


def test_a_pass_is_every_test_run_and_pytests_own_word():
    end = judge(seen(Outcome.PASSED, Outcome.PASSED), finished())
    assert end.ended is Ended.PASSED
    assert end.seconds == (("t.py::test_0", 0.0), ("t.py::test_1", 0.1))


def test_a_pass_says_what_was_skipped():
    assert judge(seen(Outcome.PASSED, Outcome.SKIPPED), finished()).skipped == ("t.py::test_1",)


@pytest.mark.parametrize(
    ("observations", "end"),
    [
        (seen(), finished(5)),
        (seen(Outcome.SKIPPED), finished()),
        (seen(Outcome.PASSED, collected=2), finished()),
        (seen(Outcome.PASSED, summary=False), finished()),
        (seen(Outcome.PASSED), finished(1)),
        (seen(Outcome.PASSED), finished(3)),
    ],
)
def test_anything_less_is_no_pass_and_no_failure_either(observations, end):
    ended = judge(observations, end)
    assert ended.ended is Ended.BROKEN
    assert "last words" in ended.message


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_the_first_failure_is_the_witness(outcome):
    end = judge(seen(Outcome.PASSED, Outcome.LOST, outcome, Outcome.FAILED), finished(1))
    assert (end.ended, end.test, end.rung, end.message) == (Ended.FAILED, "t.py::test_2", "wired", "why 2")


def test_a_failure_stands_though_the_run_took_too_long():
    assert judge(seen(Outcome.FAILED), finished(-9, timed_out=True)).ended is Ended.FAILED


def test_a_time_out_says_how_far_it_came():
    end = judge(seen(Outcome.PASSED, summary=False), finished(-9, timed_out=True))
    assert end.ended is Ended.TIMED_OUT
    assert end.message == "ended after 61 s, 1 tests; the last was t.py::test_0"
    assert "before the first test" in judge(Observations(), finished(-9, timed_out=True)).message


def test_a_lost_board_is_told_from_a_failure():
    end = judge(seen(Outcome.PASSED, Outcome.LOST), finished(1))
    assert (end.ended, end.test) == (Ended.LOST, "t.py::test_1")


def test_a_run_that_left_nothing_is_broken(tmp_path):
    assert read_end(tmp_path, finished(4)).ended is Ended.BROKEN


def test_an_end_goes_through_a_pipe_unchanged():
    end = judge(seen(Outcome.PASSED, Outcome.SKIPPED), finished())
    assert end_of_record(end_record(end)) == end


def test_the_command_is_the_gates_own_with_less_patience():
    command = mutant_command(CALL, {"PATH": "/bin"}, quick=Path("/q.json"), first=True)
    plain = suite_command(CALL, {"PATH": "/bin"})
    assert command.argv == (*plain.argv, "-x", "-p", "hostkit.mutants.order")
    kept = {name: value for name, value in (plain.env or {}).items() if name != "PYTHONDONTWRITEBYTECODE"}
    assert kept["PATH"] == "/bin"
    assert command.env == kept | {"PYTHONPYCACHEPREFIX": "/into-pycache", VARIABLE: "/q.json"}
    assert command.timeout_s == 60.0


def test_one_test_alone_takes_the_place_of_the_folder():
    command = mutant_command(CALL, {}, quick=None, first=False, only=f"{FOLDER}/t.py::test_1")
    assert f"{FOLDER}/t.py::test_1" in command.argv
    assert FOLDER not in command.argv
    assert "-x" not in command.argv


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.dictionaries(st.sampled_from("abcdefg"), st.floats(0, 9)),
)
def test_the_order_has_every_test_once_and_the_last_one_last(tests, seconds):
    order = quick_first(tests, seconds)
    assert sorted(order) == list(range(len(tests)))
    assert order[-1:] == [len(tests) - 1][: len(tests)]
    times = [seconds.get(tests[i], float("inf")) for i in order[:-1]]
    assert times == sorted(times)


def test_the_plugin_puts_the_tests_in_order(pytester, tmp_path, monkeypatch):
    pytester.makepyfile(
        test_t="def test_a(): pass\ndef test_b(): pass\ndef test_c(): pass\ndef test_end(): pass"
    )
    path = tmp_path / "seconds.json"
    path.write_text('{"test_t.py::test_a": 3.0, "test_t.py::test_b": 2.0, "test_t.py::test_c": 1.0}')
    monkeypatch.setenv(VARIABLE, str(path))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_inprocess("-v", "-p", "hostkit.mutants.order")
    result.stdout.fnmatch_lines(["*test_c *", "*test_b *", "*test_a *", "*test_end *"])

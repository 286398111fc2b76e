"""What every Runner promises, asked of the real one and of the shipped fake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hostkit.errors import ExitCode, MissingToolError
from hostkit.process import Command, Runner, SystemRunner
from hostkit.testing.process import FakeRunner, Scripted

SAYS_TWO = Command(("sh", "-c", "echo out; echo err >&2; exit 2"))
MISSING = Command(("hostkit-has-no-such-program",))
SLOW = Command(("sleep", "600"), timeout_s=0.1)


def _fake() -> Runner:
    answers = {
        SAYS_TWO: Scripted(("out\n", "err\n"), 2),
        MISSING: Scripted(missing=True),
        SLOW: Scripted(returncode=-15, timed_out=True),
    }
    return FakeRunner(answers.__getitem__)


@pytest.fixture(params=[SystemRunner, _fake], ids=["system", "fake"])
def runner(request: pytest.FixtureRequest) -> Runner:
    make: Callable[[], Runner] = request.param
    return make()


def test_output_of_both_streams_arrives_in_order_and_in_the_result(runner: Runner) -> None:
    heard: list[str] = []
    finished = runner.run(SAYS_TWO, on_text=heard.append)
    assert finished.output == "out\nerr\n"
    assert "".join(heard) == finished.output
    assert finished.argv == SAYS_TWO.argv


def test_an_exit_code_is_a_result_not_an_exception(runner: Runner) -> None:
    finished = runner.run(SAYS_TWO)
    assert finished.returncode == 2
    assert not finished.ok


def test_a_missing_program_is_an_error_with_a_way_out(runner: Runner) -> None:
    with pytest.raises(MissingToolError, match="hostkit-has-no-such-program") as caught:
        runner.run(MISSING)
    assert "hostkit doctor" in caught.value.hint
    assert caught.value.exit_code is ExitCode.TOOL


def test_a_timeout_is_said_in_the_result(runner: Runner) -> None:
    finished = runner.run(SLOW)
    assert finished.timed_out
    assert not finished.ok


def test_a_fake_remembers_what_was_asked() -> None:
    runner = FakeRunner.of(Scripted(("x",)))
    runner.run(SAYS_TWO)
    assert runner.commands == [SAYS_TWO]
    with pytest.raises(AssertionError, match="nothing was prepared"):
        runner.run(SAYS_TWO)

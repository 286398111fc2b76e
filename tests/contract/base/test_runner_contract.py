"""What every Runner promises, asked of the real one and of the shipped fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hostkit.errors import ExitCode, MissingToolError
from hostkit.gate.abreast import HaltingRunner
from hostkit.halt import Halt, HaltedError
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
    return FakeRunner(lambda command: answers[replace(command, halt=None)])


def _halting() -> Runner:
    return HaltingRunner(SystemRunner(), Halt())


@pytest.fixture(params=[SystemRunner, _fake, _halting], ids=["system", "fake", "halting"])
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


def test_several_run_at_once_and_each_is_heard_and_ends_for_itself(runner: Runner) -> None:
    heard: list[tuple[int, str]] = []
    first, slow, last = runner.run_all(
        [SAYS_TWO, SLOW, SAYS_TWO], on_text=lambda number, text: heard.append((number, text))
    )
    assert (first.output, first.returncode) == (last.output, last.returncode) == ("out\nerr\n", 2)
    assert slow.timed_out
    for number in (0, 2):
        assert "".join(text for who, text in heard if who == number) == "out\nerr\n"


def test_of_several_a_missing_program_ends_all(runner: Runner) -> None:
    with pytest.raises(MissingToolError, match="hostkit-has-no-such-program"):
        runner.run_all([SAYS_TWO, MISSING])


@pytest.mark.parametrize("make", [SystemRunner, _fake], ids=["system", "fake"])
def test_a_halt_that_was_called_is_an_error_of_the_run(make: Callable[[], Runner]) -> None:
    halt = Halt()
    halt.call()
    with pytest.raises(HaltedError):
        make().run(replace(SLOW, halt=halt))
    halt.close()


def test_nothing_to_run_is_no_error(runner: Runner) -> None:
    assert runner.run_all([]) == ()


def test_a_fake_remembers_what_was_asked() -> None:
    runner = FakeRunner.of(Scripted(("x",)))
    runner.run(SAYS_TWO)
    assert runner.commands == [SAYS_TWO]
    with pytest.raises(AssertionError, match="nothing was prepared"):
        runner.run(SAYS_TWO)

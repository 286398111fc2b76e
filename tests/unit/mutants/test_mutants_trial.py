"""One mutant: who has to say so before it counts as killed."""

from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.platformio import CompileError
from hostkit.errors import FailedError, InconclusiveError, InvalidError, ToolError
from hostkit.mutants.model import Fate, Mutant, Origin
from hostkit.mutants.suite import Ended, SuiteEnd
from hostkit.mutants.trial import Clean, Trial
from hostkit.testing.clock import FakeClock
from hostkit.testing.mutants import FakeBench, FakeSources, artifact_of

MUTANT = Mutant("one-more", Origin.PLANTED, "some", "a is two", "a.cpp", 8, "1", "2")
CLEAN = Clean(artifact_of("00" * 32), 60.0, Path("q.json"))
FAILED = SuiteEnd(Ended.FAILED, "t.py::test_a", "wired", "red")
TIMED = SuiteEnd(Ended.FAILED, "t.py::test_live", "timed", "late")
LOST = SuiteEnd(Ended.LOST, "t.py::test_a", "linked", "no answer")
TIME_OUT = SuiteEnd(Ended.TIMED_OUT, message="ended after 60 s")
BROKEN = SuiteEnd(Ended.BROKEN, message="pytest exit 3")
PASSED = SuiteEnd(Ended.PASSED)
TWICE = ["build", "flash mutant", "run quick", "renew", "flash clean", "flash mutant"]


@pytest.fixture
def bench():
    return FakeBench()


@pytest.fixture
def sources():
    return FakeSources({"a.cpp": "int a = 1;"})


@pytest.fixture
def result_of(bench, sources):
    return lambda: Trial(bench, sources, CLEAN, FakeClock()).run(MUTANT)


def test_a_failing_test_kills(bench, sources, result_of):
    bench.ends.append(FAILED)
    result = result_of()
    assert (result.fate, result.stage, result.by, result.message) == (
        Fate.KILLED,
        "wired",
        "t.py::test_a",
        "red",
    )
    assert result.artifact == "11" * 32
    assert result.digest == MUTANT.digest
    assert bench.done == ["build", "flash mutant", "run quick"]
    assert sources.seen == ["int a = 2;", "int a = 1;"]


def test_a_survivor_passed_twice_and_once_in_the_suites_own_order(bench, result_of):
    assert result_of().fate is Fate.SURVIVED
    assert bench.done == ["build", "flash mutant", "run quick", "run whole"]


def test_a_failure_in_the_suites_own_order_kills_as_well(bench, result_of):
    bench.ends.extend([PASSED, FAILED])
    assert result_of().fate is Fate.KILLED


def test_the_same_machine_code_is_no_mutant(bench, result_of):
    bench.same = True
    assert result_of().fate is Fate.EQUIVALENT
    assert bench.done == ["build"]


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (CompileError("a.cpp:1: no", hint="", diagnostics=()), Fate.UNBUILDABLE),
        (FailedError("2 bytes over budget"), Fate.KILLED),
        (ToolError("no space left"), Fate.INCONCLUSIVE),
    ],
)
def test_a_build_that_fails(bench, sources, result_of, error, fate):
    bench.builds.append(error)
    result = result_of()
    assert (result.fate, result.stage, result.message) == (fate, "build", error.message)
    assert sources.files == {"a.cpp": "int a = 1;"}


def test_a_crash_at_boot_kills_at_once(bench, result_of):
    bench.flashes.append(FailedError("LoadProhibited in hk::draw"))
    result = result_of()
    assert (result.fate, result.stage) == (Fate.KILLED, "boot")
    assert bench.done == ["build", "flash mutant"]


@pytest.mark.parametrize("error", [InconclusiveError("no answer"), InvalidError("runs another build")])
def test_a_board_that_does_not_come_up_kills_when_the_clean_build_does(bench, result_of, error):
    bench.flashes.extend([error, None, error])
    result = result_of()
    assert (result.fate, result.stage, result.message) == (Fate.KILLED, "boot", error.message)
    assert bench.done == ["build", "flash mutant", "renew", "flash clean", "flash mutant"]


def test_a_board_that_comes_up_with_nothing_is_the_machines_fault(bench, result_of):
    bench.flashes.extend([InconclusiveError("no answer"), InconclusiveError("not served")])
    result = result_of()
    assert result.fate is Fate.INCONCLUSIVE
    assert result.message == "the clean build does not come up either: not served"


@pytest.mark.parametrize(
    ("end", "fate", "stage"),
    [
        (LOST, Fate.KILLED, "link"),
        (TIME_OUT, Fate.TIMED_OUT, "suite"),
    ],
)
def test_silence_and_time_outs_kill_at_the_second_time(bench, result_of, end, fate, stage):
    bench.ends.extend([end, end])
    result = result_of()
    assert (result.fate, result.stage, result.message) == (fate, stage, end.message)
    assert bench.done == [*TWICE, "run quick"]


@pytest.mark.parametrize("rung", ["linked", "timed", "soaked", ""])
def test_a_test_that_a_busy_machine_can_fail_has_to_fail_again_alone(bench, result_of, rung):
    bench.ends.extend([replace(TIMED, rung=rung)] * 2)
    result = result_of()
    assert (result.fate, result.by) == (Fate.KILLED, "t.py::test_live")
    assert bench.done == [*TWICE, "run t.py::test_live"]


@pytest.mark.parametrize("first", [TIMED, LOST, TIME_OUT])
def test_what_happens_only_once_is_no_kill(bench, result_of, first):
    bench.ends.extend([first, PASSED])
    result = result_of()
    assert result.fate is Fate.INCONCLUSIVE
    assert result.message == f"once {first.message}, then passed"


def test_two_different_troubles_are_no_kill(bench, result_of):
    bench.ends.extend([LOST, TIME_OUT])
    assert result_of().fate is Fate.INCONCLUSIVE


def test_a_failure_after_silence_kills(bench, result_of):
    bench.ends.extend([LOST, FAILED])
    assert result_of().fate is Fate.KILLED


def test_a_broken_run_never_kills(bench, result_of):
    bench.ends.extend([BROKEN, BROKEN])
    assert result_of().fate is Fate.INCONCLUSIVE


def test_a_tool_that_fails_twice_never_kills(bench, result_of):
    bench.flashes.extend([ToolError("esptool failed"), None, ToolError("esptool failed")])
    assert result_of().fate is Fate.INCONCLUSIVE


def test_a_test_that_is_skipped_only_on_the_mutant_is_a_witness(bench, result_of):
    bench.ends.append(SuiteEnd(Ended.PASSED, skipped=("t.py::test_wire",)))
    result = result_of()
    assert (result.fate, result.by) == (Fate.KILLED, "t.py::test_wire")


def test_the_tree_is_clean_again_whatever_happens(bench, sources, result_of):
    bench.builds.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        result_of()
    assert sources.files == {"a.cpp": "int a = 1;"}


def test_a_mutant_of_other_sources_is_refused(bench, sources, result_of):
    sources.files["a.cpp"] = "int b = 3 + 1;"
    with pytest.raises(ValueError, match="has no"):
        result_of()
    assert bench.done == []

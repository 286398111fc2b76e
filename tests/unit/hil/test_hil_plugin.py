"""The pytest plugin, run inside pytest."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from hostkit.boards.model import Kind
from hostkit.hil.observations import Outcome, read_observations
from hostkit.link.messages import Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBench, ModelBoard
from hostkit.testing.hil_flaws import Flaws

pytest_plugins = ["pytester"]


def a_bench(flaws=None):
    return ModelBench(ModelBoard(FakeClock(), flaws or Flaws(), build="0123456789abcdef" * 4))


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Inner runs load this plugin and no other: pytester imports them all anew every time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def run(pytester, tmp_path):
    """Run test source on a model board; return pytest's result and the observations."""

    def _run(source, *args, bench=None, board="model"):
        pytester.makepyfile(source)
        path = tmp_path / "obs.jsonl"
        chosen = [f"--board={board}"] if board else []
        result = pytester.runpytest_inprocess(
            *chosen,
            f"--observations={path}",
            "-p",
            "hostkit.hil.plugin",
            *args,
            plugins=[bench or a_bench()],
        )
        return result, read_observations(path) if path.exists() else None

    return _run


ONE = """
import pytest

@pytest.mark.rung("rendered")
def test_one(link, measure):
    measure("current", link.step(0).ma, "mA")
"""


def test_a_test_on_a_board_is_observed_with_its_numbers(run):
    result, seen = run(ONE)
    result.assert_outcomes(passed=1)
    (test,) = seen.tests
    assert test.outcome is Outcome.PASSED
    assert test.rung == "rendered"
    assert test.numbers == {"current [mA]": 9306.0}
    assert test.build == "0123456789abcdef" * 4
    assert seen.identity["chip"] == "esp32"
    assert seen.collected == 1
    assert seen.summary.counts == {"passed": 1}
    assert seen.summary.exit_code == 0


DRAWING = """
import pytest

pytestmark = pytest.mark.rung("rendered")

@pytest.mark.parametrize("pattern", ["lava", "solid"])
def test_drawn(link, pattern):
    assert link.configure(pattern)

def test_any(link):
    assert link.echo(b"a") == b"a"
"""


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("draws-lava", ["test_drawn[lava]"]),
        ("draws-any or draws-lava", ["test_drawn[lava]", "test_any"]),
        ("not draws-any", ["test_drawn[lava]", "test_drawn[solid]"]),
    ],
)
def test_tests_can_be_chosen_by_the_pattern_that_they_draw(run, words, names):
    result, seen = run(DRAWING, "-k", words)
    result.assert_outcomes(passed=len(names), deselected=3 - len(names))
    assert [test.test.split("::")[1] for test in seen.tests] == names


def test_a_series_of_numbers_is_observed_with_its_test(run):
    result, seen = run(
        """
        import pytest

        @pytest.mark.rung("timed")
        def test_one(link, measure_series):
            measure_series("frame interval", [5200, 5300], "us")
        """
    )
    result.assert_outcomes(passed=1)
    (series,) = seen.tests[0].series
    assert (series.name, series.unit, series.values) == ("frame interval", "us", (5200, 5300))


def test_a_pattern_test_runs_for_every_pattern_and_says_which(run):
    result, seen = run(
        """
        import pytest

        @pytest.mark.rung("rendered")
        def test_each(board, pattern):
            assert pattern in board.patterns
        """
    )
    result.assert_outcomes(passed=12)
    assert [test.pattern for test in seen.tests][:2] == ["solid", "gradient"]


def test_a_project_can_bring_models_of_its_own(run, pytester):
    pytester.makeconftest(
        """
        from dataclasses import replace
        from hostkit.hil.golden.registry import PATTERNS

        def pytest_hostkit_patterns():
            return [replace(PATTERNS["solid"], name="plain")]
        """
    )
    result, _ = run(
        """
        import pytest

        @pytest.mark.rung("rendered")
        def test_each(board, golden, pattern):
            golden.configure(pattern)
            assert len(board.patterns) == 13
        """
    )
    result.assert_outcomes(passed=13)


def test_a_wrong_answer_is_a_failure_with_its_first_line(run):
    result, seen = run(
        """
        import pytest
        from hostkit.hil.scene import Scene
        from hostkit.link.messages import Tap

        @pytest.mark.rung("wired")
        def test_wire(board):
            board.must_draw(Scene("twinkle", count=3), Tap.WIRE)
        """,
        bench=a_bench(Flaws(on_wire=lambda strips: [pixels[:, (1, 0, 2)] for pixels in strips])),
    )
    result.assert_outcomes(failed=1)
    (test,) = seen.tests
    assert test.outcome is Outcome.FAILED
    assert test.message.endswith("on the wire red and green are swapped: colour order")
    assert "first wrong tap: symbols" in test.detail
    assert test.where == "test_a_wrong_answer_is_a_failure_with_its_first_line.py:7"
    assert seen.summary.exit_code == 1


def test_pictures_are_kept_and_named_by_the_tests_that_took_them(run, tmp_path):
    source = """
        import pytest
        from hostkit.hil.scene import Scene

        @pytest.mark.rung("rendered")
        @pytest.mark.parametrize("pattern", ["comet", "comet", "lava"])
        def test_it(board, pattern):
            board.must_draw(Scene(pattern, count=30))
        """
    _, seen = run(source, f"--pictures={tmp_path / 'pictures'}")
    assert [test.pictures for test in seen.tests] == [("pictures/comet.json",), (), ("pictures/lava.json",)]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["comet.json", "lava.json"]
    _, seen = run(source, bench=a_bench(Flaws(on_frame=lambda strips: [pixels // 2 for pixels in strips])))
    assert [test.pictures for test in seen.tests] == [(), (), ()]


LOST = """
import pytest

@pytest.mark.rung("rendered")
@pytest.mark.parametrize("n", range(3))
def test_step(link, n):
    link.step(n)
"""


def test_a_lost_board_is_its_own_outcome_and_ends_the_run(run):
    def vanish(firmware, request):
        if request.op == Op.STEP and request.args == (1,):
            firmware._transport.unplug()

    result, seen = run(LOST, bench=a_bench(Flaws(before=vanish)))
    assert [test.outcome for test in seen.tests] == [Outcome.PASSED, Outcome.LOST, Outcome.LOST]
    assert "closed" in seen.tests[1].message
    assert seen.summary.counts == {"passed": 1, "lost": 2}
    result.stdout.fnmatch_lines(["*2 tests lost the board: inconclusive, not failed*"])
    assert "no use going on" in result.stdout.str()


def test_a_silent_board_is_lost_with_the_time_named(run):
    def mute(firmware, request):
        firmware.mute = request.op == Op.STEP or firmware.mute

    _, seen = run(LOST, bench=a_bench(Flaws(before=mute)))
    assert seen.tests[0].outcome is Outcome.LOST
    assert "no answer to step" in seen.tests[0].message
    assert " within " in seen.tests[0].message


def test_a_panic_is_a_failure_of_the_firmware_and_the_next_test_goes_on(run):
    def panic(firmware, request):
        if request.op == Op.STEP and request.args == (1,):
            firmware.boot("panic")

    _, seen = run(LOST, bench=a_bench(Flaws(before=panic)))
    assert [test.outcome for test in seen.tests] == [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED]
    assert seen.tests[1].message == "the firmware restarted by itself: panic"


def test_another_build_is_invalid_and_no_test_is_counted_as_failed(run):
    result, seen = run(LOST, "--expect-build", "f" * 64)
    assert [(test.outcome, test.invalid) for test in seen.tests] == [(Outcome.ERROR, True)]
    assert "to be tested is ffffffffffff" in seen.tests[0].message
    assert seen.identity["build"] == "0123456789abcdef" * 4
    assert seen.summary.collected == 3
    assert result.ret != 0


def test_the_expected_build_is_run(run):
    result, _ = run(ONE, "--expect-build", "0123456789abcdef" * 4)
    result.assert_outcomes(passed=1)


def test_the_board_is_given_back_whatever_happens(run):
    bench = a_bench()
    run("import pytest\n\n@pytest.mark.rung('linked')\ndef test_x(link):\n    assert 0", bench=bench)
    assert bench.board.closed


def test_a_run_that_is_interrupted_says_how_far_it_came_and_gives_the_board_back(pytester, tmp_path):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.rung("linked")
        @pytest.mark.parametrize("n", range(3))
        def test_x(link, n):
            if n == 1:
                raise KeyboardInterrupt
        """
    )
    bench, path = a_bench(), tmp_path / "obs.jsonl"
    options = ("-p", "hostkit.hil.plugin", "--board=model", f"--observations={path}")
    result = pytester.runpytest_inprocess(*options, plugins=[bench], no_reraise_ctrlc=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    seen = read_observations(path)
    assert [test.test[-3:] for test in seen.tests] == ["[0]"]
    assert (seen.collected, seen.summary.exit_code) == (3, 2)
    assert bench.board.closed


def test_skipped_and_nothing_collected_are_told(run):
    result, seen = run(
        """
        import pytest

        @pytest.mark.rung("linked")
        def test_x(link):
            pytest.skip("no audio here")
        """
    )
    assert seen.tests[0].outcome is Outcome.SKIPPED
    assert seen.tests[0].message == "no audio here"
    assert seen.summary.nothing_ran
    result.stdout.fnmatch_lines(["*nothing was shown*"])
    result, seen = run("", "-k", "nothing")
    assert seen.collected == 0
    assert seen.tests == ()
    assert seen.summary.exit_code == 5


def test_a_broken_fixture_of_the_project_is_an_error_and_not_the_boards(run):
    _, seen = run(
        """
        import pytest

        @pytest.fixture
        def mine():
            raise KeyError("mine")

        @pytest.mark.rung("linked")
        def test_x(link, mine):
            pass
        """
    )
    assert seen.tests[0].outcome is Outcome.ERROR
    assert seen.tests[0].message == "'mine'"


@pytest.mark.parametrize(
    ("source", "args", "said"),
    [
        ("def test_x(link): pass", [], "needs a mark: pytest.mark.rung"),
        (
            "import pytest\n@pytest.mark.rung('wird')\ndef test_x(link): pass",
            [],
            "rung takes one of: built booted",
        ),
        ("import pytest\n@pytest.mark.rung\ndef test_x(): pass", [], "rung takes one of"),
        (ONE, ["--expect-build", "abc"], "--expect-build takes 64 lower-case hex digits, not 'abc'"),
        (ONE, ["-p", "xdist", "-n", "2"], "a board serves one process"),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(run, source, args, said):
    result, _ = run(source, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stdout.str() + result.stderr.str()


def test_a_board_test_without_a_board_says_how_to_name_one(run):
    result, _ = run(ONE, board=None)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "say --board NAME" in result.stdout.str() + result.stderr.str()


def test_an_unknown_board_names_the_nearest(run):
    _, seen = run(ONE, board="modle")
    assert seen.tests[0].outcome is Outcome.ERROR
    assert "there is no board 'modle'" in seen.tests[0].message


def test_observations_that_cannot_be_written_stop_the_run(pytester, tmp_path):
    (tmp_path / "file").write_text("")
    pytester.makepyfile(ONE)
    result = pytester.runpytest_inprocess(
        "-p", "hostkit.hil.plugin", f"--observations={tmp_path / 'file' / 'x'}", plugins=[a_bench()]
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot write" in result.stderr.str() + result.stdout.str()


def test_tests_that_need_no_board_run_without_one(pytester):
    pytester.makepyfile("def test_x(measure):\n    measure('n', 1, '')")
    pytester.runpytest_inprocess("-p", "hostkit.hil.plugin").assert_outcomes(passed=1)


def test_the_plugin_loads_nothing_heavy_until_a_board_is_asked_for():
    code = (
        "import sys, json, hostkit.hil.plugin;"
        "heavy = {'numpy', 'cbor2', 'serial', 'sqlalchemy', 'pydantic', 'hostkit.hil.session'};"
        "print(json.dumps(sorted(heavy & set(sys.modules))))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(out.stdout) == []


def test_tests_that_a_conftest_takes_out_are_counted(run, pytester):
    pytester.makeconftest("def pytest_collection_modifyitems(items): del items[1:]")
    _, seen = run(ONE + ONE.replace("test_one", "test_two"))
    assert (seen.collected, seen.left_out) == (1, 1)


@pytest.mark.parametrize("place", ["tryfirst=True", "trylast=True"])
def test_a_hook_that_turns_a_failure_into_a_pass_is_seen_through(run, pytester, place):
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.hookimpl(wrapper=True, {place})
        def pytest_runtest_makereport(item, call):
            report = yield
            report.outcome, report.longrepr = "passed", None
            return report
        """
    )
    result, seen = run(ONE + "    assert link.step(0).ma < 0\n")
    assert result.ret == 0
    (test,) = seen.tests
    assert test.outcome in (Outcome.FAILED, Outcome.ERROR)
    assert "AssertionError" in test.message or "assert 9306" in test.message


def test_a_fixture_of_another_project_that_is_called_board_needs_no_rung(run):
    result, _ = run(
        """
        import pytest

        @pytest.fixture
        def board():
            return "chess"

        def test_theirs(board):
            assert board == "chess"
        """
    )
    result.assert_outcomes(passed=1)


def test_a_machine_that_fails_in_mid_test_is_not_blamed_on_the_firmware(run):
    _, seen = run(
        """
        import pytest
        from hostkit.errors import ToolError

        @pytest.mark.rung("linked")
        def test_one(link):
            raise ToolError("no space left while writing link.jsonl")
        """
    )
    (test,) = seen.tests
    assert (test.outcome, test.message) == (Outcome.LOST, "no space left while writing link.jsonl")


UNPLUG = """
import pytest
from hostkit.link.errors import PortGoneError

@pytest.mark.rung("linked")
def test_unplug(link, disturb, faults):
    with disturb(restarts=("power-on",)) as line:
        faults.fault("unplug")
        with pytest.raises(PortGoneError):
            line.link.echo(b"x")

@pytest.mark.rung("linked")
def test_after(link):
    assert link.echo(b"x") == b"x"
"""


def test_a_board_that_can_be_unplugged_is(run):
    _, seen = run(UNPLUG)
    assert [test.outcome for test in seen.tests] == [Outcome.PASSED, Outcome.PASSED]


def test_on_silicon_a_fault_of_the_board_is_recorded_as_not_applicable(run):
    bench = a_bench()
    bench.board.spec = replace(bench.board.spec, kind=Kind.SERIAL)
    result, seen = run(UNPLUG, bench=bench)
    assert [test.outcome for test in seen.tests] == [Outcome.NOT_APPLICABLE, Outcome.PASSED]
    assert seen.tests[0].message == "not applicable: a serial board has no faults to be switched on"
    assert seen.summary.counts == {"not-applicable": 1, "passed": 1}
    assert result.ret == 0


@pytest.mark.parametrize(
    "call", ["measure('rate', float('nan'), 'Hz')", "measure_series('t', [1, 1e999], 's')"]
)
def test_a_number_that_is_none_is_an_error_not_a_measurement(run, call):
    name = call.partition("(")[0]
    _, seen = run(f"import pytest\n\n@pytest.mark.rung('timed')\ndef test_x(link, {name}):\n    {call}")
    (test,) = seen.tests
    assert test.outcome is Outcome.FAILED
    assert "that measures nothing" in test.message
    assert seen.broken == 0


SOMETIMES = """
import pytest

count = 0

@pytest.mark.rung("linked")
def test_sometimes(link, measure):
    global count
    count += 1
    measure("tries", count, "")
    assert count == {passes_at}, f"try {count}"

@pytest.mark.rung("linked")
def test_always(link):
    assert link.echo(b"a") == b"a"
"""


def test_a_pass_after_a_retry_is_an_outcome_of_its_own_and_no_pass_of_the_run(run):
    result, seen = run(SOMETIMES.replace("{passes_at}", "2"), "--retries=2")
    flaky, always = seen.tests
    assert flaky.outcome is Outcome.FLAKY
    assert flaky.message == "passed at attempt 2, at first: try 1"
    assert [(each.outcome, each.message) for each in flaky.attempts] == [(Outcome.FAILED, "try 1")]
    assert flaky.numbers == {"tries": 2}
    assert (always.outcome, always.attempts) == (Outcome.PASSED, ())
    assert seen.summary.counts == {"flaky": 1, "passed": 1}
    assert result.ret == seen.summary.exit_code == 1
    result.stdout.fnmatch_lines("*1 test passed only when tried again: flaky, that is no pass*")


def test_a_test_that_never_passes_is_a_failure_with_all_its_attempts(run):
    result, seen = run(SOMETIMES.replace("{passes_at}", "9"), "--retries=2")
    result.assert_outcomes(failed=1, passed=1)
    assert seen.tests[0].outcome is Outcome.FAILED
    assert [each.message for each in seen.tests[0].attempts] == ["try 1", "try 2"]
    assert seen.tests[0].message == "try 3"
    assert seen.summary.counts == {"failed": 1, "passed": 1}


def test_without_being_asked_nothing_is_tried_again(run):
    result, seen = run(SOMETIMES.replace("{passes_at}", "2"))
    result.assert_outcomes(failed=1, passed=1)
    assert seen.tests[0].attempts == ()


def test_another_firmware_is_not_tried_again(run):
    _, seen = run(ONE, "--expect-build", "f" * 64, "--retries=3")
    assert seen.tests[0].outcome is Outcome.ERROR
    assert seen.tests[0].invalid
    assert seen.tests[0].attempts == ()

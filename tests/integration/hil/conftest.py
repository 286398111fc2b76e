"""The suite on a model board that may be wrong in one way."""

from pathlib import Path

import pytest

from hostkit.hil.observations import Outcome, read_observations
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBench, ModelBoard

SUITE = Path(__file__).parents[3] / "hil_tests"


@pytest.fixture
def suite(pytester, tmp_path, monkeypatch):
    """Run the suite, or some files of it, on a model board; return what was observed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(flaws, *files, select="", **spec):
        path = tmp_path / "obs.jsonl"
        pytester.runpytest_inprocess(
            *[str(SUITE / file) for file in files or ("",)],
            *("-k", select) * bool(select),
            *("-p", "hostkit.hil.plugin", "-p", "pytest_timeout"),
            "--board=model",
            f"--observations={path}",
            plugins=[ModelBench(ModelBoard(FakeClock(), flaws, **spec))],
        )
        return read_observations(path)

    return run


@pytest.fixture
def failed():
    """Return the names of the tests that did not pass, without what is in brackets."""

    def names(seen):
        bad = [test.test for test in seen.tests if test.outcome is not Outcome.PASSED]
        return {name.split("::")[1].split("[")[0] for name in bad}

    return names

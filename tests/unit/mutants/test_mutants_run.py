"""A whole run on lanes that only pretend: the report that is left, and what ends it."""

import json
from dataclasses import replace

import pytest

from hostkit.errors import UsageError
from hostkit.mutants.model import Fate, Result
from hostkit.mutants.run import DIRECTORY, Desk, Request, run_clean, run_mutants
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.mutants import FakeLanes, killed

FAULT = (
    'area = "some"\n[[fault]]\nname = "one-more"\nabout = "a is two, not one"\nfile = "firmware/lib/a.cpp"\n'
)


@pytest.fixture
def request_(tmp_path):
    project = tmp_path / "p"
    for name, text in {
        "boards.toml": '[boards.virt0]\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:01"\n',
        "hil_tests/test_a.py": "",
        "firmware/lib/a.cpp": "int f() {\n    int a = 1;\n    return a + 1;\n}\n",
        "mutants/some.toml": FAULT + 'old = "a = 1"\nnew = "a = 2"\n',
    }.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Request(project, "virtual", "virt0", generic=3)


@pytest.fixture
def desk(tmp_path):
    def make(lanes):
        paths = Paths(tmp_path / "s", tmp_path / "c")
        return Desk(paths, SystemRunner(), FakeClock(), 5.0, lambda *_: None, lambda orders: lanes)

    return make


def test_a_run_leaves_its_report_and_gives_its_lanes_back(request_, desk):
    lanes = FakeLanes(lambda m, _: killed(m))
    report = run_mutants(request_, desk(lanes))
    assert len(report.results) == len(report.mutants) == 4
    assert report.scope.tests == 2
    assert lanes.closed
    left = json.loads((request_.project / DIRECTORY / "report.json").read_bytes())
    assert left["exit_code"] == 0
    assert left["scope"]["commit"] == ""
    assert (request_.project / DIRECTORY / "report.md").read_text().startswith("# Mutants")


def test_the_same_run_again_tries_nothing_and_says_the_same(request_, desk):
    first = run_mutants(request_, desk(FakeLanes(lambda m, _: killed(m))))
    lanes = FakeLanes(lambda m, _: Result(m.digest, Fate.SURVIVED))
    assert run_mutants(request_, desk(lanes)).results == first.results
    assert lanes.tried == []


@pytest.mark.parametrize("file", ["hil_tests/test_a.py", "pyproject.toml"])
def test_after_a_change_of_the_suite_all_are_tried_again(request_, desk, file):
    run_mutants(request_, desk(FakeLanes(lambda m, _: killed(m))))
    (request_.project / file).write_text("# changed\n")
    lanes = FakeLanes(lambda m, _: killed(m))
    run_mutants(request_, desk(lanes))
    assert len(lanes.tried) == 4


def test_a_suite_that_is_edited_meanwhile_makes_no_report(request_, desk):
    def edit(m, _):
        (request_.project / "hil_tests" / "test_a.py").write_text("# changed\n")
        return killed(m)

    with pytest.raises(UsageError, match="edited meanwhile"):
        run_mutants(request_, desk(FakeLanes(edit)))
    assert not (request_.project / DIRECTORY / "report.md").exists()


def test_clean_runs_need_no_mutants(request_, desk):
    lanes = FakeLanes(lambda m, _: killed(m))
    runs = run_clean(replace(request_, planted=False), desk(lanes), 5, lambda *_: None)
    assert len(runs) == 5
    assert lanes.tried == []
    assert lanes.closed

"""What `hostkit demo --graph` finds when things are not as they must be: its audit can fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hostkit.cli.demo.changes import Edit
from hostkit.cli.demo.graph.audit import differences, stopped, way
from hostkit.cli.demo.graph.ride import Place, ride
from hostkit.cli.demo.graph.work import Stop, Work
from hostkit.clock import SystemClock
from hostkit.errors import ToolError
from hostkit.gate.keys import open_signer
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock

SCRIPT = (
    "grep -q green $HOSTKIT_BRIEF && echo pass > verdict.txt || echo fail LED 7 is green > verdict.txt;"
    "echo x > {task}.txt; git add -A; git commit -qm try"
)
AGENTS = f"\n  learner: {{argv: [sh, -c, '{SCRIPT}']}}\n"
GRAPH = "\n  - {id: a, title: a, agent: learner, attempts: 2, gate: {env: virtual}}"
PASS = Edit("verdict.txt", "pass", "pass\n")
WORK = {"a": Work("a", (Edit("a.txt", "", "x\n"), PASS), {}, (), "LED 7 is green", Stop.BOARD)}


@pytest.fixture
def place(bench: Any, tmp_path: Path) -> Place:
    """Whose hostkit has a key of its own, which nothing was signed with."""
    paths = Paths(tmp_path / "keys", tmp_path / "cache")
    open_signer(paths, {}, ())
    env = dict(os.environ) | {"HOSTKIT_STATE_DIR": str(paths.state)}
    return Place(bench.repository, tmp_path, env, SystemClock(), SystemRunner())


def found(bench: Any, base: str, work: dict[str, Work] = WORK, agents: str = AGENTS) -> list[str]:
    with bench.shop(GRAPH, agents, target_gate=True) as shop:
        return list(differences(shop, work, shop.standings(running=False), base))


def test_a_run_that_went_as_it_must_has_no_difference_and_what_stopped_the_first_try_is_told(
    bench: Any,
) -> None:
    base = bench.git.resolve("main")
    bench.run(GRAPH, AGENTS, target_gate=True)
    assert found(bench, base) == []
    with bench.shop(GRAPH, AGENTS) as shop:
        assert stopped(shop, WORK["a"]) == "LED 7 is green"


def test_a_task_that_is_not_verified_or_not_merged_is_named(bench: Any) -> None:
    base = bench.git.resolve("main")
    assert found(bench, base)[0] == "a must be verified, it is ready: nothing holds it up"
    bench.run(GRAPH, AGENTS, merging=False)
    assert "a must be in main" in found(bench, base)


def test_a_first_try_that_nothing_or_something_else_stopped_is_named(bench: Any) -> None:
    base = bench.git.resolve("main")
    bench.run(GRAPH, AGENTS)
    for stop, learns in ((Stop.COMMAND, "LED 7"), (Stop.FILES, "LED 7"), (Stop.BOARD, "LED 8")):
        work = {"a": Work("a", WORK["a"].edits, {}, (), learns, stop)}
        assert found(bench, base, work) == [f"the first try of a must have been stopped by {stop.value}"]


def test_a_target_that_holds_anything_else_is_named(bench: Any) -> None:
    base = bench.git.resolve("main")
    bench.run(GRAPH, AGENTS)
    (bench.repository / "more").write_text("x")
    bench.git.run("add", "-A")
    bench.git.run("commit", "-qm", "by hand")
    assert found(bench, base) == ["main does not hold the right work of every task, and nothing else"]


def test_a_commit_without_a_pass_and_one_whose_evidence_does_not_verify_have_a_problem(
    bench: Any, place: Place
) -> None:
    base = bench.git.resolve("main")
    bench.run(GRAPH, AGENTS, target_gate=True)
    bench.git.run("commit", "-q", "--allow-empty", "-m", "by hand")
    with bench.shop(GRAPH, AGENTS, target_gate=True) as shop:
        judged, by_hand = way(shop, place, base)
    assert "hostkit verify --json /evidence ended with exit 4" in judged.problem
    assert (by_hand.subject, by_hand.problem) == ("by hand", "there is no pass of the gate about it")


def _fake(place: Place, script: str, clock: FakeClock) -> Place:
    """Return a place whose hostkit is a script that may be killed."""
    package = place.root / "fake" / "hostkit"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(script)
    env = dict(os.environ) | {"PYTHONPATH": str(package.parent)}
    return Place(place.clone, place.root, env, clock, place.runner)


def test_a_ride_is_killed_as_often_as_asked_and_goes_on_each_time(bench: Any, place: Place) -> None:
    script = (
        "import signal\n"
        "with open('starts', 'a') as file: print('x', file=file)\n"
        "print('merge train: change 1: under test on any\\nT1: proving 0123456789ab: gate virtual on any')\n"
        "print('T1: merged into trunk: 0123\\nmerge train: change 2: under test on any', flush=True)\n"
        "if len(open('starts').readlines()) < 3: signal.pause()\n"
    )
    said: list[str] = []
    assert ride(_fake(place, script, FakeClock()), (), 2, said.append) == 2
    assert (place.clone / "starts").read_text().count("x") == 3
    assert len(said) == 2 + 4 + 4  # up to a claim at a board, up to the merge after a merge, to the end


def test_a_run_that_never_comes_to_the_place_of_a_kill_tells_that_it_was_not_killed(
    bench: Any, place: Place
) -> None:
    assert ride(_fake(place, "print('nothing to do')", FakeClock()), (), 2, lambda _: None) == 0


def test_a_command_of_the_demo_that_fails_ends_it_with_what_it_said(bench: Any, place: Place) -> None:
    with pytest.raises(ToolError, match="hostkit tasks lint ended with exit 3: no good") as caught:
        _fake(place, "import sys; print('no good'); sys.exit(3)", FakeClock()).run("tasks", "lint")
    assert "--keep" in caught.value.hint

"""The demo's plan, its edits, and how it tells whether all went as it must."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.cli.demo.changes import CHANGES, Change, Edit, apply
from hostkit.cli.demo.plan import differences, plan_text
from hostkit.errors import FailedError
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.model import Standing, State
from hostkit.tasks.patterns import outside
from hostkit.tasks.read import parse_plan

NOW = {
    "strobe": Standing("strobe", State.VERIFIED, "passed", "a" * 40, 1),
    "strobe-gentle": Standing("strobe-gentle", State.VERIFIED, "passed", "b" * 40, 1),
    "colour-order": Standing("colour-order", State.FAILED, "swapped", "c" * 40, 1),
    "colour-order-doc": Standing("colour-order-doc", State.PLANNED, "no", blocked=("colour-order",)),
}
MERGES = {"strobe": "merged into trunk", "strobe-gentle": "merged into trunk"}
SWAPPED = VerdictRecord(
    *("r", ProofKind.GATE, Verdict.FAIL, "rendered", "virtual", "/p", "c" * 40, "", False, "virtual"),
    *("virt0", "", "", "", ("swapped",), "/e", "", 1),
)


def test_the_plan_is_sound_and_every_task_has_its_change() -> None:
    plan = parse_plan(plan_text("virtual"), Path("demo.yaml"))
    assert set(plan.tasks) == set(CHANGES)
    assert all(task.attempts == 1 for task in plan.tasks.values())


@pytest.mark.parametrize("names", [("strobe", "strobe-gentle"), ("colour-order", "colour-order-doc")])
def test_the_changes_apply_to_this_checkout_and_stay_within_their_tasks_files(
    project_root: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    plan = parse_plan(plan_text("virtual"), Path("demo.yaml"))
    for folder in ("firmware/lib", "hil_tests"):
        shutil.copytree(project_root / folder, tmp_path / folder)
    for name in names:
        apply(CHANGES[name], tmp_path)
        assert outside([edit.file for edit in CHANGES[name].edits], plan.tasks[name].files) == ()
        assert all(edit.new in (tmp_path / edit.file).read_text() for edit in CHANGES[name].edits)


def test_an_edit_of_a_text_that_is_no_longer_there_is_refused_with_the_place_to_mend(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x x")
    for old in ("y", "x"):
        with pytest.raises(FailedError, match="exactly once") as caught:
            apply(Change("s", (Edit("a", old, "z"),)), tmp_path)
        assert "changes.py" in caught.value.hint
    assert (tmp_path / "a").read_text() == "x x"


def test_when_all_went_as_it_must_there_is_no_difference() -> None:
    assert differences(NOW, MERGES, SWAPPED) == ()


DEVIATIONS = {
    "a pattern that failed": ({"strobe": State.FAILED}, MERGES, SWAPPED, "strobe must be verified"),
    "a pass that did not merge": (
        {},
        MERGES | {"strobe": "not merged: CONFLICT"},
        SWAPPED,
        "strobe must be merged",
    ),
    "a swap that passed": ({"colour-order": State.VERIFIED}, MERGES, SWAPPED, "colour-order must fail"),
    "a swap without a verdict": ({}, MERGES, None, "there is none"),
    "a swap that only lost the board": (
        {},
        MERGES,
        replace(SWAPPED, verdict=Verdict.INCONCLUSIVE),
        "there is none",
    ),
    "a swap that did not even boot": ({}, MERGES, replace(SWAPPED, rung="built"), "it got to built"),
    "a swap that the wire did not notice": ({}, MERGES, replace(SWAPPED, rung="timed"), "it got to timed"),
}


@pytest.mark.parametrize(("states", "merges", "swapped", "said"), DEVIATIONS.values(), ids=DEVIATIONS.keys())
def test_each_way_to_go_wrong_is_named(
    states: dict[str, State], merges: dict[str, str], swapped: VerdictRecord | None, said: str
) -> None:
    now = {name: replace(standing, state=states.get(name, standing.state)) for name, standing in NOW.items()}
    (found,) = differences(now, merges, swapped)
    assert said in found


def test_a_dependent_of_the_failure_that_started_after_all_is_named() -> None:
    now = NOW | {"colour-order-doc": Standing("colour-order-doc", State.RUNNING, "attempt 1", attempts=1)}
    (found,) = differences(now, MERGES, SWAPPED)
    assert "colour-order-doc must never start" in found

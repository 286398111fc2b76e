"""A pass answers while the ledger has it and nothing since that says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from hostkit.gate.standing import standing_line
from hostkit.store.glance import Line

SEAL = "e" * 64
SAID: dict[str, Any] = {"run": "r2", "board": {"name": "virt0"}, "build_id": "b", "suite_sha256": "s"}
PASS = Line(2, "r2", "pass", "virt0", "b", "s", "", SEAL)
FAIL = Line(3, "r3", "fail", "virt0", "b", "s", "", "f" * 64)


def test_a_pass_is_known_by_its_place_in_the_ledger() -> None:
    assert standing_line([PASS._replace(seq=1, run_id="r1"), PASS], SAID, SEAL) == 2


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [PASS._replace(run_id="r9")],
        [PASS._replace(verdict="fail")],
        [PASS._replace(evidence_sha256="0" * 64)],
    ],
)
def test_a_pass_that_the_ledger_does_not_have_answers_nothing(lines: list[Line]) -> None:
    assert standing_line(lines, SAID, SEAL) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"verdict": "invalid"},
        {"verdict": "inconclusive"},  # of the same suite: a flaky test, say
        {"suite": "other rules"},
        {"selection": "one test"},
    ],
)
def test_what_happened_to_the_same_build_on_the_same_board_since_makes_it_no_answer(
    changes: dict[str, Any],
) -> None:
    assert standing_line([PASS, FAIL._replace(**changes)], SAID, SEAL) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "pass"},
        {"board": "virt1"},
        {"build_id": "other"},
        {"verdict": "inconclusive", "selection": "one test"},  # as each selection is
        {"verdict": "inconclusive", "suite": "other rules"},
    ],
)
def test_what_is_no_word_against_it_leaves_it_standing(changes: dict[str, Any]) -> None:
    assert standing_line([PASS, FAIL._replace(**changes)], SAID, SEAL) == 2


@pytest.mark.parametrize(
    ("passed", "failed", "place"),
    [
        ("virt0,virt1", "virt1", 0),
        ("virt0", "virt1,virt0", 0),
        ("virt0,virt1", "virt2", 2),
        ("virt1", "virt10", 2),
    ],
)
def test_of_boards_that_shared_a_suite_each_can_speak_against_a_pass(
    passed: str, failed: str, place: int
) -> None:
    first, *others = ({"name": name} for name in passed.split(","))
    lines = [PASS._replace(board=passed), FAIL._replace(board=failed)]
    assert standing_line(lines, SAID | {"board": first, "also": others}, SEAL) == place


def test_a_failure_before_it_counts_no_more() -> None:
    assert standing_line([FAIL._replace(seq=1), PASS], SAID, SEAL) == 2

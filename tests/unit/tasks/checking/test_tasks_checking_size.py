"""The size of a firmware, as a build says it."""

from __future__ import annotations

import json

import pytest

from hostkit.store.model import Verdict
from hostkit.tasks.checking.size import check_size, judge_size
from hostkit.tasks.checks import SizeCheck
from hostkit.testing.process import FakeRunner, Scripted

BUILT = "note: {1}\n" + json.dumps({"ok": True, "sizes": {"flash": 12000, "ram": 3000}}, indent=2) + "\n"

OVER = "over the budget: flash 12,000 of 11,999 B, RAM 3,000 of 3,000 B"
NO_SIZES = "the build ended with exit {} and left no sizes"


@pytest.mark.parametrize(
    ("limits", "code", "output", "verdict", "reason"),
    [
        ((12000, None), 0, BUILT, Verdict.PASS, "flash 12,000 of 12,000 B"),
        (
            (11999, 3000),
            0,
            BUILT,
            Verdict.FAIL,
            OVER,
        ),
        ((None, 2999), 0, BUILT, Verdict.FAIL, "over the budget: RAM 3,000 of 2,999 B"),
        ((1, 1), 1, "x\nerror: main.cpp:3: no\n", Verdict.FAIL, "main.cpp:3: no"),
        ((1, 1), 1, "", Verdict.FAIL, "it does not build"),
        ((1, 1), 0, "", Verdict.INCONCLUSIVE, NO_SIZES.format(0)),
        (
            (1, 1),
            5,
            "error: no compiler",
            Verdict.INCONCLUSIVE,
            NO_SIZES.format(5),
        ),
    ],
)
def test_each_end_of_a_build_has_its_verdict(
    limits: tuple[int | None, int | None], code: int, output: str, verdict: Verdict, reason: str
) -> None:
    finding = judge_size(SizeCheck(1, "virtual", *limits), code, output)
    assert (finding.verdict, finding.reason) == (verdict, reason)


def test_the_env_is_built_by_the_hostkit_that_runs_not_by_the_one_that_is_judged() -> None:
    runner = FakeRunner.of(Scripted((BUILT,)))
    finding = check_size(SizeCheck(1, "virtual", 20000, None), runner, {"A": "b"})
    assert finding.verdict is Verdict.PASS
    (command,) = runner.commands
    assert command.argv[1:] == ("-P", "-m", "hostkit", "build", "-e", "virtual", "--json")
    assert command.env == {"A": "b"}

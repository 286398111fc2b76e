"""So many builds at once, for all processes of the machine, and the number may change."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hostkit.build.slots import BuildSlots
from hostkit.clock import SystemClock
from hostkit.errors import ToolError, UsageError
from hostkit.testing.clock import FakeClock

HOLD = """
import sys; from pathlib import Path
from hostkit.build.slots import BuildSlots; from hostkit.clock import SystemClock
with BuildSlots(Path(sys.argv[1]), SystemClock()).hold(lambda: print("waits", flush=True)):
    print("has it", flush=True); sys.stdin.readline()
"""


class Waking(FakeClock):
    """Does something once somebody waits."""

    def __init__(self, then) -> None:
        super().__init__()
        self.then = then

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.then()


def test_at_first_there_is_one_for_each_core(tmp_path: Path) -> None:
    assert BuildSlots(tmp_path, FakeClock()).number == len(os.sched_getaffinity(0))


def test_whoever_comes_when_all_are_taken_says_so_once_and_waits_for_the_first_that_is_free(tmp_path) -> None:
    said: list[str] = []
    first = ExitStack()
    slots = BuildSlots(tmp_path, Waking(first.close))
    slots.change(1)
    first.enter_context(slots.hold(lambda: said.append("first")))
    with slots.hold(lambda: said.append("second")):
        assert said == ["second"]


def test_a_number_that_grows_lets_in_who_waits_and_one_that_shrinks_throws_nobody_out(tmp_path: Path) -> None:
    grow = Waking(lambda: BuildSlots(tmp_path, FakeClock()).change(2))
    slots = BuildSlots(tmp_path, grow)
    slots.change(1)
    with slots.hold(lambda: None), slots.hold(lambda: None):
        assert grow.slept
        slots.change(1)


def test_the_death_of_a_holder_frees_its_slot(tmp_path: Path) -> None:
    slots = BuildSlots(tmp_path, SystemClock())
    slots.change(1)
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"has it\n"
    child.kill()
    child.communicate()
    with slots.hold(lambda: pytest.fail("waited")):
        pass


@pytest.mark.parametrize("number", [0, -1, 65])
def test_a_number_that_makes_no_sense_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(UsageError, match=f"{number} build slots") as caught:
        BuildSlots(tmp_path, FakeClock()).change(number)
    assert caught.value.hint == "from 1 to 64"


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ToolError, match="cannot write"),
        BuildSlots(tmp_path / "file", FakeClock()).hold(lambda: None),
    ):
        pass


def test_all_slots_are_had_together_or_not_at_all(tmp_path: Path) -> None:
    slots = BuildSlots(tmp_path, SystemClock())
    slots.change(3)
    with slots.hold_all() as alone:
        assert alone
        with slots.hold_all() as second:
            assert not second
    with slots.hold(lambda: None):
        with slots.hold_all() as alone:
            assert not alone
        with ExitStack() as stack:  # what it had for a moment is free again
            for _ in range(2):
                stack.enter_context(slots.hold(lambda: pytest.fail("a slot was kept")))

"""Plain commands: what counts as verified, what is tried again, and what waits. No process, no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.store.model import COMMAND_PHASES, Attempt, End, Order, OrderKind, Phase
from hostkit.tasks.ground import Stamp
from hostkit.tasks.model import COMMAND, TRANSITIONS, Agent, Plan, Run, Standing, State, Task
from hostkit.tasks.standing import standings
from hostkit.tasks.waiting import Around

STAMP = Stamp("c" * 64, "i" * 64, "n" * 64)
OTHER = Stamp("c" * 64, "x" * 64, "n" * 64)


@dataclass
class Ground:
    """What commands run on, as a test says."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    written: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def stamp(self, task: Task, marks: Sequence[str]) -> Stamp:
        self.asked.append(tuple(marks))
        return self.stamps.get(task.id, STAMP)

    def wrote(self, task: Task) -> str:
        return self.written

    def has(self, commit: str) -> bool:
        return False


def command(name: str, *needs: str, attempts: int = 1) -> Task:
    agent = Agent(COMMAND, ("true",), 60)
    return Task(name, name, "", needs, (), (), agent, attempts, 1, run=Run(("true",)))


def tried(number: int, phase: Phase, end: End = End.NONE, why: str = "", stamp: Stamp = STAMP) -> Attempt:
    return Attempt(
        number, "/p", "a", number, phase, end, why, "", "", "/w", "/l", f"t{number}", 1, 1, "x", 1, 0,
        agent=COMMAND, stamp=str(stamp),
    )  # fmt: skip


def stand(
    *attempts: Attempt,
    running: bool = False,
    most: int = 1,
    orders: Sequence[Order] = (),
    ground: Ground | None = None,
) -> dict[str, Standing]:
    plan = Plan(Path("tasks.yaml"), "main", {"a": command("a", attempts=most), "b": command("b", "a")})
    around = Around(ground=ground or Ground())
    return standings(plan, attempts, lambda _: (), running=running, orders=orders, around=around)


def test_it_is_verified_while_it_is_and_runs_on_what_it_was_and_ran_on() -> None:
    passed = tried(1, Phase.PROVED, why="exit 0")
    assert stand(passed)["a"].state is State.VERIFIED
    ground = Ground({"a": OTHER})
    now = stand(passed, ground=ground)
    assert (now["a"].state, now["a"].why) == (State.READY, "changed since attempt 1: its inputs")
    assert now["b"].state is State.PLANNED


def test_what_it_wrote_must_still_be_there() -> None:
    now = stand(tried(1, Phase.PROVED), ground=Ground(written="else"))
    assert (now["a"].state, now["a"].why) == (State.READY, "what attempt 1 wrote is gone or changed")


def test_those_that_need_it_rest_on_what_it_was_verified_by() -> None:
    ground = Ground()
    stand(tried(1, Phase.PROVED), replace(tried(1, Phase.PROVED), task="b"), ground=ground)
    assert ground.asked == [(), (str(STAMP),)]


def test_where_the_checkout_is_not_known_nothing_is_verified() -> None:
    plan = Plan(Path("tasks.yaml"), "main", {"a": command("a")})
    now = standings(plan, [tried(1, Phase.PROVED)], lambda _: (), running=False)
    assert now["a"].state is State.PLANNED


@pytest.mark.parametrize("end", [End.COMMAND_FAILED, End.COMMAND_TIMED_OUT, End.CHECK_FAILED])
def test_what_failed_has_failed_until_something_changes(end: End) -> None:
    failed = tried(1, Phase.ENDED, end, "exit 1")
    now = stand(failed)
    assert (now["a"].state, now["a"].why) == (State.FAILED, f"{end.value}: exit 1")
    assert now["b"].blocked == ("a",)
    assert stand(failed, ground=Ground({"a": OTHER}))["a"].state is State.READY
    assert stand(failed, most=2)["a"].state is State.READY


@pytest.mark.parametrize("end", [End.INTERRUPTED, End.STOPPED])
def test_an_end_that_is_not_its_fault_uses_up_no_attempt_but_one_that_repeats_is_given_up(end: End) -> None:
    row = [tried(number, Phase.ENDED, end, f"pid {number}") for number in (1, 2, 3)]
    assert stand(*row[:2])["a"].state is State.READY
    assert stand(*row)["a"].state is (State.FAILED if end is End.INTERRUPTED else State.READY)


def test_one_that_was_stopped_by_a_person_waits_for_a_person() -> None:
    called_off = tried(1, Phase.ENDED, End.CALLED_OFF, "by me")
    assert "hostkit tasks retry a" in stand(called_off)["a"].why
    retry = Order(1, "a", OrderKind.RETRY, 1, 1, "me", 5)
    assert stand(called_off, orders=[retry])["a"].state is State.READY
    again = tried(2, Phase.ENDED, End.COMMAND_FAILED)
    assert stand(called_off, again, orders=[retry])["a"].state is State.FAILED


def test_what_is_at_work_is_so_only_while_a_runner_lives() -> None:
    at_work = tried(1, Phase.RUNNING)
    assert stand(at_work, running=True)["a"].state is State.RUNNING
    assert stand(tried(1, Phase.PROVING), running=True)["a"].state is State.PROVING
    assert stand(at_work)["a"].state is State.READY


@given(
    st.lists(st.sampled_from([*Phase]), max_size=4), st.sampled_from([End.COMMAND_FAILED, End.CHECK_FAILED])
)
def test_states_follow_each_other_as_the_table_says(phases: list[Phase], end: End) -> None:
    """Whatever way phases go that the book lets through, the states go along the one table."""
    number, phase, attempts = 0, Phase.PROVED, list[Attempt]()
    states = [stand()["a"].state]

    def look() -> None:
        ground = Ground({"a": Stamp(str(number), "i", "n")})
        states.append(stand(*attempts, running=True, most=2, ground=ground)["a"].state)

    for wanted in phases:
        if phase is Phase.PROVED or states[-1] is State.FAILED:  # only what changed is run again
            number += 1
            look()
        if not COMMAND_PHASES[phase]:
            phase = Phase.RUNNING
            attempts.append(tried(len(attempts) + 1, phase, stamp=Stamp(str(number), "i", "n")))
        elif wanted in COMMAND_PHASES[phase]:
            phase = wanted
            attempts[-1] = replace(attempts[-1], phase=phase, end=end if phase is Phase.ENDED else End.NONE)
        look()
    for before, after in pairwise(states):
        assert before is after or after in TRANSITIONS[before], (before, after, phases)

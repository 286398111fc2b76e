"""The merge train's rules, tried with every kind of change, board trouble and order of ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.train.machine import (
    TIP,
    Limits,
    Outcome,
    Stack,
    Train,
    ended,
    held,
    joined,
    moved,
    renamed,
    started,
    wanted,
    withdrawn,
)


@dataclass
class World:
    """What is true of the changes, and what the train made of them."""

    bad: frozenset[str] = frozenset()
    apart: frozenset[frozenset[str]] = frozenset()  # pairs that fail together
    clashing: frozenset[frozenset[str]] = frozenset()  # pairs that do not merge
    main: Stack = ()
    ejected: list[str] = field(default_factory=list)
    passed: set[Stack] = field(default_factory=set)
    tests: int = 0

    def truth(self, stack: Stack) -> Outcome:
        inside = set(self.main + stack)
        if any(pair <= inside for pair in self.clashing):
            return Outcome.CONFLICT
        broken = inside & self.bad or any(pair <= inside for pair in self.apart)
        return Outcome.FAIL if broken else Outcome.PASS

    def end(self, train: Train, stack: Stack, outcome: Outcome) -> Train:
        """Let one test end, and hold the train to its rules."""
        self.tests += 1
        if outcome is Outcome.PASS:
            self.passed.add(self.main + stack)
        step = ended(train, stack, outcome)
        if step.merged:
            self.main += step.merged
            assert self.main in self.passed
        if step.ejected:
            assert self.truth(()) is Outcome.PASS
            assert self.truth((step.ejected,)) is step.why is not Outcome.PASS
            self.ejected.append(step.ejected)
        return step.train


def fill(train: Train) -> Train:
    for stack in wanted(train):
        assert stack not in train.running
        train = started(train, stack)
    assert len(train.running) <= train.limits.lanes
    return train


def ride(world: World, train: Train) -> Train:
    """Run to the end, the oldest test first, with boards that always answer."""
    while (train := fill(train)).running:
        stack = min(train.running, key=len)
        train = world.end(train, stack, world.truth(stack))
    return train


@given(st.data())
def test_any_train_ends_with_innocent_changes_merged_in_order_at_commits_that_passed(
    data: st.DataObject,
) -> None:
    changes = tuple("abcdefgh"[: data.draw(st.integers(0, 8))])
    some = st.sampled_from(changes) if changes else st.nothing()
    pairs = (
        st.frozensets(st.frozensets(some, min_size=2, max_size=2), max_size=2)
        if changes[1:]
        else st.just(frozenset())
    )
    world = World(
        data.draw(st.frozensets(some)) if changes else frozenset(), data.draw(pairs), data.draw(pairs)
    )
    limits = Limits(data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6)), 8, 3)
    train = Train.of(changes[:3], limits)
    late: list[str] = list(changes[3:])
    trouble = data.draw(st.integers(0, 2))
    while True:
        train = fill(train)
        if late and (not train.running or data.draw(st.booleans())):
            train = fill(joined(train, late.pop(0)))
        if not train.running:
            if not late:
                break
            continue
        stack = data.draw(st.sampled_from(sorted(train.running)))
        outcome = world.truth(stack)
        if trouble and data.draw(st.booleans()):  # fewer than the budget: it must change nothing
            trouble, outcome = trouble - 1, Outcome.UNKNOWN
        train = world.end(train, stack, outcome)
    assert (train.queue, held(train)) == ((), "")
    assert sorted(world.main + tuple(world.ejected)) == sorted(changes)
    assert list(world.main) == sorted(world.main)
    involved = world.bad.union(*world.apart, *world.clashing)
    assert set(world.ejected) <= involved
    assert world.tests <= 60


@given(st.integers(1, 4), st.integers(1, 5), st.lists(st.sampled_from(list(Outcome)), max_size=60))
def test_whatever_boards_answer_the_train_stops_and_the_target_has_a_pass_of_its_own(
    lanes: int, window: int, answers: list[Outcome]
) -> None:
    world, train, left = World(), Train.of(tuple("abcde"), Limits(lanes, window, 8, 2)), list(answers)
    while (train := fill(train)).running:
        stack = sorted(train.running)[0]
        step = ended(train, stack, left.pop() if left else Outcome.UNKNOWN)
        world.main += step.merged
        train, world.tests = step.train, world.tests + 1
        assert world.tests < 200
    assert not train.queue or held(train)
    assert list(world.main) == sorted(world.main)


def test_with_a_board_for_each_change_all_stacks_are_tested_at_once() -> None:
    assert wanted(Train.of(tuple("abc"), Limits(lanes=4))) == (("a",), ("a", "b"), ("a", "b", "c"))


def test_one_board_tests_a_batch_first_and_bisects_when_it_fails() -> None:
    world = World(bad=frozenset("g"))
    train = ride(world, Train.of(tuple("abcdefgh"), Limits(lanes=1, window=8)))
    assert (world.main, world.ejected, train.queue) == (tuple("abcdefh"), ["g"], ())
    assert world.tests <= 6  # eight one by one would be eight


def test_the_window_grows_with_merges_up_to_its_limit_and_halves_on_a_failure() -> None:
    train = fill(Train.of(tuple("abcdef"), Limits(window=4, widest=6), tip_passed=True))
    train = ended(train, tuple("abcd"), Outcome.PASS).train
    assert train.window == 6
    train = ended(fill(train), tuple("ef"), Outcome.FAIL).train
    step = ended(fill(train), ("e",), Outcome.FAIL)
    assert (step.ejected, step.train.window, step.train.queue) == ("e", 3, ("f",))


def test_nobody_is_ejected_while_it_is_not_known_that_the_target_passes() -> None:
    train = started(Train.of(("a",), Limits()), ("a",))
    step = ended(train, ("a",), Outcome.FAIL)
    assert (step.ejected, wanted(step.train)) == ("", (TIP,))
    red = ended(started(step.train, TIP), TIP, Outcome.FAIL)
    assert (red.ejected, red.train.queue) == ("", ("a",))
    assert held(red.train) == "the target itself fails, and no change repairs it"
    green = ended(started(step.train, TIP), TIP, Outcome.PASS)
    assert (green.ejected, green.why) == ("a", Outcome.FAIL)


def test_a_change_further_back_that_repairs_the_target_takes_those_before_it_along() -> None:
    train = Train.of(tuple("ab"), Limits(lanes=1, window=2))
    for stack in (tuple("ab"), ("a",), TIP):
        assert wanted(train) == (stack,)
        train = ended(started(train, stack), stack, Outcome.FAIL).train
    train = joined(train, "c")
    train = Train(train.queue, train.limits, 3, train.decided, train.tried)
    assert wanted(train) == (tuple("abc"),)
    assert ended(fill(train), tuple("abc"), Outcome.PASS).merged == tuple("abc")


def test_board_trouble_is_tried_again_within_a_budget_and_then_holds_the_train_without_ejecting() -> None:
    train = Train.of(tuple("ab"), Limits(tries=2), tip_passed=True)
    for stack in (tuple("ab"), tuple("ab"), ("a",), ("a",)):
        assert (wanted(train), held(train)) == ((stack,), "")
        step = ended(fill(train), stack, Outcome.UNKNOWN)
        assert (step.merged, step.ejected) == ((), "")
        train = step.train
    assert held(train) == "a was inconclusive 2 times: neither its fault nor a pass"


def test_outcomes_of_longer_stacks_stay_when_what_they_begin_with_merges() -> None:
    train = fill(Train.of(tuple("abc"), Limits(lanes=3)))
    train = ended(train, tuple("abc"), Outcome.FAIL).train
    step = ended(train, tuple("ab"), Outcome.PASS)
    assert (step.merged, step.ejected, step.train.queue) == (tuple("ab"), "c", ())
    assert renamed(("a",), tuple("ab")) is None
    assert renamed(tuple("abc"), tuple("ab")) == ("c",)


def test_a_late_outcome_of_a_stack_that_left_the_line_changes_nothing() -> None:
    train = fill(Train.of(tuple("ab"), Limits(lanes=2), tip_passed=True))
    train = ended(train, ("a",), Outcome.FAIL).train
    assert ended(train, tuple("ab"), Outcome.PASS).train == train


@pytest.mark.parametrize("change", ["a", "b"])
def test_a_change_that_is_withdrawn_takes_its_stacks_along(change: str) -> None:
    train = withdrawn(fill(Train.of(tuple("ab"), Limits(lanes=2))), change)
    assert change not in train.queue
    assert all(change not in stack for stack in train.running)


def test_a_target_that_others_moved_makes_every_outcome_void() -> None:
    train = fill(Train.of(tuple("ab"), Limits(lanes=2), tip_passed=True))
    again = moved(ended(train, tuple("ab"), Outcome.FAIL).train)
    assert (again.decided, again.running, again.queue) == ({}, frozenset(), tuple("ab"))

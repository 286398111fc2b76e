"""Who begins now where jobs need several boards at once: nobody waits for ever, and no board does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.errors import UsageError
from hostkit.jobs.allot import Assignment, Room, Standing, allot, keepers
from hostkit.jobs.model import Job, State, Step
from hostkit.jobs.order import Head, in_order
from hostkit.jobs.wish import find_fitting, line_name, parse_wish
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

B0, B1, B2 = BOARDS = [BoardSpec(f"b{n}", Kind.VIRTUAL, Chip.ESP32, f"02:00:00:00:00:0{n}") for n in range(3)]
FREE, HELD, ASK, TAKEN, OUT = Standing


def a_job(number: int, *boards: BoardSpec) -> Job:
    """Return a job for one board, or for several at once."""
    if len(boards) > 1:
        return Job(number, a_wish_for_all(boards), State.WAITING)
    wanted = a_wish_for(build=False, wish=boards[0].name, line=line_name(boards))
    return Job(number, wanted, State.WAITING)


def boards_of(job: Job) -> Sequence[BoardSpec]:
    return find_fitting(parse_wish(job.wanted.wish), BOARDS)


def begun(jobs: Sequence[Job], standing: dict[BoardSpec, Standing] | None = None) -> list[Assignment]:
    """Return who begins; the job of a lower number entered earlier."""
    order = in_order(Head(job.id, job.line, 0, 1, job.id) for job in jobs)
    room = Room(8, 8, boards_of, lambda spec, env: (standing or {}).get(spec, FREE))
    return allot(order, {job.id: job for job in jobs}, room)


def numbers(jobs: Sequence[Job], standing: dict[BoardSpec, Standing] | None = None) -> list[int]:
    return [each.job for each in begun(jobs, standing)]


def test_a_job_for_several_boards_begins_on_all_of_them_in_the_order_of_their_names() -> None:
    (both,) = begun([a_job(1, B1, B0), a_job(2, B0), a_job(3, B1)])
    assert (both.job, both.step, both.boards) == (1, Step.GATE, (B1, B0))


def test_while_it_waits_for_one_its_free_boards_are_kept_from_who_is_behind_but_not_others() -> None:
    assert numbers([a_job(1, B0, B1), a_job(2, B0), a_job(3, B2)], {B1: TAKEN}) == [3]
    assert numbers([a_job(1, B0), a_job(2, B0, B1), a_job(3, B1)]) == [1]  # it begins where the first does
    assert numbers([a_job(1, B0), a_job(2, B0, B1)]) == [1]


def test_nothing_is_kept_for_a_board_that_may_not_come_back() -> None:
    assert numbers([a_job(1, B0, B1), a_job(2, B0)], {B1: OUT}) == [2]


def test_who_stands_behind_another_that_keeps_one_of_its_boards_keeps_none() -> None:
    chain = [a_job(1, B0, B1), a_job(2, B1, B2), a_job(3, B2)]
    assert numbers(chain, {B0: TAKEN}) == [3]
    assert numbers(chain) == [1]  # and from then on the second keeps what is free


def test_a_board_that_somebody_has_by_hand_is_waited_for_at_the_board_itself() -> None:
    assert numbers([a_job(1, B0, B1)], {B1: HELD}) == [1]


def test_a_board_that_is_to_be_asked_first_is_asked_alone() -> None:
    (probe,) = begun([a_job(1, B0, B1), a_job(2, B0)], {B1: ASK})
    assert (probe.job, probe.step, probe.boards) == (1, Step.PROBE, (B1,))
    assert numbers([a_job(1, B0, B1)], {B0: TAKEN, B1: ASK}) == []


def test_keepers_are_named_for_who_asks_why_it_waits() -> None:
    waiting = [a_job(1, B0), a_job(2, B0, B1), a_job(3, B1, B2), a_job(4, B1)]
    assert keepers(waiting, boards_of, lambda spec, env: TAKEN if spec == B0 else FREE) == {
        B0.identity: 2,
        B1.identity: 2,
    }
    assert keepers(waiting[:2], boards_of, lambda spec, env: FREE) == {}  # it is about to begin


def test_a_job_whose_boards_nobody_has_any_more_keeps_none() -> None:
    def gone(job: Job) -> Sequence[BoardSpec]:
        raise UsageError("nobody has a board b1", hint="")

    assert keepers([a_job(1, B0, B1)], gone, lambda spec, env: TAKEN) == {}


SETS = st.sets(st.sampled_from(BOARDS), min_size=1).map(
    lambda found: sorted(found, key=lambda each: each.name)
)


@given(st.lists(SETS, min_size=1, max_size=12), st.data())
def test_every_job_begins_though_others_come_for_its_boards_without_end(
    wanted: list[list[BoardSpec]], data: st.DataObject
) -> None:
    """After each round one step ends, and a new job for one board comes: the worst that a crowd can do."""
    waiting = [a_job(number, *boards) for number, boards in enumerate(wanted, 1)]
    first, running = {job.id for job in waiting}, dict[int, tuple[BoardSpec, ...]]()
    for turn in range(100):
        used = [spec for boards in running.values() for spec in boards]
        assert len(used) == len(set(used)), "two have one board"
        new = begun(waiting, dict.fromkeys(used, TAKEN))
        assert new or running, "boards are free and nobody begins"
        running |= {each.job: each.boards for each in new}
        waiting = [job for job in waiting if job.id not in running]
        first -= running.keys()
        if not first:
            return
        ended = data.draw(st.sampled_from(sorted(running)))
        if turn % 8 == 7:  # no step goes on for ever
            ended = min(running)
        del running[ended]
        waiting.append(a_job(1000 + turn, data.draw(st.sampled_from(BOARDS))))
    raise AssertionError(f"never began: {first}")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_that_want_overlapping_boards_do_not_keep_each_other_waiting(order: tuple[int, int]) -> None:
    first, second = (a_job(number, B0, B1) if n else a_job(number, B1, B2) for n, number in enumerate(order))
    assert numbers([first, second]) == [1]
    assert numbers([first, second], {B1: TAKEN}) == []

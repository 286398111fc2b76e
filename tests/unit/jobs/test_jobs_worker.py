"""What a worker does in one turn after the other."""

from __future__ import annotations

import platform
from dataclasses import replace

import pytest

from hostkit.errors import ToolError, UsageError
from hostkit.jobs.allot import allot
from hostkit.jobs.breaker import COOL_S, FAULTS
from hostkit.jobs.model import Ending, Kind, Outcome, State
from hostkit.jobs.workers import WorkerRecord
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

PASS, FAIL = Ending(Outcome.PASS), Ending(Outcome.FAIL, "a test failed")
LOST_LINK = Ending(Outcome.INCONCLUSIVE, "link lost", board_fault=True)


def test_a_gate_goes_through_its_steps_and_says_how_it_ended(shop) -> None:
    shop.answer = lambda job, attempt: replace(PASS, reason="all passed")
    job = shop.queue.submit(a_wish_for())
    worker = shop.worker()
    for _ in range(3):
        worker.turn()
    assert shop.queue.get(job.id).state is State.PASSED
    assert [(a.step.value, a.board_name) for _, a, _ in shop.launcher.launched] == [
        ("build", ""),
        ("gate", "virt0"),
    ]
    assert shop.told[1:3] == ["job 1: waiting: all passed", "job 1: gate on virt0"]
    assert shop.told[-1] == "job 1: passed: all passed"
    assert worker.idle


def test_no_more_builds_run_at_once_than_there_are_slots_and_the_number_changes_live(shop) -> None:
    for _ in range(4):
        shop.queue.submit(a_wish_for(Kind.BUILD))
    worker = shop.worker(seats=8)
    worker.turn()
    assert len(shop.running()) == 2
    shop.slots = 3
    worker.turn()
    assert len(shop.running()) == 3
    shop.slots = 1
    shop.finish(1, PASS)
    worker.turn()
    assert len(shop.running()) == 2


def test_each_board_is_used_by_one_job_and_a_free_one_is_found_for_who_does_not_mind(shop) -> None:
    for _ in range(3):
        shop.queue.submit(a_wish_for(build=False))
    worker = shop.worker(seats=8)
    worker.turn()
    assert shop.running() == [("gate", "virt0"), ("gate", "virt1")]
    shop.finish(1, PASS)
    worker.turn()
    assert shop.running() == [("gate", "virt1"), ("gate", "virt0")]


def test_a_board_that_is_held_outside_of_the_queue_is_the_last_choice(shop) -> None:
    with shop.leases.take("02686b000000", "hostkit monitor"):
        shop.queue.submit(a_wish_for(build=False))
        shop.queue.submit(a_wish_for(build=False))
        shop.worker().turn()
        assert shop.running() == [("gate", "virt1"), ("gate", "virt0")]


def test_a_board_out_of_service_is_not_used(shop) -> None:
    shop.outages.take_out(shop.boards[0], "smells burnt")
    del shop.boards[1]
    shop.queue.submit(a_wish_for(build=False))
    shop.worker().turn()
    assert shop.running() == []
    assert "out of service: smells burnt" in shop.premises.why_not(shop.boards[0], {})


def test_a_board_that_failed_too_often_is_left_alone_then_asked_then_used(shop) -> None:
    del shop.boards[1]
    shop.answer = lambda job, attempt: LOST_LINK
    worker = shop.worker()
    for _ in range(FAULTS):
        shop.queue.submit(a_wish_for(build=False))
        worker.turn()
        worker.turn(begin=False)
    known = shop.leasing.boards()
    assert f"failed {FAULTS} times in a row" in shop.premises.why_not(shop.boards[0], known)
    launched = len(shop.launcher.launched)
    worker.turn()
    assert len(shop.launcher.launched) == launched
    shop.clock.advance(COOL_S + 300)
    shop.answer = lambda job, attempt: PASS
    worker.turn()
    worker.turn()
    steps = [attempt.step.value for _, attempt, _ in shop.launcher.launched[launched:]]
    assert steps == ["probe", "gate"]


def test_a_board_without_an_image_to_ask_it_with_is_asked_by_the_job_itself(shop) -> None:
    del shop.boards[1]
    shop.answer = lambda job, attempt: LOST_LINK
    worker = shop.worker()
    for _ in range(FAULTS):
        shop.queue.submit(a_wish_for(build=False))
        worker.turn()
        worker.turn(begin=False)
    shop.clock.advance(COOL_S + 300)
    shop.can_ask = False
    worker.turn()
    assert shop.launcher.launched[-1][1].step.value == "gate"


def test_a_job_for_both_boards_is_served_though_jobs_for_one_of_them_keep_coming(shop) -> None:
    """Each board is free in turn, never both: only because a free one is kept does the job ever begin."""
    all_boards = list(shop.boards)
    for number in (0, 1):
        shop.queue.submit(a_wish_for(build=False, wish=f"virt{number}", line=all_boards[number].identity))
    shop.pick = lambda job: [spec for spec in all_boards if spec.name in job.wanted.wish.split(",")]
    worker = shop.worker(seats=8)
    worker.turn()
    both = shop.queue.submit(a_wish_for_all(all_boards))
    for number in (0, 1):
        shop.queue.submit(a_wish_for(build=False, wish=f"virt{number}", line=all_boards[number].identity))
        assert shop.queue.get(both.id).state is State.WAITING
        shop.finish(number + 1, PASS)
        worker.turn()
    assert shop.running() == [("gate", "virt0,virt1")]
    assert shop.told[-1] == f"job {both.id}: gate on virt0,virt1"
    (attempt,) = shop.leasing.running()
    assert {shop.premises.fence.highest(identity) for identity in attempt.boards} == {attempt.generation}
    shop.finish(both.id, PASS)
    worker.turn()
    assert sorted(shop.running()) == [("gate", "virt0"), ("gate", "virt1")]


def test_one_sick_board_holds_a_job_for_both_and_nothing_is_kept_for_it_meanwhile(shop) -> None:
    all_boards = list(shop.boards)
    shop.pick = lambda job: [spec for spec in all_boards if spec.name in job.wanted.wish.split(",")]
    shop.answer = lambda job, attempt: replace(LOST_LINK, reason="virt1: link lost")
    worker = shop.worker()
    first = shop.queue.submit(a_wish_for_all(all_boards))
    for _ in range(FAULTS):
        worker.turn()
        worker.turn(begin=False)
        shop.clock.advance(20)
    assert shop.queue.get(first.id).tries == FAULTS
    shop.answer = lambda job, attempt: None
    shop.queue.submit(a_wish_for(build=False))
    worker.turn()
    assert shop.running() == [("gate", "virt0")]
    shop.clock.advance(COOL_S)
    shop.finish(2, PASS)
    worker.turn()
    assert shop.running() == [("probe", "virt1")]
    shop.finish(first.id, PASS)
    worker.turn()
    assert shop.running() == [("gate", "virt0,virt1")]


def test_a_cancelled_job_is_written_down_when_its_processes_are_gone(shop) -> None:
    job = shop.queue.submit(a_wish_for(Kind.BUILD))
    worker = shop.worker()
    worker.turn()
    shop.queue.cancel(job.id)
    worker.turn()
    worker.turn()
    assert shop.queue.get(job.id).state is State.CANCELLED
    assert shop.running() == []


def test_a_drained_queue_begins_nothing_and_lets_what_runs_come_to_its_end(shop) -> None:
    first, second = (shop.queue.submit(a_wish_for(Kind.BUILD)) for _ in range(2))
    worker = shop.worker(seats=1)
    worker.turn()
    shop.queue.drain(on=True)
    shop.finish(first.id, PASS)
    worker.turn()
    assert shop.queue.get(first.id).state is State.PASSED
    assert shop.queue.get(second.id).state is State.WAITING
    shop.queue.drain(on=False)
    worker.turn()
    assert shop.queue.get(second.id).state is State.RUNNING


def test_a_worker_that_is_told_to_end_puts_its_jobs_back_and_costs_them_nothing(shop) -> None:
    job = shop.queue.submit(a_wish_for(build=False))
    worker = shop.worker()
    worker.turn()
    worker.close()
    worker.close()
    back = shop.queue.get(job.id)
    assert (back.state, back.tries, back.lost) == (State.WAITING, 0, 0)
    assert shop.workers.all() == []


def test_a_job_that_is_built_is_said_to_wait_for_what_is_next(shop) -> None:
    shop.answer = lambda job, attempt: PASS
    shop.queue.submit(a_wish_for())
    worker = shop.worker()
    for _ in range(2):
        worker.turn()
    assert shop.told == ["job 1: build", "job 1: waiting to gate", "job 1: gate on virt0"]


def test_what_a_dead_worker_left_is_found_and_done_again(shop) -> None:
    job = shop.queue.submit(a_wish_for(build=False))
    worker = shop.worker()
    dead = shop.workers.register(replace(worker.record, pid_start=-1))  # a pid that was used again
    heads, jobs = shop.leasing.heads("here", 1)
    room = shop.premises.room(1, [], {})
    ((_, left),) = shop.leasing.take(dead, allot(heads, jobs, room))
    worker.turn()
    assert [each.id for each in shop.launcher.recovered] == [left.id]
    assert f"job {job.id}: its worker died; waiting" in shop.told
    again = shop.queue.get(job.id)
    assert (again.state, again.lost) == (State.RUNNING, 1)
    assert [each.id for each in shop.workers.all()] == [worker.record.id]


@pytest.mark.parametrize("silent_s", [59, 61])
def test_a_worker_of_another_host_counts_as_dead_after_a_minute_without_a_beat(shop, silent_s: int) -> None:
    shop.workers.register(WorkerRecord(0, "attic", "boot of attic", 1, 1))
    worker = shop.worker()
    worker.turn()
    shop.clock.jump(86400)
    shop.clock.advance(silent_s)
    worker.turn()
    assert len(shop.workers.all()) == (2 if silent_s < 60 else 1)


def test_a_worker_of_this_host_from_before_its_last_start_is_dead(shop) -> None:
    worker = shop.worker()
    shop.workers.register(replace(worker.record, boot="before", host=platform.node()))
    worker.turn()
    assert [each.id for each in shop.workers.all()] == [worker.record.id]


def test_a_worker_that_was_taken_for_dead_ends_what_it_runs_and_starts_anew(shop) -> None:
    job = shop.queue.submit(a_wish_for(build=False))
    worker = shop.worker()
    worker.turn()
    first = shop.launcher.launched[0][2]
    shop.workers.sign_off(worker.record.id)
    other = shop.worker()
    other.turn()
    shop.clock.advance(10)
    worker.turn()
    assert first.poll().outcome is Outcome.STOPPED
    assert worker.record.id > other.record.id
    assert shop.queue.get(job.id).state is State.RUNNING
    assert [each.worker for each in shop.leasing.running()] == [other.record.id]


def test_a_step_that_cannot_be_started_is_tried_again_and_one_that_makes_no_sense_is_not(shop) -> None:
    shop.answer = lambda job, attempt: ToolError("no space left", hint="")
    first = shop.queue.submit(a_wish_for(Kind.BUILD))
    worker = shop.worker()
    worker.turn()
    again = shop.queue.get(first.id)
    assert (again.state, again.tries, again.reason) == (State.WAITING, 1, "no space left")
    shop.answer = lambda job, attempt: UsageError("the checkout moved", hint="")
    second = shop.queue.submit(a_wish_for(Kind.BUILD))
    worker.turn()
    refused = shop.queue.get(second.id)
    assert (refused.state, refused.reason) == (State.REFUSED, "the checkout moved")


def test_a_job_whose_board_was_taken_off_the_list_is_refused_instead_of_waiting_for_ever(shop) -> None:
    job = shop.queue.submit(a_wish_for(build=False))
    shop.boards.clear()
    shop.worker().turn()
    ended = shop.queue.get(job.id)
    assert (ended.state, ended.reason) == (State.REFUSED, "nobody has a board virt0")


def test_a_lease_has_its_generation_on_the_board_s_host_before_the_step_starts(shop) -> None:
    seen: list[tuple[int, int]] = []

    def answer(job, attempt):
        seen.append((attempt.generation, shop.premises.fence.highest(attempt.board)))
        return PASS

    shop.answer = answer
    shop.premises.fence.raise_to("02686b000000", 41)
    shop.queue.submit(a_wish_for(build=False))
    shop.worker().turn()
    assert seen == [(42, 42)]

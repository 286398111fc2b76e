"""What the queue promises, on every kind of database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hostkit.boards.model import BoardSpec, Chip
from hostkit.boards.model import Kind as BoardKind
from hostkit.errors import UsageError
from hostkit.jobs import moving
from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.breaker import COOL_S, FAULTS, Circuit
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome, State, Step
from hostkit.jobs.workers import WorkerRecord
from hostkit.store.database import open_database
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

VIRT0, VIRT1 = [BoardSpec(f"virt{n}", BoardKind.VIRTUAL, Chip.ESP32, f"02:68:6b:00:00:0{n}") for n in (0, 1)]
PASS, FAIL = (
    Ending(Outcome.PASS, "all passed", "/runs/1", 0),
    Ending(Outcome.FAIL, "a test failed", "/runs/1", 1),
)
LOST_LINK = Ending(Outcome.INCONCLUSIVE, "link lost", "/runs/1", 3, board_fault=True)
STOPPED, GONE = Ending(Outcome.STOPPED, "ended"), Ending(Outcome.LOST, "the worker died")


def take(office, worker: WorkerRecord | None = None, *, seats: int = 8, builds: int = 8) -> list:
    """Let a worker take what it can, where every job wants virt0 and nobody else has it."""
    heads, jobs = office.leasing.heads("here", seats)
    room = Room(seats, builds, lambda job: (VIRT0,), lambda spec, env: Standing.FREE)
    return office.leasing.take(worker or office.ann, allot(heads, jobs, room))


def take_one(office, **how: int) -> tuple[Job, Attempt]:
    taken = take(office, seats=1, **how)
    assert len(taken) == 1
    return taken[0]


def settle(office, attempt: Attempt, ending: Ending) -> Job:
    changed = office.leasing.settle([(attempt.id, ending)])
    assert len(changed) == 1
    return changed[0]


def at_the_board(office, **changes: object) -> tuple[Job, Attempt]:
    """Submit a job and bring it to its board."""
    office.queue.submit(a_wish_for(build=False, **changes))
    return take_one(office)


def test_what_was_submitted_is_there_word_for_word(office) -> None:
    wanted = a_wish_for(
        options=("-k", "wire and not lava"),
        priority=-3,
        timeout_s=12.5,
        identity="i" * 64,
        variables=(("HOSTKIT_RUNS_DIR", "/r"),),
    )
    job = office.queue.submit(wanted)
    assert office.queue.get(job.id) == job
    assert (job.wanted, job.state, job.submitted_ns) == (wanted, State.WAITING, office.clock.wall_ns())


def test_a_job_that_is_not_there_is_named(office) -> None:
    with pytest.raises(UsageError, match="there is no job 7") as caught:
        office.queue.get(7)
    assert "hostkit queue list" in caught.value.hint


def test_a_gate_builds_then_stands_in_the_line_of_its_board_and_then_ends(office) -> None:
    submitted = office.queue.submit(a_wish_for())
    job, building = take_one(office)
    assert (job.id, job.state, building.step, building.board) == (submitted.id, State.RUNNING, Step.BUILD, "")
    job = settle(office, building, Ending(Outcome.PASS, exit_code=0))
    assert (job.state, job.now, job.line) == (State.WAITING, Step.GATE, "here/" + job.wanted.line)
    job, judging = take_one(office)
    assert (judging.step, judging.board, judging.board_name) == (Step.GATE, VIRT0.identity, "virt0")
    job = settle(office, judging, PASS)
    assert office.queue.get(job.id) == job
    assert (job.state, job.reason, job.evidence) == (State.PASSED, "all passed", "/runs/1")
    assert [each.outcome for each in office.queue.attempts(job.id)] == [Outcome.PASS, Outcome.PASS]


def test_two_workers_never_take_one_job_twice(office) -> None:
    for _ in range(3):
        office.queue.submit(a_wish_for(Kind.BUILD))
    heads, jobs = office.leasing.heads("here", 8)
    room = Room(8, 8, lambda job: (), lambda spec, env: Standing.FREE)
    both = allot(heads, jobs, room)
    first, second = office.leasing.take(office.ann, both[:2]), office.leasing.take(office.bob, both)
    assert [job.id for job, _ in first] == [1, 2]
    assert [job.id for job, _ in second] == [3]


def test_a_job_that_has_gone_on_to_its_next_step_since_it_was_looked_at_is_left_alone(office) -> None:
    """Else a second build would be what the gate came to."""
    office.queue.submit(a_wish_for())
    heads, jobs = office.leasing.heads("here", 8)
    room = Room(8, 8, lambda job: (VIRT0,), lambda spec, env: Standing.FREE)
    seen = allot(heads, jobs, room)
    ((_, building),) = office.leasing.take(office.ann, seen)
    job = settle(office, building, Ending(Outcome.PASS, exit_code=0))
    assert (job.state, job.now) == (State.WAITING, Step.GATE)
    assert office.leasing.take(office.bob, seen) == []
    assert take_one(office)[1].step is Step.GATE


def test_two_jobs_never_have_one_board_and_each_lease_has_a_higher_generation(office) -> None:
    for _ in range(2):
        office.queue.submit(a_wish_for(build=False))
    heads, jobs = office.leasing.heads("here", 8)
    room = Room(8, 8, lambda job: (VIRT0,), lambda spec, env: Standing.FREE)
    one = allot(heads, jobs, room)
    other = allot([head for head in heads if head.job != one[0].job], jobs, room)
    ((_, first),) = office.leasing.take(office.ann, one)
    assert office.leasing.take(office.bob, other) == []
    assert office.leasing.boards()[VIRT0.identity].attempt == first.id
    settle(office, first, PASS)
    ((_, second),) = office.leasing.take(office.bob, other)
    assert second.generation > first.generation


def test_a_generation_is_above_what_the_host_of_the_board_knows_though_the_database_is_new(office) -> None:
    office.queue.submit(a_wish_for(build=False))
    heads, jobs = office.leasing.heads("here", 8)
    (wanted,) = allot(heads, jobs, Room(8, 8, lambda job: (VIRT0,), lambda spec, env: Standing.FREE))
    ((_, attempt),) = office.leasing.take(office.ann, [replace(wanted, seen_generation=41)])
    assert attempt.generation == 42


def test_submitters_are_served_in_turn_and_higher_priorities_first(office) -> None:
    for who, priority in (("a", 0), ("a", 0), ("a", 0), ("b", 0), ("b", 0), ("c", 1)):
        office.queue.submit(a_wish_for(Kind.BUILD, submitter=who, priority=priority))
    order = []
    while taken := take(office, seats=1):
        order.append(taken[0][0].wanted.submitter)
    assert order == ["c", "a", "b", "a", "b", "a"]


def test_who_comes_late_does_not_wait_for_all_that_came_before(office) -> None:
    for _ in range(4):
        office.queue.submit(a_wish_for(Kind.BUILD, submitter="a"))
    assert [take_one(office)[0].wanted.submitter for _ in range(2)] == ["a", "a"]
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="b"))
    assert [take_one(office)[0].wanted.submitter for _ in range(3)] == ["a", "b", "a"]


def test_a_job_is_taken_only_on_the_host_that_has_its_checkout(office) -> None:
    for host in ("her", "here", "here2"):
        office.queue.submit(a_wish_for(Kind.BUILD, host=host))
    assert [job.wanted.host for job, _ in take(office)] == ["here"]
    assert [job.wanted.host for job in office.queue.waiting("her", 5)] == ["her"]


def test_a_job_behind_a_busy_board_does_not_keep_builds_waiting(office) -> None:
    at_the_board(office)
    office.queue.submit(a_wish_for(build=False))
    office.queue.submit(a_wish_for(Kind.BUILD))
    heads, jobs = office.leasing.heads("here", 8)
    room = Room(8, 8, lambda job: (VIRT0,), lambda spec, env: Standing.TAKEN)
    assert [job.wanted.kind for job, _ in office.leasing.take(office.ann, allot(heads, jobs, room))] == [
        Kind.BUILD
    ]


def test_a_lost_link_is_tried_again_after_longer_and_longer_pauses_until_the_budget_is_spent(
    office,
) -> None:
    _, attempt = at_the_board(office)
    pauses = []
    for _ in range(3):
        job = settle(office, attempt, LOST_LINK)
        assert (job.state, job.reason) == (State.WAITING, "link lost")
        pauses.append((job.not_before_ns - office.clock.wall_ns()) / 1e9)
        assert take(office) == []
        office.clock.advance(pauses[-1])
        _, attempt = take_one(office)
    assert pauses[0] < pauses[1] < pauses[2]
    job = settle(office, attempt, LOST_LINK)
    assert (job.state, job.tries) == (State.DEAD, 4)
    assert [each.evidence for each in office.queue.attempts(job.id)] == ["/runs/1"] * 4


def test_a_fail_is_never_tried_again(office) -> None:
    _, attempt = at_the_board(office)
    assert settle(office, attempt, FAIL).state is State.FAILED
    office.clock.advance(1e6)
    assert take(office) == []


def test_a_dead_job_is_tried_again_with_a_new_budget_when_a_person_says_so(office) -> None:
    job, attempt = at_the_board(office)
    for _ in range(4):
        settle(office, attempt, LOST_LINK)
        office.clock.advance(600)
        taken = take(office)
        attempt = taken[0][1] if taken else attempt
    assert office.queue.get(job.id).state is State.DEAD
    again = office.queue.requeue(job.id)
    assert (again.state, again.tries, again.step) == (State.WAITING, 0, 0)
    assert settle(office, take_one(office)[1], PASS).state is State.PASSED
    with pytest.raises(UsageError, match=f"job {job.id} is passed, not dead") as caught:
        office.queue.requeue(job.id)
    assert f"hostkit queue retry {job.id}" in caught.value.hint


def test_a_pause_that_was_written_under_another_clock_is_over(office) -> None:
    _, attempt = at_the_board(office)
    settle(office, attempt, LOST_LINK)
    office.clock.jump(-7 * 86400)
    assert len(take(office)) == 1


def test_a_clock_that_was_set_back_lets_nobody_pass_who_waits_already(office) -> None:
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="a"))
    office.clock.jump(-7 * 86400)
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="b", priority=-1))
    assert [job.wanted.submitter for job, _ in take(office)] == ["a", "b"]


def test_equal_work_is_joined_and_shares_the_end(office) -> None:
    first = office.queue.submit(a_wish_for(build=False, identity="same"))
    office.queue.submit(a_wish_for(build=False, identity="other"))
    _, attempt = take_one(office)
    second = office.queue.submit(a_wish_for(build=False, identity="same", submitter="bob"))
    assert (second.state, second.leader) == (State.FOLLOWING, first.id)
    assert second.reason == f"the same work as job {first.id}"
    assert [job.id for job in office.queue.followers(first.id)] == [second.id]
    settle(office, attempt, PASS)
    ended = office.queue.get(second.id)
    assert (ended.state, ended.evidence, ended.attempt) == (State.PASSED, "/runs/1", attempt.id)
    later = office.queue.submit(a_wish_for(build=False, identity="same"))
    assert later.state is State.WAITING


def test_equal_work_is_joined_also_by_who_comes_in_the_same_transaction(office) -> None:
    wanted = [a_wish_for(identity=identity) for identity in ("x", "y", "x", "", "", "y")]
    jobs = office.queue.submit_all(wanted)
    assert [job.wanted.identity for job in jobs] == [each.identity for each in wanted]
    assert [job.leader for job in jobs] == [0, 0, jobs[0].id, 0, 0, jobs[1].id]
    assert jobs == [office.queue.get(job.id) for job in jobs]


def test_many_ends_are_written_at_once_each_to_its_own_job(office) -> None:
    jobs = office.queue.submit_all([a_wish_for(Kind.BUILD, identity=f"i{n}") for n in range(4)])
    follower = office.queue.submit(a_wish_for(Kind.BUILD, identity="i1"))
    taken = take(office)
    assert [job.id for job, _ in taken] == [job.id for job in jobs]
    endings = [PASS, FAIL, LOST_LINK, Ending(Outcome.REFUSED, "changed")]
    changed = office.leasing.settle(
        [(attempt.id, ending) for (_, attempt), ending in zip(taken, endings, strict=True)]
    )
    states = [State.PASSED, State.FAILED, State.WAITING, State.REFUSED]
    assert [(job.id, job.state) for job in changed] == [
        (job.id, state) for job, state in zip(jobs, states, strict=True)
    ]
    assert changed == [office.queue.get(job.id) for job in jobs]
    assert office.queue.get(follower.id).state is State.FAILED


def test_who_joins_with_a_higher_priority_takes_the_waiting_job_along(office) -> None:
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="a"))
    patient = office.queue.submit(a_wish_for(Kind.BUILD, submitter="b", identity="same"))
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="c", identity="same", priority=5))
    assert take_one(office)[0].id == patient.id


def test_a_waiting_job_is_cancelled_at_once(office) -> None:
    job = office.queue.submit(a_wish_for())
    cancelled = office.queue.cancel(job.id)
    assert (cancelled.state, cancelled.ended_ns) == (State.CANCELLED, office.clock.wall_ns())
    assert take(office) == []
    with pytest.raises(UsageError, match=f"job {job.id} has ended: cancelled"):
        office.queue.cancel(job.id)


def test_a_running_job_is_cancelled_only_when_its_processes_are_gone(office) -> None:
    job, attempt = at_the_board(office)
    assert office.queue.cancel(job.id).state is State.CANCELLING
    assert office.queue.cancel(job.id).state is State.CANCELLING
    assert office.leasing.cancelled([attempt.id, attempt.id + 1]) == [attempt.id]
    assert office.leasing.boards()[VIRT0.identity].attempt == attempt.id
    assert settle(office, attempt, STOPPED).state is State.CANCELLED
    assert office.leasing.boards()[VIRT0.identity].attempt == 0


def test_a_verdict_that_was_there_before_the_cancel_stands(office) -> None:
    job, attempt = at_the_board(office)
    office.queue.cancel(job.id)
    assert settle(office, attempt, FAIL).state is State.FAILED


def test_a_gate_that_is_cancelled_between_its_steps_does_not_go_on(office) -> None:
    job = office.queue.submit(a_wish_for())
    _, building = take_one(office)
    office.queue.cancel(job.id)
    assert settle(office, building, Ending(Outcome.PASS)).state is State.CANCELLED


def test_work_that_another_waits_for_goes_on_when_its_first_submitter_cancels(office) -> None:
    first = office.queue.submit(a_wish_for(build=False, identity="same"))
    _, attempt = take_one(office)
    others = [office.queue.submit(a_wish_for(build=False, identity="same", submitter=w)) for w in "bc"]
    cancelled = office.queue.cancel(first.id)
    assert cancelled.state is State.CANCELLED
    assert f"job {others[0].id} wants the same" in cancelled.reason
    assert office.queue.get(others[0].id).state is State.RUNNING
    assert office.queue.get(others[1].id).leader == others[0].id
    settle(office, attempt, PASS)
    assert [office.queue.get(job.id).state for job in others] == [State.PASSED] * 2


def test_who_followed_a_waiting_job_that_is_cancelled_takes_its_place_in_line(office) -> None:
    leader = office.queue.submit(a_wish_for(Kind.BUILD, identity="same"))
    second = office.queue.submit(a_wish_for(Kind.BUILD, identity="same", submitter="bob"))
    third = office.queue.submit(a_wish_for(Kind.BUILD, identity="same", submitter="cy"))
    office.queue.submit(a_wish_for(Kind.BUILD, submitter="dan"))
    office.queue.cancel(leader.id)
    job, attempt = take_one(office)
    assert job.id == second.id
    settle(office, attempt, PASS)
    assert office.queue.get(third.id).state is State.PASSED


def test_a_follower_that_is_cancelled_leaves_the_work_alone(office) -> None:
    leader = office.queue.submit(a_wish_for(Kind.BUILD, identity="same"))
    second = office.queue.submit(a_wish_for(Kind.BUILD, identity="same"))
    assert office.queue.cancel(second.id).state is State.CANCELLED
    assert settle(office, take_one(office)[1], PASS).id == leader.id
    assert office.queue.get(second.id).state is State.CANCELLED


def test_an_end_that_was_written_but_not_acknowledged_is_written_once(office) -> None:
    job, attempt = at_the_board(office)
    settle(office, attempt, PASS)
    assert office.leasing.settle([(attempt.id, GONE), (attempt.id, FAIL)]) == []
    assert office.queue.get(job.id).state is State.PASSED
    assert [each.outcome for each in office.queue.attempts(job.id)] == [Outcome.PASS]


def test_a_job_that_can_never_begin_is_refused_with_who_follows_it_but_not_once_it_runs(office) -> None:
    job = office.queue.submit(a_wish_for(Kind.BUILD, identity="same"))
    follower = office.queue.submit(a_wish_for(Kind.BUILD, identity="same"))
    office.leasing.refuse(job, "nobody has a board virt9")
    for number in (job.id, follower.id):
        ended = office.queue.get(number)
        assert (ended.state, ended.reason) == (State.REFUSED, "nobody has a board virt9")
    running, _ = at_the_board(office)
    office.leasing.refuse(running, "too late")
    assert office.queue.get(running.id).state is State.RUNNING


def test_what_a_dead_worker_left_is_taken_by_another(office) -> None:
    job, attempt = at_the_board(office)
    office.leasing.started([(attempt.id, 4711, 99)])
    assert office.leasing.left_behind({office.ann.id}) == []
    office.workers.sign_off(office.ann.id)
    (left,) = office.leasing.left_behind({office.bob.id})
    assert (left.id, left.pid, left.pid_start, left.token) == (attempt.id, 4711, 99, attempt.token)
    assert settle(office, left, GONE).state is State.WAITING
    ((again, second),) = take(office, office.bob)
    assert (again.id, second.worker) == (job.id, office.bob.id)
    assert second.generation > attempt.generation


def test_a_board_that_fails_again_and_again_is_given_up_until_it_answers_a_probe(office) -> None:
    for _ in range(FAULTS):
        _, attempt = at_the_board(office)
        settle(office, attempt, LOST_LINK)
        office.clock.advance(0.001)
        office.queue.cancel(attempt.job)
    broken = office.leasing.boards()[VIRT0.identity]
    assert broken.breaker.circuit(office.clock.wall_ns()) is Circuit.OPEN
    office.clock.advance(COOL_S)
    assert broken.breaker.circuit(office.clock.wall_ns()) is Circuit.HALF_OPEN

    job = office.queue.submit(a_wish_for(build=False))
    heads, jobs = office.leasing.heads("here", 1)
    room = Room(1, 1, lambda job: (VIRT0,), lambda spec, env: Standing.ASK)
    ((_, probe),) = office.leasing.take(office.ann, allot(heads, jobs, room))
    assert probe.step is Step.PROBE
    waiting = settle(office, probe, Ending(Outcome.PASS, runs="b" * 64))
    assert (waiting.id, waiting.state, waiting.tries) == (job.id, State.WAITING, 0)
    well = office.leasing.boards()[VIRT0.identity]
    assert (well.breaker.faults, well.content) == (0, "b" * 64)


@pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.LOST, Outcome.TIMED_OUT, Outcome.INCONCLUSIVE])
def test_a_board_whose_flash_was_cut_short_is_known_as_such(office, outcome: Outcome) -> None:
    _, attempt = at_the_board(office, kind=Kind.FLASH)
    settle(office, attempt, Ending(outcome))
    content = office.leasing.boards()[VIRT0.identity].content
    assert content == f"unknown: flash of job 1 ended {outcome.value}"
    _, again = at_the_board(office, kind=Kind.FLASH)
    settle(office, again, Ending(Outcome.PASS, runs="c" * 64))
    assert office.leasing.boards()[VIRT0.identity].content == "c" * 64


def on_both(office, kind: Kind = Kind.GATE) -> tuple[Job, Attempt]:
    """Submit a job for both boards and bring it to them."""
    office.queue.submit(a_wish_for_all([VIRT1, VIRT0], kind))
    heads, jobs = office.leasing.heads("here", 1)
    room = Room(1, 1, lambda job: (VIRT1, VIRT0), lambda spec, env: Standing.FREE)
    ((job, attempt),) = office.leasing.take(office.ann, allot(heads, jobs, room))
    return job, attempt


def test_a_job_for_several_boards_has_all_of_them_until_it_ends_and_nobody_else_any(office) -> None:
    _, before = at_the_board(office)
    settle(office, before, PASS)
    job, attempt = on_both(office)
    assert attempt.boards == {VIRT1.identity: "virt1", VIRT0.identity: "virt0"}
    assert (attempt.board_name, attempt.generation) == ("virt1,virt0", before.generation + 1)
    assert office.queue.attempts(job.id) == [attempt]
    for board in (VIRT0, VIRT1):
        office.queue.submit(a_wish_for(build=False))
        heads, jobs = office.leasing.heads("here", 8)
        room = Room(8, 8, lambda job, board=board: (board,), lambda spec, env: Standing.FREE)
        assert office.leasing.take(office.bob, allot(heads[:1], jobs, room)) == []
    settle(office, attempt, PASS)
    known = office.leasing.boards()
    assert {each.identity: (each.attempt, each.generation) for each in known.values()} == {
        VIRT0.identity: (0, attempt.generation),
        VIRT1.identity: (0, attempt.generation),
    }


@pytest.mark.parametrize("used_before", [False, True])
def test_a_job_gets_all_of_its_boards_or_none(office, used_before: bool) -> None:
    if used_before:
        settle(office, on_both(office)[1], PASS)
    number = office.queue.submit(a_wish_for_all([VIRT1, VIRT0])).id
    heads, jobs = office.leasing.heads("here", 1)
    room = Room(1, 1, lambda job: (VIRT1, VIRT0), lambda spec, env: Standing.FREE)
    seen = allot(heads, jobs, room)
    office.queue.submit(a_wish_for(build=False, priority=9))
    ((_, faster),) = take(office, office.bob, seats=1)
    assert office.leasing.take(office.ann, seen) == []
    held = {each.identity: each.attempt for each in office.leasing.boards().values() if each.attempt}
    assert held == {VIRT0.identity: faster.id}
    assert [each.id for each in office.leasing.running()] == [faster.id]
    assert office.queue.get(number).state is State.WAITING


def test_both_boards_of_a_job_whose_worker_died_are_free_again(office) -> None:
    job, attempt = on_both(office)
    office.workers.sign_off(office.ann.id)
    (left,) = office.leasing.left_behind({office.bob.id})
    assert settle(office, left, GONE).state is State.WAITING
    known = office.leasing.boards().values()
    assert [each.attempt for each in known] == [0, 0]
    assert {each.content for each in known} == {f"unknown: gate of job {job.id} ended lost"}
    heads, jobs = office.leasing.heads("here", 1)
    room = Room(1, 1, lambda job: (VIRT1, VIRT0), lambda spec, env: Standing.FREE)
    ((again, second),) = office.leasing.take(office.bob, allot(heads, jobs, room))
    assert (again.id, second.generation) == (job.id, attempt.generation + 1)


def test_a_fault_speaks_against_the_board_that_its_reason_names_or_else_against_all(office) -> None:
    _, attempt = on_both(office)
    settle(office, attempt, replace(LOST_LINK, reason="virt1: link lost"))
    office.queue.cancel(attempt.job)
    known = office.leasing.boards()
    assert [known[each.identity].breaker.faults for each in (VIRT0, VIRT1)] == [0, 1]
    _, attempt = on_both(office)
    settle(office, attempt, LOST_LINK)
    known = office.leasing.boards()
    assert [known[each.identity].breaker.faults for each in (VIRT0, VIRT1)] == [1, 2]


def test_each_of_several_boards_runs_what_it_said_itself(office) -> None:
    _, attempt = on_both(office)
    ending = replace(PASS, runs="c" * 64, each_runs=(("virt0", "b" * 64), ("virt1", "c" * 64)))
    settle(office, attempt, ending)
    known = office.leasing.boards()
    assert [known[each.identity].content[:1] for each in (VIRT0, VIRT1)] == ["b", "c"]
    _, attempt = on_both(office)
    settle(office, attempt, replace(LOST_LINK, runs="d" * 64, each_runs=(("virt0", "d" * 64),)))
    known = office.leasing.boards()
    assert known[VIRT0.identity].content == "d" * 64
    assert known[VIRT1.identity].content.startswith("unknown: gate of job")


def test_past_durations_are_remembered_by_step_and_env(office) -> None:
    for seconds in (3, 5):
        _, attempt = at_the_board(office)
        office.clock.advance(seconds)
        settle(office, attempt, PASS)
    assert office.queue.past_s(Step.GATE, "virtual") == [5, 3]
    assert office.queue.past_s(Step.GATE, "esp32c3") == []


def test_lists_have_what_goes_on_and_what_ended_last(office) -> None:
    ended = []
    for _ in range(3):
        job, attempt = at_the_board(office)
        office.clock.advance(1)
        settle(office, attempt, FAIL if len(ended) == 1 else PASS)
        ended.append(job.id)
    running, _ = at_the_board(office)
    waiting = office.queue.submit(a_wish_for())
    assert [job.id for job in office.queue.waiting("here", 5)] == [waiting.id]
    assert [job.id for job in office.queue.going()] == [running.id]
    assert [job.id for job in office.queue.ended_jobs(2)] == [ended[2], ended[1]]
    assert [job.id for job in office.queue.ended_jobs(5, [State.FAILED])] == [ended[1]]
    assert office.queue.counts() == {State.RUNNING: 1, State.WAITING: 1}


def test_who_waits_is_listed_in_the_order_of_service_with_those_that_pause(office) -> None:
    for who in "aab":
        office.queue.submit(a_wish_for(build=False, submitter=who))
    _, attempt = take_one(office)
    settle(office, attempt, LOST_LINK)
    assert [job.wanted.submitter for job in office.queue.waiting("here", 5)] == ["a", "b", "a"]
    assert [job.id for job in office.queue.waiting("here", 5)] == [1, 3, 2]


def test_a_drained_queue_says_so_to_everybody(office, database_url: str, tmp_path) -> None:
    assert not office.queue.drained
    office.queue.drain(on=True)
    office.queue.drain(on=True)
    with open_database(tmp_path, database_url) as other:
        assert type(office.queue)(other, office.clock).drained
    office.queue.drain(on=False)
    assert not office.queue.drained


def test_workers_are_listed_until_they_sign_off_and_beat_while_they_live(office) -> None:
    assert office.workers.beat(office.ann.id)
    assert _beats(office.workers.all()) == {office.ann.id: 1, office.bob.id: 0}
    office.workers.sign_off(office.bob.id)
    assert _beats(office.workers.all()) == {office.ann.id: 1}
    assert not office.workers.beat(office.bob.id)
    again = office.workers.register(office.bob)
    assert again.id > office.bob.id


def _beats(workers: Sequence[WorkerRecord]) -> dict[int, int]:
    return {worker.id: worker.beats for worker in workers}


def test_more_jobs_can_wait_than_one_question_can_name(office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_AT_ONCE", 3)
    jobs = office.queue.submit_all([a_wish_for(Kind.BUILD) for _ in range(8)])
    assert [job.id for job in office.queue.waiting("here", 100)] == [job.id for job in jobs]

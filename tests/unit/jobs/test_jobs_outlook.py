"""What a job does now, why it waits, and when it is likely to begin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hostkit.boards.model import BoardSpec, Chip
from hostkit.boards.model import Kind as BoardKind
from hostkit.errors import UsageError
from hostkit.jobs.estimate import UNKNOWN_S
from hostkit.jobs.model import Attempt, Job, Kind, State, Step
from hostkit.jobs.outlook import Outlook
from hostkit.report.queue import spell_s
from hostkit.testing.jobs import a_wish_for, a_wish_for_all

SECOND = 1_000_000_000
NOW = 10**18
VIRT0 = BoardSpec("virt0", BoardKind.VIRTUAL, Chip.ESP32, "02:68:6b:00:00:00")
RUNS = Attempt(9, 1, Step.GATE, 1, board=VIRT0.identity, board_name="virt0", began_ns=NOW - 20 * SECOND)
RUNNING = Job(1, a_wish_for(build=False), State.RUNNING, attempt=9)
WAITING = [Job(number, a_wish_for(build=False), State.WAITING) for number in (2, 3)]
BUILD = Job(4, a_wish_for(Kind.BUILD), State.WAITING)
QUIET = Outlook(
    now_ns=NOW,
    running={9: RUNS},
    waiting=[*WAITING, BUILD],
    typical_s=lambda step, env: 60.0 if step is Step.GATE else 5.0,
    build_slots=1,
    boards_of=lambda job: [VIRT0],
    why_not=lambda spec: "virt0 is busy",
    spell_s=spell_s,
    drained=False,
    staffed=True,
)


def test_a_running_job_says_its_step_its_board_how_far_it_is_and_how_long_it_takes() -> None:
    view = QUIET.view(RUNNING)
    assert (view.words, view.board, view.news) == ("gate for 20 s, ~40 s left", "virt0", "gate")
    assert (view.fraction, view.seconds) == (pytest.approx(1 / 3), 40)
    assert view.brief == "gate ~40 s left"


def test_what_takes_longer_than_usual_promises_nothing() -> None:
    late = replace(QUIET, running={9: replace(RUNS, began_ns=NOW - 200 * SECOND)})
    view = late.view(RUNNING)
    assert (view.words, view.news) == ("gate for 3:20, usually 1:00", "gate")
    assert (view.fraction, view.seconds, view.brief) == (None, None, "gate 3:20 of ~1:00")


def test_what_never_ended_before_has_no_estimate_nor_who_waits_for_it() -> None:
    new = replace(QUIET, typical_s=lambda step, env: UNKNOWN_S)
    view = new.view(RUNNING)
    assert (view.words, view.fraction, view.seconds) == ("gate for 20 s", None, None)
    first, second = (new.view(job) for job in WAITING)
    assert (first.words, first.seconds) == ("1. in line: virt0 is busy", None)
    assert (second.words, second.seconds) == ("2. in line", None)
    assert replace(new, running={}).view(WAITING[0]).seconds == 0


def test_a_job_that_runs_is_judged_by_others_of_its_own_env() -> None:
    other = replace(RUNS, env="another")
    mixed = replace(
        QUIET, running={9: other}, typical_s=lambda step, env: 500.0 if env == "another" else 60.0
    )
    assert mixed.view(WAITING[0]).seconds == 480


def test_a_waiting_job_says_its_place_when_it_begins_and_the_first_what_it_waits_for() -> None:
    first, second = (QUIET.view(job) for job in WAITING)
    assert first.words == "1. in line, ~40 s to go: virt0 is busy"
    assert second.words == "2. in line, ~1:40 to go"
    assert (first.news, second.news) == ("in line: virt0 is busy", "in line")
    assert second.seconds == 100


def test_two_boards_halve_the_wait_and_one_that_is_free_is_no_hindrance() -> None:
    two = replace(QUIET, boards_of=lambda job: [VIRT0, replace(VIRT0, name="virt1", mac="02:00:00:00:00:01")])
    assert two.view(WAITING[0]).seconds == 0
    free = replace(two, why_not=lambda spec: "" if spec.name == "virt1" else "virt0 is used")
    assert free.view(WAITING[0]).words == "1. in line"


VIRT1 = replace(VIRT0, name="virt1", mac="02:68:6b:00:00:01")
BOTH = Job(5, a_wish_for_all([VIRT0, VIRT1]), State.WAITING)
TWO = replace(
    QUIET,
    waiting=[BOTH, *WAITING],
    boards_of=lambda job: [VIRT0, VIRT1] if job.wanted.together else [VIRT1],
    why_not=lambda spec: "virt0 is busy" if spec == VIRT0 else "",
    kept={VIRT0.identity: BOTH.id, VIRT1.identity: BOTH.id},
)


def test_a_job_for_two_boards_waits_for_the_one_that_is_not_free_and_says_which() -> None:
    assert TWO.view(BOTH).words == "1. in line, ~40 s to go: virt0 is busy"
    free = replace(TWO, running={}, why_not=lambda spec: "", kept={})
    assert free.view(BOTH).words == "1. in line"
    neither = replace(TWO, why_not=lambda spec: f"{spec.name} is busy")
    assert neither.view(BOTH).words == "1. in line, ~40 s to go: virt0 is busy; virt1 is busy"


def test_who_stands_behind_it_is_told_for_whom_a_free_board_is_kept_and_waits_until_that_one_ends() -> None:
    first, second = (TWO.view(job) for job in WAITING)
    assert first.words == "1. in line, ~1:40 to go: virt1 is kept for job 5"
    assert second.words == "2. in line, ~2:40 to go"
    before = replace(TWO, waiting=[*WAITING, BOTH])
    assert before.view(WAITING[0]).words == "1. in line"


def test_a_job_on_two_boards_names_both_and_each_of_them_is_taken_as_long() -> None:
    runs = replace(RUNS, board=f"{VIRT0.identity}&{VIRT1.identity}", board_name="virt0,virt1")
    now = replace(TWO, running={9: runs}, kept={}, why_not=lambda spec: f"{spec.name} is busy")
    assert now.view(RUNNING).board == "virt0,virt1"
    assert now.view(WAITING[0]).words == "1. in line, ~40 s to go: virt1 is busy"


def test_a_build_waits_for_slots_and_not_behind_those_who_wait_for_boards() -> None:
    assert QUIET.view(BUILD).words == "1. in line"
    building = Attempt(10, 5, Step.BUILD, 1, began_ns=NOW - 2 * SECOND)
    busy = replace(QUIET, running={10: building})
    assert busy.view(BUILD).words == "1. in line, ~3 s to go: all 1 build slots are taken"


def test_a_pause_says_when_it_is_over_which_try_it_was_and_why() -> None:
    job = replace(WAITING[0], tries=2, reason="link lost", not_before_ns=NOW + 90 * SECOND)
    view = QUIET.view(job)
    assert view.words == "again in 1:30 after try 2: link lost"
    assert view.news == "again after try 2: link lost"


def test_nobody_who_works_and_a_drained_queue_come_before_every_other_reason() -> None:
    assert replace(QUIET, staffed=False).view(WAITING[0]).words == "no worker runs"
    assert replace(QUIET, drained=True, staffed=False).view(WAITING[0]).words == "the queue is drained"


def test_a_board_that_nobody_has_any_more_is_said() -> None:
    def gone(job: Job) -> list[BoardSpec]:
        raise UsageError("nobody has a board virt0", hint="")

    assert replace(QUIET, boards_of=gone).view(WAITING[0]).words == "nobody has a board virt0"


def test_what_ended_says_why_or_how_long_it_took_and_when() -> None:
    ended = replace(RUNNING, state=State.FAILED, reason="a test failed", ended_ns=NOW - 180 * SECOND)
    assert QUIET.view(ended).words == "a test failed (3:00 ago)"
    assert QUIET.view(ended).news == "a test failed"
    passed = replace(ended, state=State.PASSED, reason="", began_ns=NOW - 200 * SECOND)
    assert QUIET.view(passed).words == "took 20 s, 3:00 ago"
    assert QUIET.view(replace(passed, began_ns=0)).words == "3:00 ago"  # it shared another's end
    following = replace(RUNNING, state=State.FOLLOWING, reason="the same work as job 1")
    assert QUIET.view(following).words == "the same work as job 1"
    ending = replace(RUNNING, state=State.CANCELLING)
    assert QUIET.view(ending).words == "its processes are being ended"

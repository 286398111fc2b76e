"""States are computed: from attempts and ledger, along the one table of transitions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostkit.store.model import PHASES, Attempt, End, Phase, Verdict, VerdictRecord
from hostkit.tasks.model import TRANSITIONS, Agent, GateCheck, Plan, Standing, State, Task
from hostkit.tasks.read import Path
from hostkit.tasks.standing import standings
from hostkit.testing.store import a_pass, an_attempt

COMMIT = "c" * 40
AGENT = Agent("a", ("true",), 60)
ATTEMPT = an_attempt()
CLAIMED = replace(ATTEMPT, phase=Phase.CLAIMED, commit=COMMIT)
RECORD = a_pass(
    commit=COMMIT, tree="", build_id="", suite="", reasons=("because",), evidence="", evidence_sha256=""
)


def task(name: str, *needs: str, attempts: int = 2) -> Task:
    return Task(name, name, "", needs, (), (GateCheck("virtual"),), AGENT, attempts, 1)


PLAN = Plan(Path("tasks.yaml"), "main", {t.id: t for t in (task("a"), task("b", "a"), task("c", "b"))})


def stand(attempts: list[Attempt], *records: VerdictRecord, running: bool = True) -> dict[str, Standing]:
    return standings(
        PLAN, attempts, lambda commit: [r for r in records if r.commit == commit], running=running
    )


def test_at_first_only_what_needs_nothing_is_ready() -> None:
    now = stand([])
    assert [now[name].state for name in "abc"] == [State.READY, State.PLANNED, State.PLANNED]
    assert now["b"].why == "waits for a (ready)"


def test_a_claim_is_no_verification_however_it_is_worded() -> None:
    done = replace(CLAIMED, phase=Phase.PROVED, why="verified, all passed, done")
    assert stand([done])["a"].state is State.INCONCLUSIVE


@pytest.mark.parametrize("phase", [Phase.CLAIMED, Phase.PROVING, Phase.PROVED])
def test_a_pass_for_exactly_this_commit_verifies_and_frees_the_next(phase: Phase) -> None:
    now = stand([replace(CLAIMED, phase=phase)], RECORD)
    assert now["a"].state is State.VERIFIED
    assert now["a"].commit == COMMIT
    assert now["b"].state is State.READY


def test_a_pass_of_another_commit_verifies_nothing() -> None:
    other = replace(RECORD, commit="d" * 40)
    assert stand([CLAIMED], other)["a"].state is State.CLAIMED


def test_a_pass_does_not_verify_an_attempt_that_was_never_claimed() -> None:
    ended = replace(ATTEMPT, phase=Phase.ENDED, end=End.NO_COMMIT, commit=COMMIT)
    assert stand([ended], RECORD)["a"].state is State.READY


def test_a_fail_leaves_further_attempts_with_the_reason() -> None:
    now = stand([replace(CLAIMED, phase=Phase.PROVED)], replace(RECORD, verdict=Verdict.FAIL))
    assert now["a"].state is State.READY
    assert now["a"].why == "attempt 1 of 2: gate virtual on any: because"


def test_the_last_failed_attempt_fails_the_task_and_blocks_all_that_need_it() -> None:
    first = replace(ATTEMPT, phase=Phase.ENDED, end=End.AGENT_FAILED, why="exit 2")
    second = replace(CLAIMED, id=2, number=2, phase=Phase.PROVED)
    now = stand([first, second], replace(RECORD, verdict=Verdict.FAIL, reasons=("LED 7 is green",)))
    assert now["a"].state is State.FAILED
    assert now["a"].why == "attempt 2 of 2: gate virtual on any: LED 7 is green"
    assert (now["b"].state, now["b"].blocked, now["b"].why) == (
        State.PLANNED,
        ("a",),
        "will not start: a failed",
    )
    assert now["c"].blocked == ("b", "a")
    assert now["c"].why == "will not start: a failed, which b needs"


def test_without_a_runner_a_running_attempt_was_interrupted() -> None:
    assert stand([ATTEMPT], running=True)["a"].state is State.RUNNING
    now = stand([ATTEMPT], running=False)
    assert (now["a"].state, now["a"].why) == (State.READY, "attempt 1 of 2: was interrupted")


def test_without_a_runner_nothing_is_proving() -> None:
    proving = replace(CLAIMED, phase=Phase.PROVING)
    assert stand([proving], running=True)["a"].state is State.PROVING
    assert stand([proving], running=False)["a"].state is State.CLAIMED


def test_an_inconclusive_proof_says_why_and_costs_no_attempt() -> None:
    proved = replace(CLAIMED, phase=Phase.PROVED)
    now = stand([proved], replace(RECORD, verdict=Verdict.INCONCLUSIVE, reasons=("board virt0 is taken",)))
    assert now["a"].state is State.INCONCLUSIVE
    assert now["a"].why == "inconclusive: gate virtual on any: board virt0 is taken"
    assert now["b"].why == "waits for a (inconclusive)"


def test_every_state_has_its_followers_and_verified_cannot_be_reached_without_a_claim() -> None:
    assert set(TRANSITIONS) == set(State)
    passed = replace(RECORD, commit="1" * 40)
    assert stand([], passed)["a"].state is State.READY


STEPS = st.lists(
    st.sampled_from(["begin", "claim", "end", "prove", "proved", "reclaim", *(v.value for v in Verdict)]),
    max_size=14,
)


@example(["begin", "claim", "prove", "fail", "pass"])  # a gate by hand passes what failed before
@given(STEPS)
def test_whatever_is_recorded_states_move_along_the_table_and_verified_needs_a_pass(steps: list[str]) -> None:
    attempts: list[Attempt] = []
    records: list[VerdictRecord] = []
    before = stand(attempts)["a"].state
    for number, step in enumerate(steps):
        if not _take(step, attempts, records, number):
            continue
        now = stand(attempts, *records)["a"]
        assert now.state is before or now.state in TRANSITIONS[before], (before, step, now)
        if now.state is State.VERIFIED:
            assert any(r.verdict is Verdict.PASS and r.commit == now.commit for r in records)
        before = now.state


def _take(step: str, attempts: list[Attempt], records: list[VerdictRecord], number: int) -> bool:
    """Do a step as the store would, or return False where the store would refuse it."""
    last = attempts[-1] if attempts else None
    if step == "begin":
        if stand(attempts, *records)["a"].state is not State.READY:
            return False
        attempts.append(replace(ATTEMPT, id=number, number=len(attempts) + 1))
        return True
    if last is None:
        return False
    if step in (verdict.value for verdict in Verdict):
        if last.phase is not Phase.PROVING:
            return False
        records.append(replace(RECORD, verdict=Verdict(step), commit=last.commit, run_id=str(number)))
        return True
    phase = {
        "claim": Phase.CLAIMED,
        "end": Phase.ENDED,
        "prove": Phase.PROVING,
        "proved": Phase.PROVED,
        "reclaim": Phase.CLAIMED,
    }[step]
    if phase not in PHASES[last.phase] or (step == "end" and last.phase is not Phase.RUNNING):
        return False
    commit = last.commit or (f"{last.number}" * 40 if phase is Phase.CLAIMED else "")
    attempts[-1] = replace(last, phase=phase, commit=commit)
    return True


def test_an_incomplete_task_neither_starts_nor_becomes_verified_and_holds_up_what_needs_it() -> None:
    tasks = dict(PLAN.tasks) | {"a": replace(PLAN.tasks["a"], incomplete=("no check",))}
    plan = Plan(PLAN.file, "main", tasks)
    for tried in ([], [CLAIMED], [replace(CLAIMED, phase=Phase.PROVED)]):
        now = standings(plan, tried, lambda _commit: [RECORD], running=True)
        assert (now["a"].state, now["a"].why) == (State.PLANNED, "incomplete: no check")
        assert (now["b"].why, now["b"].blocked) == ("will not start: a is incomplete", ("a",))
        assert now["c"].why == "will not start: a is incomplete, which b needs"


def test_what_no_check_proves_is_never_verified() -> None:
    plan = Plan(PLAN.file, "main", {"a": replace(PLAN.tasks["a"], checks=())})
    done = replace(CLAIMED, phase=Phase.PROVED)
    assert standings(plan, [done], lambda _commit: [RECORD], running=False)["a"].state is State.INCONCLUSIVE

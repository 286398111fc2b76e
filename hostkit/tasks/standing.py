"""Where every task stands, computed from what is recorded: attempts, and verdicts in the ledger. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hostkit.store.model import Attempt, End, Order, OrderKind, Phase, Verdict
from hostkit.tasks.budget import alike, cause_of
from hostkit.tasks.model import GateCheck, Hold, Plan, Standing, State, Task
from hostkit.tasks.proof import Proof, judge, proofs_of
from hostkit.tasks.repeating import command_standing
from hostkit.tasks.waiting import NOTHING_AROUND, Around, Known, Records, unstarted


def standings(
    plan: Plan,
    attempts: Sequence[Attempt],
    records: Records,
    *,
    running: bool,
    orders: Sequence[Order] = (),
    around: Around = NOTHING_AROUND,
) -> dict[str, Standing]:
    """Return each task's standing, in the order of the file.

    ``running``: a runner is alive. Without one, nothing is at work whatever the attempts say.
    """
    of_task: dict[str, list[Attempt]] = {task: [] for task in plan.tasks}
    for attempt in attempts:
        of_task.get(attempt.task, []).append(attempt)
    ordered: dict[str, list[Order]] = {}
    for each in orders:
        ordered.setdefault(each.task, []).append(each)
    found: dict[str, Standing] = {}
    for task in plan.ordered:
        own = ordered.get(task, ())
        known = Known(records, running, found, own, plan.limits.same_cause, around)
        found[task] = _standing(plan.tasks[task], of_task[task], known)
    return {task: found[task] for task in plan.tasks}


def allowed_attempts(task: Task, orders: Sequence[Order]) -> int:
    """Return how often a task's agent may be started: what the plan says, or what a person added later."""
    retries = [each.number + each.more for each in orders if each.kind is OrderKind.RETRY]
    return max([task.attempts, *retries])


def _standing(task: Task, tried: list[Attempt], known: Known) -> Standing:
    if task.incomplete:  # whatever was tried and proved before: a person says that there is more to settle
        why = f"incomplete: {'; '.join(task.incomplete)}"
        return Standing(task.id, State.PLANNED, why, attempts=len(tried), blocked=(task.id,))
    if task.run is not None:
        return command_standing(task, tried, known)
    if not tried:
        return unstarted(task, "", 0, known)
    last = tried[-1]
    if last.phase is Phase.RUNNING:
        if known.running:
            return Standing(task.id, State.RUNNING, f"attempt {last.number}", attempts=len(tried))
        return _again(task, tried, "was interrupted", known)
    if last.phase is Phase.ENDED:
        why = f"{last.end.value}: {last.why}" if last.why else last.end.value
        return _again(task, tried, why, known)
    return _claimed(task, tried, known)


def _claimed(task: Task, tried: list[Attempt], known: Known) -> Standing:
    last = tried[-1]
    proofs = proofs_of(task.checks, known.records(last.commit))
    verdict = judge(proofs)

    def at(state: State, why: str, hold: Hold | None = None) -> Standing:
        return Standing(task.id, state, why, last.commit, len(tried), hold=hold)

    if verdict is Verdict.PASS:
        return at(State.VERIFIED, "; ".join(proof.reason for proof in proofs))
    if verdict is Verdict.FAIL:
        return _again(task, tried, reason_of(proofs, Verdict.FAIL), known, last.commit)
    if last.phase is Phase.PROVING and known.running:
        return at(State.PROVING, ", ".join(check.title for check in task.checks))
    gated = any(isinstance(proof.check, GateCheck) for proof in proofs if proof.verdict is not Verdict.PASS)
    hold = known.around.holds(task.agent, True) if gated else None
    if verdict is not None:
        return at(State.INCONCLUSIVE, f"{verdict.value}: {reason_of(proofs, verdict)}", hold)
    if last.phase is Phase.PROVED:
        return at(State.INCONCLUSIVE, last.why or reason_of(proofs, None), hold)
    why = hold.why if hold else "not proved yet"
    return at(State.CLAIMED, f"attempt {last.number} left {last.commit[:12]}; {why}", hold)


def reason_of(proofs: Sequence[Proof], verdict: Verdict | None) -> str:
    """Return why the first check with that verdict has it."""
    for proof in proofs:
        if proof.verdict is verdict:
            return f"{proof.check.title}: {proof.reason}"
    return "no check"


def _again(task: Task, tried: list[Attempt], why: str, known: Known, commit: str = "") -> Standing:
    """An attempt came to nothing: another one, or the end of it."""
    number, most = tried[-1].number, allowed_attempts(task, known.orders)
    used = number - sum(each.end is End.STOPPED for each in tried)  # with its run: that uses up none
    retried = max((each.number for each in known.orders if each.kind is OrderKind.RETRY), default=0)
    again = f"; try again: hostkit tasks retry {task.id}"
    if tried[-1].end is End.CALLED_OFF and retried < number:
        return Standing(task.id, State.FAILED, f"{why}{again}", commit, len(tried))
    row = alike(tried[retried:], lambda each: _cause(task, each, known))
    if row >= known.same_cause and used < most:
        said = f"{row} attempts in a row ended alike, so no more are made: {why}{again}"
        return Standing(task.id, State.FAILED, said, commit, len(tried))
    if used < most:
        return unstarted(task, f"attempt {number} of {most}: {why}", len(tried), known)
    last = "" if most == 1 else f"attempt {number} of {most}: "
    return Standing(task.id, State.FAILED, last + why, commit, len(tried))


def _cause(task: Task, attempt: Attempt, known: Known) -> str:
    if attempt.phase is Phase.ENDED or not attempt.commit:
        return cause_of(attempt)
    return reason_of(proofs_of(task.checks, known.records(attempt.commit)), Verdict.FAIL)

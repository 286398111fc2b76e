"""Where every task stands, computed from what is recorded: attempts, and verdicts in the ledger. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hostkit.store.model import Attempt, Phase, Verdict, VerdictRecord
from hostkit.tasks.graph import order
from hostkit.tasks.model import Plan, Standing, State, Task
from hostkit.tasks.proof import Proof, judge, proofs_of

Records = Callable[[str], Sequence[VerdictRecord]]
"""Given a commit, the verdicts about it, oldest first."""


def standings(
    plan: Plan, attempts: Sequence[Attempt], records: Records, *, running: bool
) -> dict[str, Standing]:
    """Return each task's standing, in the order of the file.

    ``running``: a runner is alive. Without one, nothing is at work whatever the attempts say.
    """
    of_task: dict[str, list[Attempt]] = {task: [] for task in plan.tasks}
    for attempt in attempts:
        of_task.get(attempt.task, []).append(attempt)
    found: dict[str, Standing] = {}
    for task in order(plan.needs):
        found[task] = _standing(plan.tasks[task], of_task[task], records, running, found)
    return {task: found[task] for task in plan.tasks}


def _standing(
    task: Task, tried: list[Attempt], records: Records, running: bool, needs: Mapping[str, Standing]
) -> Standing:
    if task.incomplete:  # whatever was tried and proved before: a person says that there is more to settle
        why = f"incomplete: {'; '.join(task.incomplete)}"
        return Standing(task.id, State.PLANNED, why, attempts=len(tried), blocked=(task.id,))
    if not tried:
        return _unstarted(task, "", 0, needs)
    last = tried[-1]
    if last.phase is Phase.RUNNING:
        if running:
            return Standing(task.id, State.RUNNING, f"attempt {last.number}", attempts=len(tried))
        return _again(task, tried, "was interrupted", needs)
    if last.phase is Phase.ENDED:
        return _again(task, tried, f"{last.end.value}: {last.why}" if last.why else last.end.value, needs)
    return _claimed(task, tried, records, running, needs)


def _claimed(
    task: Task, tried: list[Attempt], records: Records, running: bool, needs: Mapping[str, Standing]
) -> Standing:
    last = tried[-1]
    proofs = proofs_of(task.checks, records(last.commit))
    verdict = judge(proofs)

    def at(state: State, why: str) -> Standing:
        return Standing(task.id, state, why, last.commit, len(tried))

    if verdict is Verdict.PASS:
        return at(State.VERIFIED, "; ".join(proof.reason for proof in proofs))
    if verdict is Verdict.FAIL:
        return _again(task, tried, reason_of(proofs, Verdict.FAIL), needs, last.commit)
    if last.phase is Phase.PROVING and running:
        return at(State.PROVING, ", ".join(check.title for check in task.checks))
    if verdict is not None:
        return at(State.INCONCLUSIVE, f"{verdict.value}: {reason_of(proofs, verdict)}")
    if last.phase is Phase.PROVED:
        return at(State.INCONCLUSIVE, last.why or reason_of(proofs, None))
    return at(State.CLAIMED, f"attempt {last.number} left {last.commit[:12]}; not proved yet")


def reason_of(proofs: Sequence[Proof], verdict: Verdict | None) -> str:
    """Return why the first check with that verdict has it."""
    for proof in proofs:
        if proof.verdict is verdict:
            return f"{proof.check.title}: {proof.reason}"
    return "no check"


def _again(
    task: Task, tried: list[Attempt], why: str, needs: Mapping[str, Standing], commit: str = ""
) -> Standing:
    """An attempt came to nothing: another one, or the end of it."""
    number = tried[-1].number
    if len(tried) < task.attempts:
        return _unstarted(task, f"attempt {number} of {task.attempts}: {why}", len(tried), needs)
    last = "" if task.attempts == 1 else f"attempt {number} of {task.attempts}: "
    return Standing(task.id, State.FAILED, last + why, commit, len(tried))


def _unstarted(task: Task, before: str, tried: int, needs: Mapping[str, Standing]) -> Standing:
    waits = [needs[need] for need in task.needs if needs[need].state is not State.VERIFIED]
    if not waits:
        return Standing(task.id, State.READY, before or "nothing holds it up", attempts=tried)
    dead = [need for need in waits if need.dead]
    if dead:
        path = (dead[0].task, *(step for step in dead[0].blocked if step != dead[0].task))
        how = "failed" if needs[path[-1]].state is State.FAILED else "is incomplete"
        why = f"will not start: {path[-1]} {how}" + (f", which {path[-2]} needs" if len(path) > 1 else "")
        return Standing(task.id, State.PLANNED, _and(before, why), attempts=tried, blocked=path)
    why = ", ".join(f"{need.task} ({need.state.value})" for need in waits)
    return Standing(task.id, State.PLANNED, _and(before, f"waits for {why}"), attempts=tried)


def _and(before: str, why: str) -> str:
    return f"{before}; {why}" if before else why

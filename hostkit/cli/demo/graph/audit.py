"""What must have come of the graph, as git, the ledger and the evidence tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hostkit.cli.demo.changes import Change, apply
from hostkit.cli.demo.graph.ride import Place
from hostkit.cli.demo.graph.work import Stop, Work, in_order
from hostkit.errors import HostkitError
from hostkit.store.model import End, ProofKind, Rung, Verdict, VerdictRecord
from hostkit.tasks.agent import marked_processes
from hostkit.tasks.model import Plan, Standing, State
from hostkit.tasks.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Step:
    """One commit that the target went to. ``problem``: why its evidence does not hold, or ""."""

    commit: str
    subject: str
    evidence: str
    board: str
    problem: str


def way(shop: Workshop, place: Place, base: str) -> tuple[Step, ...]:
    """Return every commit since ``base`` by first parents, oldest first, each with its signed pass verified.

    The pass must be of the plan's ``target_gate`` and about this very commit; ``hostkit verify`` is asked.
    """
    told = shop.git.run("log", "--first-parent", "--reverse", "--format=%H %s", f"{base}..{shop.plan.target}")
    return tuple(_step(shop, place, *line.split(" ", 1)) for line in told.splitlines())


def _step(shop: Workshop, place: Place, commit: str, subject: str) -> Step:
    passes = [record for record in shop.records(commit) if _counts(record, shop.plan)]
    if not passes:
        return Step(commit, subject, "", "", "there is no pass of the gate about it")
    record = passes[-1]
    return Step(commit, subject, record.evidence, record.board, _doubt(place, record))


def _counts(record: VerdictRecord, plan: Plan) -> bool:
    gate = plan.target_gate
    passed = record.kind is ProofKind.GATE and record.verdict is Verdict.PASS and not record.dirty
    return passed and not record.selection and gate is not None and record.env == gate.env


def _doubt(place: Place, record: VerdictRecord) -> str:
    try:
        said = json.loads(place.run("verify", "--json", record.evidence))
    except HostkitError as error:
        return error.message
    about = said["statement"]["commit"]
    if not said["holds"] or said["verdict"] != Verdict.PASS.value:
        return f"hostkit verify says {said['verdict']}: {'; '.join(said['problems'])}"
    return "" if about == record.commit else f"its evidence is about {about[:12]}"


def differences(
    shop: Workshop, work: Mapping[str, Work], now: Mapping[str, Standing], base: str
) -> Iterator[str]:
    """Yield what is not as it must be; nothing when all is."""
    target = shop.plan.target
    tip = shop.git.resolve(f"refs/heads/{target}")
    for task, standing in now.items():
        if standing.state is not State.VERIFIED:
            yield f"{task} must be verified, it is {standing.state.value}: {standing.why}"
        elif not shop.git.is_ancestor(standing.commit, tip):
            yield f"{task} must be in {target}"
    for each in work.values():
        if each.stopped_by is not None and not stopped(shop, each):
            yield f"the first try of {each.task} must have been stopped by {each.stopped_by.value}"
    for attempt in shop.attempts.all():
        if left := marked_processes(attempt.token):
            yield f"processes of {attempt.task} are left: {left}"
    tree = shop.git.run("rev-parse", f"{target}^{{tree}}").split()[-1]
    if tree != _due(shop, in_order(shop.plan, work), base):
        yield f"{target} does not hold the right work of every task, and nothing else"


def _due(shop: Workshop, work: Sequence[Work], base: str) -> str:
    """Return the tree that the right work of all tasks makes on ``base``, without agents, graph or train."""
    with shop.worktrees.apart("due", base) as git:
        for each in work:
            apply(Change("", each.edits), git.directory)
        git.run("add", "-A")
        return git.run("write-tree").split()[-1]


def stopped(shop: Workshop, work: Work) -> str:
    """Return what stopped the first try of a task: the reason, "" when that is not what must have."""
    for attempt in shop.tried(work.task):
        if work.stopped_by is Stop.FILES:
            if attempt.end is End.OUTSIDE_FILES and work.learns in attempt.why:
                return f"{attempt.end.value}: {attempt.why}"
            continue
        for record in shop.records(attempt.commit) if attempt.commit else ():
            if said := _reason(record, work):
                return said
    return ""


def _reason(record: VerdictRecord, work: Work) -> str:
    if record.verdict is not Verdict.FAIL:
        return ""
    on_board = record.kind is ProofKind.GATE
    if on_board is (work.stopped_by is Stop.COMMAND):
        return ""
    if work.stopped_by is Stop.WIRE and record.rung != Rung.RENDERED.word:
        return ""  # it must get as far as a right picture, and fail on the wire
    return next((reason for reason in record.reasons if work.learns in reason), "")

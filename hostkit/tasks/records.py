"""What was read from ``tasks.yaml``, as records: defaults and limits are worked in. Pure."""

from __future__ import annotations

from pathlib import Path

from hostkit.boards.model import Fidelity
from hostkit.store.model import Rung
from hostkit.tasks.checks import CommandCheck, check_from
from hostkit.tasks.grouping import all_needs, barriers
from hostkit.tasks.marks import Marked
from hostkit.tasks.model import COMMAND, Agent, Budget, Check, GateCheck, Group, Limits, Plan, Run, Task
from hostkit.tasks.schema import (
    AgentModel,
    AnyCheckModel,
    CommandCheckModel,
    DefaultsModel,
    GateCheckModel,
    GateModel,
    PlanModel,
    RunModel,
    TaskModel,
)


def plan_of(model: PlanModel, marked: Marked, path: Path) -> Plan:
    """Return the plan of a sound model."""
    agents = {name: _agent(name, agent) for name, agent in model.agents.items()}
    named = model.defaults.agent or next(iter(agents), "")
    most = model.limits.attempts
    tasks: dict[str, Task] = {}
    behind = barriers(model)
    for number, task in enumerate(model.tasks):
        run = _run(task)
        started = (1 if run else model.defaults.attempts) if task.attempts is None else task.attempts
        tasks[task.id] = Task(
            id=task.id,
            title=task.title,
            brief=task.brief,
            needs=all_needs(task, behind),
            files=tuple(task.files),
            checks=_checks(task, model.defaults),
            agent=Agent(COMMAND, run.argv, run.timeout_s) if run else agents[task.agent or named],
            attempts=min(started, most or started),
            line=marked.line(("tasks", number)),
            hours=task.hours,
            group=task.group,
            incomplete=tuple(task.incomplete),
            run=run,
        )
    groups = {
        name: Group(name, group.title, tuple(group.after), group.barrier)
        for name, group in model.groups.items()
    }
    gate = _gate(model.target_gate) if model.target_gate else None
    limits = Limits(**model.limits.model_dump())
    return Plan(path, model.target, tasks, groups, gate, limits, agents, model.reports)


def gate_of(task: TaskModel, defaults: DefaultsModel) -> GateModel | None:
    """Return what a board must show for a task: what it says itself, else the default.

    The default is for agents' work: a command leaves no commit that a board could be asked about.
    """
    if task.run is not None and task.gate is None:
        return None
    if task.gate is None:
        return defaults.gate
    return None if task.gate == "none" else task.gate


def _agent(name: str, model: AgentModel) -> Agent:
    return Agent(
        name,
        tuple(model.argv),
        model.timeout_s,
        None if model.env is None else tuple(model.env),
        model.concurrent,
        Budget(**model.budget.model_dump()),
    )


def _run(task: TaskModel) -> Run | None:
    if isinstance(task.run, RunModel):
        return Run(tuple(task.run.argv), task.run.exit, tuple(task.run.inputs), task.run.timeout_s)
    return Run(tuple(task.run)) if task.run is not None else None


def _checks(task: TaskModel, defaults: DefaultsModel) -> tuple[Check, ...]:
    gate = gate_of(task, defaults)
    own = [_gate(gate)] if gate is not None else []
    return (*own, *(_check(check, defaults.check_timeout_s) for check in task.checks))


def _gate(model: GateModel) -> GateCheck:
    return GateCheck(
        model.env, model.board, Rung.from_word(model.min_rung), Fidelity[model.min_fidelity.upper()]
    )


def _check(model: AnyCheckModel, default_s: float) -> Check:
    if isinstance(model, GateCheckModel):
        return _gate(model)
    timeout_s = model.timeout_s or default_s
    if isinstance(model, CommandCheckModel):
        return CommandCheck(tuple(model.argv), timeout_s, model.exit)
    values = model.model_dump() | {"timeout_s": timeout_s}
    return check_from(values)

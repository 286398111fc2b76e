"""``tasks.yaml`` to a plan. Everything wrong is said at once, each with line, field and a way out."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hostkit.boards.model import Fidelity
from hostkit.errors import UsageError
from hostkit.store.model import Rung
from hostkit.tasks.brief import PLACEHOLDERS, unknown_placeholders
from hostkit.tasks.graph import problems as graph_problems
from hostkit.tasks.grouping import all_needs, barriers, group_problems
from hostkit.tasks.marks import Marked, Place, YamlFault, load_marked
from hostkit.tasks.model import Agent, Check, CommandCheck, GateCheck, Group, Plan, Task
from hostkit.tasks.problem import PlanError, Problem, problem_at
from hostkit.tasks.schema import (
    AgentModel,
    CommandCheckModel,
    GateCheckModel,
    GateModel,
    GroupModel,
    PlanModel,
    TaskModel,
)

FILE_NAME = "tasks.yaml"


def read_plan(path: Path) -> Plan:
    """Read and check a file. Raises :class:`PlanError` with every problem, sorted by line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}", hint="name another one: hostkit tasks … --file FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="it must be UTF-8 text") from error
    return parse_plan(text, path)


def parse_plan(text: str, path: Path) -> Plan:
    """Turn the text of ``path`` into a plan; see :func:`read_plan`."""
    try:
        marked = load_marked(text)
    except YamlFault as fault:
        raise PlanError(path, (Problem(fault.line, "", fault.message, fault.hint),)) from fault
    if not isinstance(marked.value, dict):
        problem = Problem(1, "", "the file is no mapping", "begin with: version: 1")
        raise PlanError(path, (problem,))
    try:
        model = PlanModel.model_validate(marked.value)
    except ValidationError as error:
        found = tuple(_problem(detail, marked) for detail in error.errors())
        raise PlanError(path, tuple(sorted(found, key=lambda each: each.line))) from error
    found = tuple(_cross_check(model, marked))
    if found:
        raise PlanError(path, tuple(sorted(found, key=lambda each: each.line)))
    return _plan(model, marked, path)


def _problem(detail: ErrorDetails, marked: Marked) -> Problem:
    place = _place(detail["loc"], marked)
    field = ".".join(str(part) for part in place)
    model = _model_at(place, marked)
    names = sorted(model.model_fields) if model else []
    kind, message = detail["type"], detail["msg"]
    hint = _description(model, place) or "see docs/reference or the tasks.yaml of the project"
    if kind == "extra_forbidden":
        near = get_close_matches(str(place[-1]), names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
        message = "unknown field"
    elif kind == "union_tag_invalid":
        message, hint = f"unknown type {detail['ctx']['tag']!r}", "known types: gate, command"
    elif kind == "union_tag_not_found":
        message, hint = "a check needs a type", "write type: gate or type: command"
    elif kind == "missing":
        message = "missing"
    elif kind == "string_type":
        hint = "put it in quotes"
    elif kind == "string_pattern_mismatch":
        message = f"{detail['input']!r} is no id"
    return Problem(marked.line(place), field, message[:1].lower() + message[1:], hint)


def _place(loc: tuple[str | int, ...], marked: Marked) -> Place:
    """Drop what pydantic adds to a place (the tag of a union, ``[key]``) and the text does not have."""
    place: Place = ()
    for number, part in enumerate(loc):
        if (*place, part) in marked.lines or number == len(loc) - 1:
            place = (*place, part)
    return place[:-1] if place and place[-1] == "[key]" else place


def _model_at(place: Place, marked: Marked) -> type[BaseModel] | None:
    """Return which model the field at ``place`` belongs to."""
    match place:
        case (_,):
            return PlanModel
        case ("agents", _, _, *_):
            return AgentModel
        case ("groups", _, _, *_):
            return GroupModel
        case ("tasks", _, "gate", _, *_) | ("target_gate", _, *_):
            return GateModel
        case ("tasks", int(task), "checks", int(check), _, *_):
            kind: Any = marked.value["tasks"][task]["checks"][check].get("type")
            return CommandCheckModel if kind == "command" else GateCheckModel
        case ("tasks", _, _, *_):
            return TaskModel
    return None


def _description(model: type[BaseModel] | None, place: Place) -> str:
    names = [part for part in place if isinstance(part, str)]
    if model is None or not names or names[-1] not in model.model_fields:
        return ""
    return model.model_fields[names[-1]].description or ""


def _cross_check(model: PlanModel, marked: Marked) -> list[Problem]:
    """Find what no single field shows: doubled ids, needs, agents, tasks that nothing could verify."""
    found: list[Problem] = []
    place_of: dict[str, int] = {}
    for number, task in enumerate(model.tasks):
        where: Place = ("tasks", number)
        if task.id in place_of:
            first = marked.line(("tasks", place_of[task.id]))
            found.append(
                problem_at(marked, (*where, "id"), f"{task.id} is taken by line {first}", "ids are unique")
            )
        place_of.setdefault(task.id, number)
        if task.gate is None and not task.checks and not task.incomplete:
            hint = "give it a gate, or a check of type command; or say under incomplete what is missing"
            found.append(problem_at(marked, where, f"nothing could ever verify {task.id}", hint))
        found += _agent_problem(model, task, marked, where)
    found += group_problems(model, marked)
    if len(place_of) < len(model.tasks):
        return found  # with an id twice, who needs whom is anybody's guess
    behind = barriers(model)
    for problem in graph_problems({task.id: all_needs(task, behind) for task in model.tasks}):
        where = ("tasks", place_of[problem.task], "needs")
        wanted = model.tasks[place_of[problem.task]].needs
        if problem.need in wanted:
            where = (*where, len(wanted) - 1 - wanted[::-1].index(problem.need))
        found.append(problem_at(marked, where, f"{problem.task} {problem.message}", problem.hint))
    for name, agent in model.agents.items():
        for word in unknown_placeholders(tuple(agent.argv)):
            hint = f"known: {', '.join('{' + known + '}' for known in PLACEHOLDERS)}"
            found.append(
                problem_at(marked, ("agents", name, "argv"), f"unknown placeholder {{{word}}}", hint)
            )
    return found


def _agent_problem(model: PlanModel, task: TaskModel, marked: Marked, where: Place) -> list[Problem]:
    names = list(model.agents)
    if not task.agent and len(names) > 1:
        return [
            problem_at(marked, where, f"{task.id} does not say which agent", f"one of: {', '.join(names)}")
        ]
    if task.agent and task.agent not in names:
        near = get_close_matches(task.agent, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
        return [problem_at(marked, (*where, "agent"), f"there is no agent {task.agent!r}", hint)]
    return []


def _plan(model: PlanModel, marked: Marked, path: Path) -> Plan:
    agents = {name: Agent(name, tuple(agent.argv), agent.timeout_s) for name, agent in model.agents.items()}
    tasks: dict[str, Task] = {}
    behind = barriers(model)
    for number, task in enumerate(model.tasks):
        own = [_gate(task.gate)] if task.gate else []
        tasks[task.id] = Task(
            id=task.id,
            title=task.title,
            brief=task.brief,
            needs=all_needs(task, behind),
            files=tuple(task.files),
            checks=(*own, *(_check(check) for check in task.checks)),
            agent=agents[task.agent] if task.agent else next(iter(agents.values())),
            attempts=task.attempts,
            line=marked.line(("tasks", number)),
            hours=task.hours,
            group=task.group,
            incomplete=tuple(task.incomplete),
        )
    groups = {
        name: Group(name, group.title, tuple(group.after), group.barrier)
        for name, group in model.groups.items()
    }
    gate = _gate(model.target_gate) if model.target_gate else None
    return Plan(path, model.target, tasks, groups, gate)


def _gate(model: GateModel) -> GateCheck:
    return GateCheck(
        model.env, model.board, Rung.from_word(model.min_rung), Fidelity[model.min_fidelity.upper()]
    )


def _check(model: GateCheckModel | CommandCheckModel) -> Check:
    if isinstance(model, CommandCheckModel):
        return CommandCheck(tuple(model.argv), model.timeout_s)
    return _gate(model)

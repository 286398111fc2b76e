"""What no single field of ``tasks.yaml`` shows: doubled ids, needs, agents, limits that are passed."""

from __future__ import annotations

from difflib import get_close_matches

from hostkit.tasks.brief import PLACEHOLDERS, unknown_placeholders
from hostkit.tasks.checks import REPORT
from hostkit.tasks.graph import problems as graph_problems
from hostkit.tasks.grouping import all_needs, barriers, group_problems
from hostkit.tasks.marks import Marked, Place
from hostkit.tasks.problem import Problem, problem_at
from hostkit.tasks.records import gate_of
from hostkit.tasks.schema import (
    AnyCheckModel,
    CoverageCheckModel,
    GateCheckModel,
    JsonSchemaCheckModel,
    PlanModel,
    SizeCheckModel,
    SqlSyntaxCheckModel,
    TaskModel,
)


def plan_problems(model: PlanModel, marked: Marked) -> list[Problem]:
    """Return everything wrong with a plan whose fields are each well-formed. Empty when it is sound."""
    return [
        *_task_problems(model, marked),
        *_default_problems(model, marked),
        *group_problems(model, marked),
        *_need_problems(model, marked),
        *_placeholder_problems(model, marked),
    ]


def _task_problems(model: PlanModel, marked: Marked) -> list[Problem]:
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
        proved = task.checks or task.run is not None
        if gate_of(task, model.defaults) is None and not proved and not task.incomplete:
            hint = "give it a gate or a check; or say under incomplete what is missing"
            found.append(problem_at(marked, where, f"nothing could ever verify {task.id}", hint))
        most = model.limits.attempts
        if most is not None and task.attempts is not None and task.attempts > most:
            hint = f"ask for {most} at most, or raise limits.attempts"
            found.append(problem_at(marked, (*where, "attempts"), f"limits allow {most} attempts", hint))
        if task.run is None:
            found += _agent_problem(model, task, marked, where)
        else:
            found += _command_problems(task, marked, where)
        for place, check in enumerate(task.checks):
            found += _check_problem(check, marked, (*where, "checks", place))
    return found


def _check_problem(check: AnyCheckModel, marked: Marked, where: Place) -> list[Problem]:
    if isinstance(check, CoverageCheckModel) and not any(REPORT in part for part in check.argv):
        hint = f"hand it to the command as the path to write to, as in --cov-report=json:{REPORT}"
        return [problem_at(marked, (*where, "argv"), f"nothing in argv is {REPORT}", hint)]
    if isinstance(check, SizeCheckModel) and check.max_flash is None and check.max_ram is None:
        return [problem_at(marked, where, "a size without a limit", "say max_flash or max_ram, in bytes")]
    return []


def _command_problems(task: TaskModel, marked: Marked, where: Place) -> list[Problem]:
    """What asks for a commit, or for an agent, does not fit a command: it has neither."""
    found: list[Problem] = []
    if task.agent:
        hint = "take one of them away; an agent may run the command itself"
        found.append(problem_at(marked, (*where, "agent"), f"{task.id} has a command and an agent", hint))
    hint = "ask it of a task that an agent does, or run it as a command: run: [hostkit, gate, -e, ENV]"
    if task.gate not in (None, "none"):
        said = "a command leaves no commit for a board to prove"
        found.append(problem_at(marked, (*where, "gate"), said, hint))
    for place, check in enumerate(task.checks):
        if isinstance(check, GateCheckModel | SqlSyntaxCheckModel | JsonSchemaCheckModel):
            said = f"{check.type} looks at a commit, and a command leaves none"
            found.append(problem_at(marked, (*where, "checks", place), said, hint))
    return found


def _agent_problem(model: PlanModel, task: TaskModel, marked: Marked, where: Place) -> list[Problem]:
    names = list(model.agents)
    if not names:
        hint = "agents: {NAME: {argv: [PROGRAM, …]}}; or make the task a command: run: [PROGRAM, …]"
        return [problem_at(marked, where, f"there is no agent to do {task.id}", hint)]
    if not task.agent and not model.defaults.agent and len(names) > 1:
        hint = f"one of: {', '.join(names)}; or name it once under defaults"
        return [problem_at(marked, where, f"{task.id} does not say which agent", hint)]
    if task.agent and task.agent not in names:
        return [_no_agent(model, marked, (*where, "agent"), task.agent)]
    return []


def _no_agent(model: PlanModel, marked: Marked, place: Place, name: str) -> Problem:
    near = get_close_matches(name, model.agents, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(model.agents)}"
    return problem_at(marked, place, f"there is no agent {name!r}", hint)


def _default_problems(model: PlanModel, marked: Marked) -> list[Problem]:
    found: list[Problem] = []
    defaults, most = model.defaults, model.limits.attempts
    if defaults.agent and defaults.agent not in model.agents:
        found.append(_no_agent(model, marked, ("defaults", "agent"), defaults.agent))
    if most is not None and "attempts" in defaults.model_fields_set and defaults.attempts > most:
        hint = f"ask for {most} at most, or raise limits.attempts"
        found.append(
            problem_at(marked, ("defaults", "attempts"), f"limits allow {most} attempts a task", hint)
        )
    return found


def _need_problems(model: PlanModel, marked: Marked) -> list[Problem]:
    place_of = {task.id: number for number, task in enumerate(model.tasks)}
    if len(place_of) < len(model.tasks):
        return []  # with an id twice, who needs whom is anybody's guess
    found: list[Problem] = []
    behind = barriers(model)
    for problem in graph_problems({task.id: all_needs(task, behind) for task in model.tasks}):
        where: Place = ("tasks", place_of[problem.task], "needs")
        wanted = model.tasks[place_of[problem.task]].needs
        if problem.need in wanted:
            where = (*where, len(wanted) - 1 - wanted[::-1].index(problem.need))
        found.append(problem_at(marked, where, f"{problem.task} {problem.message}", problem.hint))
    return found


def _placeholder_problems(model: PlanModel, marked: Marked) -> list[Problem]:
    found: list[Problem] = []
    for name, agent in model.agents.items():
        for word in unknown_placeholders(tuple(agent.argv)):
            hint = f"known: {', '.join('{' + known + '}' for known in PLACEHOLDERS)}"
            found.append(
                problem_at(marked, ("agents", name, "argv"), f"unknown placeholder {{{word}}}", hint)
            )
    return found

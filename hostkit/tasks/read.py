"""``tasks.yaml`` to a plan. Everything wrong is said at once, each with line, field and a way out."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hostkit.errors import UsageError
from hostkit.tasks.marks import Marked, Place, YamlFault, load_marked
from hostkit.tasks.model import Plan
from hostkit.tasks.problem import PlanError, Problem
from hostkit.tasks.records import plan_of
from hostkit.tasks.schema import (
    CHECK_MODELS,
    AgentModel,
    BudgetModel,
    DefaultsModel,
    GateCheckModel,
    GateModel,
    GroupModel,
    LimitsModel,
    PlanModel,
    RunModel,
    TaskModel,
)
from hostkit.tasks.soundness import plan_problems

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
    found = tuple(plan_problems(model, marked))
    if found:
        raise PlanError(path, tuple(sorted(found, key=lambda each: each.line)))
    return plan_of(model, marked, path)


def _problem(detail: ErrorDetails, marked: Marked) -> Problem:
    place = _place(detail["loc"], marked, missing=detail["type"] == "missing")
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
        near = get_close_matches(str(detail["ctx"]["tag"]), CHECK_MODELS, n=1)
        message = f"unknown type {detail['ctx']['tag']!r}"
        hint = f"did you mean {near[0]}?" if near else f"known types: {', '.join(CHECK_MODELS)}"
    elif kind == "union_tag_not_found":
        message, hint = "a check needs a type", f"one of: {', '.join(CHECK_MODELS)}"
    elif kind == "missing":
        message = "missing"
    elif kind == "string_type":
        hint = "put it in quotes"
    elif kind == "string_pattern_mismatch":
        message = f"{detail['input']!r} is no id"
    return Problem(marked.line(place), field, message[:1].lower() + message[1:], hint)


def _place(loc: tuple[str | int, ...], marked: Marked, *, missing: bool) -> Place:
    """Drop what pydantic adds to a place (the tag of a union, ``[key]``) and the text does not have.

    What is ``missing`` is not in the text either, but it is the place that is meant.
    """
    place: Place = ()
    for number, part in enumerate(loc):
        if (*place, part) in marked.lines or (missing and number == len(loc) - 1):
            place = (*place, part)
    return place


def _model_at(place: Place, marked: Marked) -> type[BaseModel] | None:
    """Return which model the field at ``place`` belongs to."""
    match place:
        case (_,):
            return PlanModel
        case ("defaults", "gate", _, *_) | ("tasks", _, "gate", _, *_) | ("target_gate", _, *_):
            return GateModel
        case ("defaults", _, *_):
            return DefaultsModel
        case ("limits", _, *_):
            return LimitsModel
        case ("agents", _, "budget", _, *_):
            return BudgetModel
        case ("agents", _, _, *_):
            return AgentModel
        case ("groups", _, _, *_):
            return GroupModel
        case ("tasks", _, "run", str(), *_):
            return RunModel
        case ("tasks", int(task), "checks", int(check), _, *_):
            kind: Any = marked.value["tasks"][task]["checks"][check].get("type")
            return CHECK_MODELS.get(kind, GateCheckModel)
        case ("tasks", _, _, *_):
            return TaskModel
    return None


def _description(model: type[BaseModel] | None, place: Place) -> str:
    names = [part for part in place if isinstance(part, str)]
    if model is None or not names or names[-1] not in model.model_fields:
        return ""
    return model.model_fields[names[-1]].description or ""

"""Which tasks of a plan are meant: ids and ranges, groups, phases. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from hostkit.errors import UsageError
from hostkit.tasks.graph import problems
from hostkit.tasks.importing.model import Outline
from hostkit.tasks.importing.references import Ids, group_key, references
from hostkit.tasks.model import Agent, Plan, Task


@dataclass(frozen=True, slots=True)
class Phase:
    """Tasks that are run together, after those of the phase before."""

    name: str
    tasks: tuple[str, ...]


def tasks_of(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the ids that a text names: ``T1,T2`` or ``T1-T4``. Raises :class:`UsageError`."""
    exact = {name.lower(): name for name in known}
    found: list[str] = []
    for reference in references(text):
        for name in reference.ids if isinstance(reference, Ids) else (text,):
            if name.lower() not in exact:
                near = get_close_matches(name, list(known), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise UsageError(f"there is no task {name!r}", hint=hint)
            found.append(exact[name.lower()])
    if not found:
        raise UsageError(f"{text!r} names no task", hint="name ids or ranges: T1,T2 or T1-T4")
    return tuple(dict.fromkeys(found))


def one_task(text: str, plan: Plan) -> tuple[str, str]:
    """Return the id of ``T1`` or ``T1: Title``, and what to say where the title is another one, else ""."""
    name, _, title = text.partition(":")
    (task, *more) = tasks_of(name, plan.tasks)
    if more:
        raise UsageError(f"{text!r} names {len(more) + 1} tasks", hint="several tasks: --tasks T1,T2")
    known = plan.tasks[task].title
    same = not title.strip() or title.split() == known.split()
    return task, "" if same else f"{task} is called {known!r}, not {title.strip()!r}"


def phase(text: str, known: Collection[str]) -> Phase:
    """Return the phase of ``GROUP_A:T1-T4``. Raises :class:`UsageError`."""
    name, found, ids = text.partition(":")
    if not found or not name.strip():
        raise UsageError(f"{text!r} is no phase", hint="write NAME:TASKS, as GROUP_A:T1-T4")
    return Phase(name.strip(), tasks_of(ids, known))


def of_group(plan: Plan, group: str) -> tuple[str, ...]:
    """Return the tasks of a group, which may be called A, group-a, or GROUP_A. Empty when there is none."""
    wanted = {group_key(group), group_key(f"group {group}")}
    names = {name for name, each in plan.groups.items() if {group_key(name), group_key(each.title)} & wanted}
    return tuple(task.id for task in plan.tasks.values() if task.group in names)


def misplaced(plan: Plan, phases: Sequence[Phase], done: Collection[str]) -> Iterator[str]:
    """Yield what could never start: a task whose need is in a later phase or in none, and not done."""
    at = {task: number for number, each in enumerate(phases) for task in each.tasks}
    for number, each in enumerate(phases):
        for task in each.tasks:
            for need in plan.tasks[task].needs:
                if need in done or at.get(need, len(phases)) <= number:
                    continue
                where = f"comes later, in {phases[at[need]].name}" if need in at else "is in no phase"
                yield f"{task} of {each.name} needs {need}, which {where}"


def with_document(plan: Plan, outline: Outline) -> Plan:
    """Return the plan with what a document says of its tasks: needs, and a brief where there is none.

    What proves a task stays the plan's: a document proves nothing. Raises :class:`UsageError` for a document
    with an error in it, and where its needs and those of the plan's other tasks do not fit together.
    """
    if outline.hard:
        first = outline.hard[0]
        raise UsageError(f"{first.at}: {first.message}", hint=first.hint or "correct the document")
    tasks = {name: _told(task, outline) for name, task in plan.tasks.items()}
    for problem in problems({name: task.needs for name, task in tasks.items()}):
        raise UsageError(
            f"{problem.task} {problem.message}, with the needs of {outline.document.file}",
            hint=f"settle it in {plan.file.name}",
        )
    return replace(plan, tasks=tasks)


def _told(task: Task, outline: Outline) -> Task:
    draft = outline.drafts.get(task.id)
    if draft is None:
        return task
    brief = task.brief or "\n".join(said.text for said in draft.brief)
    return replace(task, needs=outline.needs[task.id], brief=brief)


def with_agent(plan: Plan, tasks: Collection[str], agents: Mapping[str, Agent], name: str) -> Plan:
    """Return the plan with another agent for some tasks. Raises :class:`UsageError` for an unknown one."""
    if name not in agents:
        near = get_close_matches(name, list(agents), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(agents)}; add it under agents"
        raise UsageError(f"{plan.file.name} has no agent {name!r}", hint=hint)
    for task in tasks:
        if plan.tasks[task].run is not None:
            raise UsageError(f"{task} is a command, and no agent does it", hint="leave out --type")
    changed = {task: replace(plan.tasks[task], agent=agents[name]) for task in tasks}
    return replace(plan, tasks={**plan.tasks, **changed})


def unprovable(plan: Plan, tasks: Collection[str]) -> str:
    """Return why one of the tasks could never be verified, or ""."""
    for name in tasks:
        if lacks := plan.tasks[name].incomplete:
            return f"{name} is incomplete: {'; '.join(lacks)}"
    return ""


def file_name(pattern: str, task: str) -> str:
    """Return a pattern's path for one task. ``{task}`` is the only word that means something."""
    return re.sub(r"\{task\}", lambda _: task, pattern)

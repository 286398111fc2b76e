"""``hostkit tasks graph`` and ``schema``: what a plan says, with nothing started and nothing written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from hostkit.tasks.model import Plan, Task

FILE = click.option(
    "--file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The plan (default: tasks.yaml of the checkout).",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")


def plan_file(context: Context, file: Path | None) -> Path:
    """Return the plan that a command line means."""
    return file if file is not None else context.project / "tasks.yaml"


def task_named(plan: Plan, name: str) -> Task:
    """Return the task that a command line means. Raises :class:`UsageError` for one that there is not."""
    if name not in plan.tasks:
        known = ", ".join(plan.tasks)
        raise UsageError(f"there is no task {name!r} in {plan.file.name}", hint=f"known: {known}")
    return plan.tasks[name]


@click.command("graph")
@FILE
@JSON
@click.option("--dot", "as_dot", is_flag=True, help="Print the graph for Graphviz.")
@click.pass_obj
def graph_command(context: Context, file: Path | None, as_json: bool, as_dot: bool) -> None:
    """Show the graph: levels, the critical path with its hours, what a failure would block.

    A level needs only tasks of the levels before it. Groups are hints, unless one is a barrier.
    """
    from hostkit.tasks.read import read_plan  # noqa: PLC0415 - pydantic, not for --help

    plan = read_plan(plan_file(context, file))
    if as_dot:
        click.echo("\n".join(_dot(plan)))
        return
    record = _record(plan)
    if as_json:
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(plan, record)))


@click.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of tasks.yaml, for editors that complete and check as you type."""
    from hostkit.tasks.schema import json_schema  # noqa: PLC0415 - pydantic, not for --help

    click.echo(json.dumps(json_schema(), indent=2))


def _record(plan: Plan) -> dict[str, Any]:
    from hostkit.tasks.graph import critical_path, held_up, levels  # noqa: PLC0415

    path, hours = critical_path(plan.needs, plan.hours)
    return {
        "schema": "hostkit.tasks.graph/1",
        "file": str(plan.file),
        "levels": [list(level) for level in levels(plan.needs)],
        "critical_path": {"tasks": list(path), "hours": hours},
        "hours": sum(plan.hours.values()),
        "without_hours": [task for task in plan.tasks if task not in plan.hours],
        "blocks": {task: list(held_up(plan.needs, task)) for task in plan.tasks},
        "incomplete": {task.id: list(task.incomplete) for task in plan.tasks.values() if task.incomplete},
        "groups": {
            group.name: {
                "barrier": group.barrier,
                "after": list(group.after),
                "tasks": [task.id for task in plan.tasks.values() if task.group == group.name],
            }
            for group in plan.groups.values()
        },
    }


def _lines(plan: Plan, record: dict[str, Any]) -> list[str]:
    lines = [
        f"level {number}   {', '.join(_with_hours(plan, tasks))}"
        for number, tasks in enumerate(record["levels"])
    ]
    path, total = record["critical_path"], record["hours"]
    lines.append(
        f"critical  {' → '.join(_with_hours(plan, path['tasks']))}: {path['hours']:g} of {total:g} h"
    )
    if record["without_hours"]:
        lines.append(f"no hours  {', '.join(record['without_hours'])} (counted as 0)")
    lines += [
        f"if {task} fails   {', '.join(held)} will not start"
        for task, held in record["blocks"].items()
        if held
    ]
    lines += [f"incomplete {task}: {'; '.join(lacks)}" for task, lacks in record["incomplete"].items()]
    for name, group in record["groups"].items():
        kind = f"barrier after {', '.join(group['after'])}" if group["barrier"] else "hint"
        lines.append(f"group {name} ({kind})   {', '.join(group['tasks'])}")
    return lines


def _with_hours(plan: Plan, tasks: Sequence[str]) -> list[str]:
    hours = plan.hours
    return [f"{task} ({hours[task]:g} h)" if task in hours else task for task in tasks]


def _dot(plan: Plan) -> list[str]:
    lines = ["digraph tasks {", "  rankdir=LR;", "  node [shape=box];"]
    for task in plan.tasks.values():
        style = ", style=dashed" if task.incomplete else ""
        label = json.dumps(f"{task.id}: {task.title}", ensure_ascii=False)
        lines.append(f"  {json.dumps(task.id)} [label={label}{style}];")
        lines += [f"  {json.dumps(need)} -> {json.dumps(task.id)};" for need in task.needs]
    return [*lines, "}"]

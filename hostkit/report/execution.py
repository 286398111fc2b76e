"""The log of one run of a task graph, in Markdown: what happened, and where all stood at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hostkit.report.task_log import cell
from hostkit.tasks.graph import critical_path, levels
from hostkit.tasks.model import Plan, Standing


def log_head(plan: Plan, began_ns: int) -> str:
    """Return how a log begins: the plan, and its graph level by level."""
    lines = [f"# Run of {plan.file.name}, {_when(began_ns)} UTC", ""]
    lines += [f"{len(plan.tasks)} tasks, into `{plan.target}`.", ""]
    lines += [f"- level {number}: {', '.join(tasks)}" for number, tasks in enumerate(levels(plan.needs))]
    path, hours = critical_path(plan.needs, plan.hours)
    lines += [f"- critical path: {' → '.join(path)}" + (f" ({hours:g} h)" if hours else ""), ""]
    return "\n".join([*lines, "## What happened", ""]) + "\n"


def log_line(at_ns: int, task: str, text: str) -> str:
    """Return one line of what happened."""
    return f"- {_when(at_ns)[11:]} **{task}** {cell(text)}\n"


def log_foot(
    plan: Plan, now: Mapping[str, Standing], merges: Mapping[str, str], pages: Mapping[str, str]
) -> str:
    """Return how a log ends: one row a task. ``pages``: where each task's page is, relative to the log."""
    lines = [
        "",
        "## Where it stands",
        "",
        "| task | state | why | attempts | merge |",
        "| --- | --- | --- | --- | --- |",
    ]
    for task in plan.tasks.values():
        standing = now[task.id]
        name = f"[{task.id}]({pages[task.id]})" if task.id in pages else task.id
        row = (standing.state.value, standing.why, str(standing.attempts), merges.get(task.id, ""))
        lines.append(f"| {name} | {' | '.join(map(cell, row))} |")
    return "\n".join(lines) + "\n"


def _when(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(" ", "seconds").removesuffix("+00:00")

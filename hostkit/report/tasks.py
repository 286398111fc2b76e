"""Where tasks stand, for people (one line a task, saying why) and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hostkit.tasks.model import Plan, Standing, State

if TYPE_CHECKING:
    from rich.text import Text

SCHEMA = "hostkit.tasks/1"
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

STYLES = {
    State.PLANNED: "dim",
    State.READY: "cyan",
    State.RUNNING: "bold blue",
    State.CLAIMED: "blue",
    State.PROVING: "bold blue",
    State.VERIFIED: "bold green",
    State.FAILED: "bold red",
    State.INCONCLUSIVE: "bold yellow",
}
"""Colours of states, the same everywhere."""

_MARKS = {State.VERIFIED: "✔", State.FAILED: "✘", State.INCONCLUSIVE: "?", State.PLANNED: "·"}


def task_lines(plan: Plan, now: Mapping[str, Standing], merges: Mapping[str, str]) -> Text:
    """Return one line a task, in the order of the file.

    ``merges``: for verified tasks, what became of them in the target branch, in words.
    """
    from rich.text import Text  # noqa: PLC0415 - for a terminal

    widest = max(len(task) for task in plan.tasks)
    return Text("\n").join(_line(now[task], merges.get(task, ""), widest) for task in plan.tasks)


def plain_lines(plan: Plan, now: Mapping[str, Standing], merges: Mapping[str, str]) -> str:
    """Return the same without colours: a terminal's library takes longer than a thousand lines do."""
    widest = max(len(task) for task in plan.tasks)
    return "\n".join(
        f" {mark_of(now[task])} {task:<{widest}}  {now[task].state.value:<12}  {now[task].why}"
        + (f"; {merges[task]}" if merges.get(task) else "")
        for task in plan.tasks
    )


def mark_of(standing: Standing) -> str:
    """Return the sign of a standing: one that nothing moves any more has that of a failure."""
    return "✘" if standing.blocked else _MARKS.get(standing.state, "…")


def _line(standing: Standing, merged: str, width: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 - for a terminal

    state = standing.state
    line = Text(f" {mark_of(standing)} {standing.task:<{width}}  ", style="dim" if standing.blocked else "")
    line.append(f"{state.value:<12}", style="red" if standing.blocked else STYLES[state])
    line.append(
        f"  {standing.why}", style="dim" if state is State.PLANNED and not standing.blocked else "default"
    )
    if merged:
        line.append(f"; {merged}", style="default")
    return line


def task_records(plan: Plan, now: Mapping[str, Standing], merges: Mapping[str, str]) -> dict[str, Any]:
    """Return the same as a JSON-ready value."""
    return {
        "schema": SCHEMA,
        "file": str(plan.file),
        "target": plan.target,
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "needs": list(task.needs),
                "state": now[task.id].state.value,
                "why": now[task.id].why,
                "blocked_by": list(now[task.id].blocked),
                "commit": now[task.id].commit or None,
                "attempts": now[task.id].attempts,
                "merge": merges.get(task.id) or None,
            }
            for task in plan.tasks.values()
        ],
    }

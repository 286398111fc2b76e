"""A run of a task graph as a screen: the graph, what is at work and said last, boards and queue. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group
from rich.text import Text

from hostkit.report.tasks import STYLES, mark_of
from hostkit.report.visible import visible
from hostkit.tasks.graph import levels
from hostkit.tasks.model import Plan, Standing, State
from hostkit.words import counted

_QUIET = (State.VERIFIED, State.PLANNED)  # what goes first where a screen is too small


@dataclass(frozen=True, slots=True)
class Seen:
    """What is so at one moment. ``said``: the last line of output by task; ``boards``: who has each."""

    now: Mapping[str, Standing]
    said: Mapping[str, str] = field(default_factory=dict)
    boards: Mapping[str, str] = field(default_factory=dict)
    queue: str = ""


def live_screen(plan: Plan, seen: Seen, height: int) -> Group:
    """Return the screen, at most ``height`` lines where that can be: settled tasks are then only counted."""
    rows: list[tuple[str, list[Text]]] = []
    for number, level in enumerate(levels(plan.needs)):
        rows += [(task, _row(plan, seen, task, number)) for task in level]
    foot = _foot(seen)
    left = sum(len(lines) for _, lines in rows) + len(foot) - height
    hidden: list[str] = []
    for task in [task for state in _QUIET for task, _ in rows if seen.now[task].state is state]:
        if left <= 0:
            break
        left -= 1 if hidden else 0  # the first makes room for the line that counts them
        hidden.append(task)
    shown = [line for task, lines in rows if task not in hidden for line in lines]
    if hidden:
        shown.append(Text(f"   … and {_counts(hidden, seen)}", style="dim"))
    return Group(*_cut([*shown, *foot]))


def _row(plan: Plan, seen: Seen, task: str, level: int) -> list[Text]:
    standing = seen.now[task]
    width = max(len(each) for each in plan.tasks)
    line = Text(f" {level} ", style="dim")
    line.append(f"{mark_of(standing)} {task:<{width}}  ", style="default")
    line.append(f"{standing.state.value:<12}", style="red" if standing.blocked else STYLES[standing.state])
    if needs := plan.tasks[task].needs:
        line.append(f"← {', '.join(needs)}  ", style="dim")
    line.append(visible(standing.why), style="dim" if standing.state in _QUIET else "default")
    said = seen.said.get(task, "")
    return [line, Text(f"   {'':<{width}}  │ {visible(said)}", style="cyan")] if said else [line]


def _foot(seen: Seen) -> list[Text]:
    lines = []
    if seen.boards:
        told = "   ".join(f"{name}: {who or 'free'}" for name, who in seen.boards.items())
        lines.append(Text(f" boards  {visible(told)}", style="magenta"))
    if seen.queue:
        lines.append(Text(f" queue   {seen.queue}", style="magenta"))
    return lines


def _counts(tasks: Sequence[str], seen: Seen) -> str:
    of = {state: sum(seen.now[task].state is state for task in tasks) for state in _QUIET}
    return ", ".join(f"{count} {state.value}" for state, count in of.items() if count) or counted(0, "task")


def _cut(lines: Sequence[Text]) -> list[Text]:
    """Keep each on one line of the terminal, whatever its width."""
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return list(lines)

"""What an agent is told, and how it gets it: a file, placeholders in its argv, and its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostkit.tasks.model import GateCheck, Task

FLASHES_COUNTED = "HOSTKIT_FLASHES_COUNTED"
"""Set for an agent whose flashes have a budget: what leaves no evidence to be counted by is refused then."""

PLACEHOLDERS = ("brief", "prompt", "task", "title", "worktree")
"""``{brief}``: path of the file; ``{prompt}``: its text; the others as they are called."""

ALWAYS_SEEN = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TERM", "TMPDIR", "TZ"),
    *("HOSTKIT_STATE_DIR", "HOSTKIT_CACHE_DIR", "HOSTKIT_RUNS_DIR"),
)
"""What an agent with an allow-list sees of the environment besides: programs need it, it is no secret."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Handover:
    """Where an agent finds its task."""

    brief: Path
    worktree: Path
    token: str
    base: str

    def argv(self, task: Task, text: str) -> tuple[str, ...]:
        """Return the agent's argv with every known placeholder filled in, in one pass."""
        values = {
            "brief": str(self.brief),
            "prompt": text,
            "task": task.id,
            "title": task.title,
            "worktree": str(self.worktree),
        }
        return tuple(_PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), part) for part in task.agent.argv)

    def environment(self, task: Task) -> dict[str, str]:
        """Return what the agent finds in its environment besides everything else."""
        return {
            "HOSTKIT_TASK": task.id,
            "HOSTKIT_BRIEF": str(self.brief),
            "HOSTKIT_WORKTREE": str(self.worktree),
            "HOSTKIT_BASE": self.base,
        }


def seen_environment(env: Mapping[str, str], allowed: Sequence[str] | None) -> dict[str, str]:
    """Return what an agent may see of an environment: all of it for None, else :data:`ALWAYS_SEEN` and what
    the list names. A ``*`` at the end of a name stands for any more letters.
    """
    if allowed is None:
        return dict(env)
    names = (*ALWAYS_SEEN, *allowed)
    whole = {name for name in names if not name.endswith("*")}
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return {name: value for name, value in env.items() if name in whole or name.startswith(starts)}


def unknown_placeholders(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return words in braces that look like placeholders and are none."""
    return tuple(m[1] for part in argv for m in _PLACEHOLDER.finditer(part) if m[1] not in PLACEHOLDERS)


def brief_text(task: Task, before: str, evidence: Sequence[str] = (), results: Sequence[str] = ()) -> str:
    """Return the whole brief in Markdown.

    ``before``: why the attempt before came to nothing, or empty. ``evidence``: what shows it, and
    ``results``: what came of the tasks that this one needs; one line each.
    """
    lines = [f"# {task.id}: {task.title}", "", task.brief.strip(), ""]
    if results:
        lines += ["## What it builds on", "", *(f"- {line}" for line in results), ""]
    if before:
        lines += ["## What happened so far", "", before, *(f"- {line}" for line in evidence)]
        lines += ["Your earlier commits are still on this branch.", ""]
    if task.files:
        lines += ["## Files that may change", "", *(f"- `{pattern}`" for pattern in task.files), ""]
    lines += ["## How it is judged", ""]
    for check in task.checks:
        lines.append(f"- {check.title}")
        if isinstance(check, GateCheck):
            lines.append(
                f"  (try it: `hostkit gate -e {check.env} -b {check.board}`; rung {check.min_rung.word})"
            )
    lines += [
        "",
        "Commit your work on the branch that is checked out, leave nothing uncommitted, exit with 0.",
    ]
    return "\n".join(lines) + "\n"

"""What is wrong in a file that somebody wrote: line, field and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import UsageError
from hostkit.tasks.marks import Marked, Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the file; ``field`` is a dotted path such as ``tasks.2.needs``."""

    line: int
    field: str
    message: str
    hint: str


class PlanError(UsageError):
    """A file that is no plan. ``problems`` has all of it; the message is the first."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        """Make the message of the first problem; there is at least one."""
        first = problems[0]
        field = f"{first.field}: " if first.field else ""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{path}:{first.line}: {field}{first.message}{more}", hint=first.hint)
        self.path = path
        self.problems = problems


def problem_at(marked: Marked, place: Place, message: str, hint: str) -> Problem:
    """Return a problem with the line and the dotted name of a place."""
    return Problem(marked.line(place), ".".join(str(part) for part in place), message, hint)

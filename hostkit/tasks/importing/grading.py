"""How much of each task a document says. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hostkit.tasks.importing.model import Draft, Outline

PARTS = 5


@dataclass(frozen=True, slots=True)
class Grade:
    """Of five parts those that a task has: description, needs, files, validation, hours."""

    task: str
    lacks: tuple[str, ...]

    @property
    def has(self) -> int:
        """Return how many parts are there."""
        return PARTS - len(self.lacks)

    @property
    def word(self) -> str:
        """Return full, partial or bare (nothing but a title and one part more)."""
        return "full" if not self.lacks else "bare" if self.has <= 1 else "partial"


def grade(name: str, draft: Draft) -> Grade:
    """Return what a task lacks."""
    parts = {
        "description": bool(draft.brief),
        "needs": draft.needs is not None,
        "files": bool(draft.files),
        "validation": bool(draft.steps),
        "hours": draft.hours is not None,
    }
    return Grade(name, tuple(part for part, there in parts.items() if not there))


def grades(outline: Outline) -> tuple[Grade, ...]:
    """Return one grade a task, in the order of the document."""
    return tuple(grade(name, draft) for name, draft in outline.drafts.items())


def unsettled(outline: Outline, name: str) -> tuple[str, ...]:
    """Return what a person has to settle before the task may start. Always at least the check."""
    draft = outline.drafts[name]
    found = ["no gate and no check: nothing could verify it"]
    if not draft.files:
        found.append("no files: anything could be changed")
    if not draft.brief and not draft.steps:
        found.append("no description: only the title is known")
    if draft.needs is None:
        found.append("no word about dependencies")
    found += [f"needs «{said.text}», which is no task ({said.at})" for said in outline.unread.get(name, ())]
    return tuple(found)

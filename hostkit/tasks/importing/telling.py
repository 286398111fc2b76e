"""What an import found, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from hostkit.tasks.graph import critical_path
from hostkit.tasks.importing.grading import PARTS, grades
from hostkit.tasks.importing.model import Outline
from hostkit.words import counted


def report_lines(outline: Outline) -> Iterator[str]:
    """Yield the report: what is there, what each task lacks, what does not fit together."""
    told = grades(outline)
    words = Counter(grade.word for grade in told)
    yield f"{outline.document.file}: {counted(len(told), 'task')}: " + ", ".join(
        f"{words[word]} {word}" for word in ("full", "partial", "bare")
    )
    for grade in told:
        lacks = f"lacks {', '.join(grade.lacks)}" if grade.lacks else "lacks nothing but a gate or check"
        yield f"  {grade.task:<8} {grade.has}/{PARTS}  {lacks}"
    if not outline.hard and outline.drafts:
        path, hours = critical_path(outline.needs, outline.hours)
        yield f"critical path {' → '.join(path)}: {hours:g} of {sum(outline.hours.values()):g} h"
    for finding in outline.findings:
        mark = "error" if finding.hard else "note"
        yield f"{finding.at}: {mark}: {finding.kind.value}: {finding.message}"
        if finding.hint:
            yield f"    hint: {finding.hint}"


def report_record(outline: Outline) -> dict[str, Any]:
    """Return the same as a JSON-ready value."""
    return {
        "schema": "hostkit.tasks.import/1",
        "file": outline.document.file,
        "tasks": [
            {
                "id": grade.task,
                "title": outline.drafts[grade.task].title.text,
                "line": outline.drafts[grade.task].id.at.line,
                "needs": list(outline.needs[grade.task]),
                "grade": grade.word,
                "has": grade.has,
                "lacks": list(grade.lacks),
            }
            for grade in grades(outline)
        ],
        "findings": [
            {
                "kind": finding.kind.value,
                "hard": finding.hard,
                "file": finding.at.file,
                "line": finding.at.line,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in outline.findings
        ],
    }

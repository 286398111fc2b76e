"""What reading a plan costs that somebody wrote: a breakdown of 2,000 lines, to a tasks.yaml as text."""

from __future__ import annotations

from collections.abc import Iterator

from measure import Row, Side, compare

from hostkit.tasks.importing.document import import_source
from hostkit.tasks.importing.source import source_of
from hostkit.tasks.importing.writing import plan_text

LINES = 2_000


def breakdown(lines: int) -> str:
    """Return a breakdown of at least so many lines, with what breakdowns have."""
    text = ["# Plan", "", "**Critical path:** T1 → T2 → T3", ""]
    number = 0
    while len(text) < lines:
        number += 1
        before = ", ".join(f"T{max(1, number - back)}" for back in (1, 3)) if number > 3 else "None"
        text += [
            f"#### T{number}: Part {number} (2 hours)",
            "",
            "**Description:** What it is to do, in a sentence or two.",
            f"**Dependencies:** {before}",
            "**Files to Create/Modify:**",
            "```",
            "src/",
            f"├── part{number}.ts",
            f"└── part{number}.test.ts",
            "```",
            "**Validation Steps:**",
            "```bash",
            "# a comment that looks like a heading",
            f"npm test part{number}",
            "```",
            "",
        ]
    return "\n".join(text) + "\n"


def rows() -> Iterator[Row]:
    """Import a breakdown beside counting its lines."""
    data = breakdown(LINES).encode()
    ours = Side("to tasks.yaml", lambda: plan_text(import_source(source_of(data, "plan.md"))))
    peer = Side("str.splitlines", lambda: data.decode().splitlines())
    yield compare("import of a 2,000-line breakdown", ours, peer, target="<= 0.5 s")

"""A file to an outline, whichever of the known grammars it is in."""

from __future__ import annotations

import re
from pathlib import Path

from hostkit.tasks.importing.markdown import read_markdown
from hostkit.tasks.importing.model import Finding, Kind, Outline
from hostkit.tasks.importing.records import read_records
from hostkit.tasks.importing.resolving import outline
from hostkit.tasks.importing.source import Source, read_source
from hostkit.tasks.importing.writing import bad_ids

_RECORDS = re.compile(r"(?m)\A\s*[\[{]|^(?:- )?(?:taskId|task_id|tasks|groups)\s*:")


def import_file(path: Path) -> Outline:
    """Read a plan that somebody wrote. Raises :class:`UsageError` only when the file cannot be read.

    What is wrong in it is among the outline's findings, each with file and line. Nothing of it is run.
    """
    return import_source(read_source(path))


def import_source(source: Source) -> Outline:
    """Turn lines into an outline: by the file's ending; without a known one, by what it begins like."""
    ending = source.file.rsplit(".", 1)[-1].lower()
    records = ending in ("yaml", "yml", "json") or (
        ending not in ("md", "markdown") and _RECORDS.search(source.text) is not None
    )
    document = read_records(source) if records else read_markdown(source)
    made = outline(document)
    odd = bad_ids(made)
    if not odd:
        return made
    findings = [
        Finding(
            Kind.BROKEN,
            made.drafts[name].id.at,
            f"{name[:80]!r} is no id",
            "letters, digits, - and _, as T1 or 1.2",
        )
        for name in odd
    ]
    return outline(
        type(document)(
            document.file,
            document.drafts,
            document.groups,
            document.paths,
            document.totals,
            [*document.findings, *findings],
        )
    )

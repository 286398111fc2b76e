"""GFM tables: cells, and which column is which. Pure."""

from __future__ import annotations

import re

from hostkit.tasks.importing.labels import Field, field_of

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")


def is_rule(line: str) -> bool:
    """Is it the line of dashes below a table's heading?"""
    return "-" in line and "|" in line and _RULE.fullmatch(line) is not None


def cells(line: str) -> list[str]:
    """Return a row's cells. A bar that is escaped or stands in code is none."""
    found, cell, code = [], "", False
    text = line.strip()
    for number, letter in enumerate(text):
        if letter == "`":
            code = not code
        if letter == "|" and not code and text[number - 1 : number] != "\\":
            found.append(cell.strip())
            cell = ""
        else:
            cell += letter
    found.append(cell.strip())
    if text.startswith("|"):
        found = found[1:]
    if found and not found[-1]:
        found.pop()
    return [each.replace("\\|", "|") for each in found]


def columns(heading: list[str]) -> dict[int, Field]:
    """Return what the columns are; empty when none of them holds ids, so that it is no table of tasks."""
    found = {n: field for n, cell in enumerate(heading) if (field := field_of(cell)) is not None}
    if Field.ID not in found.values():
        names = [n for n, field in found.items() if field is Field.TITLE]
        if not names:
            return {}
        found[names[0]] = Field.ID  # «Task» with «T1: Title» in it, or with an id alone
    first = next(n for n, field in found.items() if field is Field.ID)
    return {n: field for n, field in found.items() if field is not Field.ID or n == first}

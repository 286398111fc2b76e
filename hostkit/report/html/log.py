"""The serial log as data for the page's script: rows, parts, and what was left out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hostkit.link.transcript import Direction
from hostkit.report.spoken import Line
from hostkit.words import counted

MOST_LINES = 20_000
MOST_CHARACTERS = 3_000_000
"""Of a page. What is left out first is what tests said that passed, from the middle of the run."""

_WAYS = {Direction.SENT: 0, Direction.RECEIVED: 1}
_NOTE = 2


def log_data(lines: Sequence[Line], bad: Collection[str]) -> dict[str, Any]:
    """Return ``parts`` (names), ``bad`` (numbers of parts that did not pass) and ``rows``.

    A row is microseconds, 0 to the board, 1 from it, 2 a note of this page; the part's number; the text.
    """
    parts = list(dict.fromkeys(line.part for line in lines))
    number = {part: index for index, part in enumerate(parts)}
    kept = _kept(lines, bad)
    rows: list[list[Any]] = []
    skipped = 0
    for index, line in enumerate(lines):
        if index in kept:
            if skipped:
                rows.append([line.us, _NOTE, number[line.part], _left_out(skipped)])
                skipped = 0
            rows.append([line.us, _WAYS[line.direction], number[line.part], kept[index]])
        else:
            skipped += 1
    if skipped:
        rows.append([lines[-1].us, _NOTE, number[lines[-1].part], _left_out(skipped)])
    return {"parts": parts, "bad": [number[part] for part in parts if part in bad], "rows": rows}


def _left_out(count: int) -> str:
    return f"… {counted(count, 'line')} left out here, see link.jsonl of the evidence"


def _kept(lines: Sequence[Line], bad: Collection[str]) -> dict[int, str]:
    """Choose lines: those of tests that did not pass, then the first and the last ones in turn."""
    kept: dict[int, str] = {}
    space = MOST_CHARACTERS
    others = [index for index, line in enumerate(lines) if line.part not in bad]
    order = [index for index, line in enumerate(lines) if line.part in bad]
    half = len(others) // 2
    ends = (pair for pair in zip(others[:half], reversed(others[half:]), strict=False))
    order += [index for pair in ends for index in pair]
    order += others[half : half + len(others) % 2]
    for index in order:
        if len(kept) == MOST_LINES:
            break
        text = lines[index].text
        space -= len(text)
        if space < 0:
            break
        kept[index] = text
    return kept

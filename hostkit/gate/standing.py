"""Does a pass still stand: does the ledger have it, and nothing since that says otherwise? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hostkit.gate.statement import board_names
from hostkit.store.glance import Line

_AGAINST = ("fail", "invalid")


def standing_line(lines: Iterable[Line], statement: Mapping[str, Any], seal_sha256: str) -> int:
    """Return the place in the ledger of the pass that a statement is about, 0 where it does not answer.

    It does not where the ledger holds no such pass; where the same build has failed on one of its boards, or
    was invalid there, at any time after it; and where the same suite did not end with a pass after it.
    ``lines``: all that the ledger has about the commit, oldest first.
    """
    boards = set(board_names(statement))
    place = 0
    for line in lines:
        if (line.run_id, line.verdict, line.evidence_sha256) == (statement["run"], "pass", seal_sha256):
            place = line.seq
        elif place and boards.intersection(line.board.split(",")) and _is_against(line, statement):
            return 0
    return place


def _is_against(line: Line, statement: Mapping[str, Any]) -> bool:
    if line.build_id != statement["build_id"]:
        return False
    of_the_suite = (line.suite, line.selection) == (statement["suite_sha256"], "")
    return line.verdict in _AGAINST or (of_the_suite and line.verdict != "pass")

"""Does a pass still stand: does the ledger have it, and nothing since that says otherwise? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hostkit.store.glance import Line

_AGAINST = ("fail", "invalid")


def standing_line(lines: Iterable[Line], statement: Mapping[str, Any], seal_sha256: str) -> int:
    """Return the place in the ledger of the pass that a statement is about, 0 where it does not answer.

    It does not where the ledger holds no such pass; where the same build has failed on the same board, or
    was invalid there, at any time after it; and where the same suite did not end with a pass after it.
    ``lines``: all that the ledger has about the commit, oldest first.
    """
    board = statement["board"]["name"]
    case = statement["build_id"], board
    place = 0
    for line in lines:
        if (line.run_id, line.verdict, line.evidence_sha256) == (statement["run"], "pass", seal_sha256):
            place = line.seq
        elif place and (line.build_id, line.board) == case and _is_against(line, statement["suite_sha256"]):
            return 0
    return place


def _is_against(line: Line, suite: str) -> bool:
    of_the_suite = (line.suite, line.selection) == (suite, "")
    return line.verdict in _AGAINST or (of_the_suite and line.verdict != "pass")

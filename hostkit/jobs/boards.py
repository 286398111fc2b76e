"""Boards as the queue knows them: which attempt has one, how often it failed, what it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from hostkit.jobs.breaker import COOL_S, Breaker
from hostkit.jobs.model import Attempt, Ending, Outcome, Step
from hostkit.store.prepared import Prepared, Row
from hostkit.store.tables import job_boards

UNKNOWN = "unknown"
"""How the content of a board begins while nobody can say what it runs."""

_BOARDS = Prepared(select(job_boards))
_WRITERS = (Step.FLASH, Step.GATE, Step.PROBE)
_CUT_SHORT = (Outcome.INCONCLUSIVE, Outcome.INVALID, Outcome.TIMED_OUT, Outcome.STOPPED, Outcome.LOST)


@dataclass(frozen=True, slots=True)
class BoardRecord:
    """What the queue knows of a board. ``attempt``: that has it, 0 for none; ``content``: a build id, or
    why it is not known, or "" for never asked."""

    identity: str
    attempt: int
    generation: int
    breaker: Breaker
    content: str


def find_boards(connection: Connection) -> dict[str, BoardRecord]:
    """Return every board that was ever used, by identity."""
    return {row["identity"]: _board(row) for row in _BOARDS.rows(connection)}


def claim(connection: Connection, attempt: Attempt, seen: int) -> int:
    """Give a board to an attempt; return the new generation of its lease, 0 when another has it.

    It is higher than every one before, and than ``seen``, the highest that the board's host knows.
    """
    row = connection.execute(_locked(attempt.board)).mappings().first()
    if row is None:
        return _claim_new(connection, attempt, seen + 1)
    generation = max(row["generation"], seen) + 1
    free = (job_boards.c.identity == attempt.board, job_boards.c.attempt == 0)
    done = connection.execute(
        update(job_boards).where(*free).values(attempt=attempt.id, generation=generation)
    )
    return generation if done.rowcount == 1 else 0


def _claim_new(connection: Connection, attempt: Attempt, generation: int) -> int:
    values = {"identity": attempt.board, "attempt": attempt.id, "generation": generation}
    values |= {"faults": 0, "opened_ns": 0, "cool_s": COOL_S, "content": ""}
    try:
        with connection.begin_nested():
            connection.execute(job_boards.insert().values(**values))
    except IntegrityError:  # another worker used it for the first time, at the same time
        return 0
    return generation


def give_back(connection: Connection, attempt: Attempt, ending: Ending, now_ns: int) -> None:
    """Take a board from the attempt that ended, and remember what that says of the board."""
    row = connection.execute(_locked(attempt.board)).mappings().first()
    if row is None:
        return
    known = _board(row)
    breaker = known.breaker
    if ending.board_fault:
        breaker = breaker.after_fault(now_ns)
    elif ending.outcome in (Outcome.PASS, Outcome.FAIL):
        breaker = breaker.after_good()
    values: dict[str, Any] = {
        "faults": breaker.faults,
        "opened_ns": breaker.opened_ns,
        "cool_s": breaker.cool_s,
        "content": content_after(known.content, attempt, ending),
    }
    if known.attempt == attempt.id:
        values["attempt"] = 0
    connection.execute(update(job_boards).where(job_boards.c.identity == attempt.board).values(**values))


def content_after(before: str, attempt: Attempt, ending: Ending) -> str:
    """Return what a board runs after an attempt, as far as its end shows."""
    if ending.runs:
        return ending.runs
    if attempt.step in _WRITERS and ending.outcome in _CUT_SHORT:
        return f"{UNKNOWN}: {attempt.step.value} of job {attempt.job} ended {ending.outcome.value}"
    return before


def _locked(identity: str) -> Any:
    return select(job_boards).where(job_boards.c.identity == identity).with_for_update()


def _board(row: Row) -> BoardRecord:
    breaker = Breaker(row["faults"], row["opened_ns"], row["cool_s"])
    return BoardRecord(row["identity"], row["attempt"], row["generation"], breaker, row["content"])

"""Boards as the queue knows them: which attempt has one, how often it failed, what it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from hostkit.jobs.breaker import COOL_S, Breaker
from hostkit.jobs.model import Attempt, Ending, Outcome, Step
from hostkit.store.prepared import Prepared, Row
from hostkit.store.tables import job_boards

UNKNOWN = "unknown"
"""How the content of a board begins while nobody can say what it runs."""

_BOARDS = Prepared(select(job_boards))
_LOCKED = Prepared(
    select(job_boards)
    .where(job_boards.c.identity.in_(bindparam("boards", expanding=True)))
    .order_by(job_boards.c.identity)  # two who lock the same ones never wait for each other
    .with_for_update(),
    "boards",
)
_THIS = job_boards.c.identity == bindparam("board")
_CLAIM = Prepared(
    update(job_boards).where(_THIS).values(attempt=bindparam("whose"), generation=bindparam("number"))
)
_GIVE_BACK = Prepared(
    update(job_boards)
    .where(_THIS)
    .values(
        {name: bindparam(f"to_{name}") for name in ("attempt", "faults", "opened_ns", "cool_s", "content")}
    )
)
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


def lock_boards(connection: Connection, identities: Sequence[str]) -> dict[str, BoardRecord]:
    """Return boards by identity, for this transaction to change; one that was never used is not there."""
    if not identities:
        return {}
    rows = _LOCKED.rows(connection, {"boards": list(dict.fromkeys(identities))})
    return {row["identity"]: _board(row) for row in rows}


def claim(connection: Connection, attempt: Attempt, seen: int, known: dict[str, BoardRecord]) -> int:
    """Give an attempt all of its boards, or none; return the new generation of their leases, 0 when another
    has one. ``known``: what :func:`lock_boards` returned, of which this takes note.

    It is higher than every one before, and than ``seen``, the highest that the boards' host knows.
    """
    mine = [known[identity] for identity in attempt.boards if identity in known]
    if any(board.attempt for board in mine):
        return 0
    generation = max(seen, *(board.generation for board in mine), 0) + 1
    new = [identity for identity in attempt.boards if identity not in known]
    if new and not _claim_new(connection, attempt, new, generation):
        return 0
    claimed = [{"board": board.identity, "whose": attempt.id, "number": generation} for board in mine]
    if claimed:
        _CLAIM.change(connection, claimed)
    known |= {each.identity: replace(each, attempt=attempt.id, generation=generation) for each in mine}
    known |= {each: BoardRecord(each, attempt.id, generation, Breaker(), "") for each in new}
    return generation


def _claim_new(connection: Connection, attempt: Attempt, new: Sequence[str], generation: int) -> bool:
    values: dict[str, Any] = {"attempt": attempt.id, "generation": generation}
    values |= {"faults": 0, "opened_ns": 0, "cool_s": COOL_S, "content": ""}
    try:
        with connection.begin_nested():
            connection.execute(job_boards.insert(), [values | {"identity": each} for each in sorted(new)])
    except IntegrityError:  # another worker used it for the first time, at the same time
        return False
    return True


def give_back(
    connection: Connection, attempt: Attempt, ending: Ending, now_ns: int, known: dict[str, BoardRecord]
) -> None:
    """Take its boards from an attempt that ended, and remember what that says of each.

    ``known``: what :func:`lock_boards` returned, of which this takes note.
    """
    faulty = faulty_boards(attempt, ending)
    changed = [
        _after(known[identity], name, attempt, ending, faulty=name in faulty, now_ns=now_ns)
        for identity, name in attempt.boards.items()
        if identity in known
    ]
    if changed:
        _GIVE_BACK.change(connection, [_row(each) for each in changed])
    known |= {each.identity: each for each in changed}


def faulty_boards(attempt: Attempt, ending: Ending) -> frozenset[str]:
    """Return the names of the boards that a fault speaks against: of several the one that the reason begins
    with, as a gate's does; all of them where it names none."""
    if not ending.board_fault:
        return frozenset()
    names = attempt.boards.values()
    return frozenset(name for name in names if ending.reason.startswith(f"{name}: ")) or frozenset(names)


def _after(
    known: BoardRecord, name: str, attempt: Attempt, ending: Ending, *, faulty: bool, now_ns: int
) -> BoardRecord:
    breaker = known.breaker
    if faulty:
        breaker = breaker.after_fault(now_ns)
    elif ending.outcome in (Outcome.PASS, Outcome.FAIL):
        breaker = breaker.after_good()
    content = content_after(known.content, attempt, ending, name)
    left = 0 if known.attempt == attempt.id else known.attempt
    return replace(known, attempt=left, breaker=breaker, content=content)


def content_after(before: str, attempt: Attempt, ending: Ending, name: str) -> str:
    """Return what the board of that name runs after an attempt, as far as its end shows."""
    runs = dict(ending.each_runs).get(name, "") if len(attempt.boards) > 1 else ending.runs
    if runs:
        return runs
    if attempt.step in _WRITERS and ending.outcome in _CUT_SHORT:
        return f"{UNKNOWN}: {attempt.step.value} of job {attempt.job} ended {ending.outcome.value}"
    return before


def _row(board: BoardRecord) -> dict[str, Any]:
    breaker = board.breaker
    row: dict[str, Any] = {"board": board.identity, "to_attempt": board.attempt, "to_content": board.content}
    return row | {
        "to_faults": breaker.faults,
        "to_opened_ns": breaker.opened_ns,
        "to_cool_s": breaker.cool_s,
    }


def _board(row: Row) -> BoardRecord:
    breaker = Breaker(row["faults"], row["opened_ns"], row["cool_s"])
    return BoardRecord(row["identity"], row["attempt"], row["generation"], breaker, row["content"])

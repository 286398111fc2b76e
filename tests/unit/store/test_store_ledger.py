"""The ledger and the attempts on a real database file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hostkit.errors import InvalidError, ToolError
from hostkit.store.attempts import Attempts
from hostkit.store.database import Database, open_database
from hostkit.store.glance import FILE_NAME, line_of, lines_of_commit
from hostkit.store.ledger import Ledger
from hostkit.store.model import GENESIS, Attempt, Beginning, End, Phase, Verdict
from hostkit.testing.store import a_pass

RECORD = a_pass(
    run_id="r0",
    project="/p/.git",
    reasons=("größer", "als"),
    evidence="/p/.hostkit/runs/x",
    decided_ns=1_900_000_000_000_000_000,
)
BEGINNING = Beginning("t1", "a" * 40, "/w/t1", "/w/t1.log", "token", "boot")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def test_entries_come_back_as_they_were_and_linked(database: Database) -> None:
    ledger = Ledger(database)
    first = ledger.append(RECORD)
    second = ledger.append(replace(RECORD, run_id="r1", verdict=Verdict.INVALID))
    assert first.previous == GENESIS
    assert second.previous == first.digest
    assert ledger.entries() == (first, second)
    assert ledger.check() == 2


def test_entries_are_found_by_commit_and_by_run(database: Database) -> None:
    ledger = Ledger(database)
    mine = ledger.append(RECORD)
    ledger.append(replace(RECORD, run_id="r1", commit="9" * 40))
    assert ledger.of_commit("a" * 40) == (mine,)
    assert ledger.of_run("r0") == mine
    assert ledger.of_run("r7") is None


def test_a_glance_at_the_file_sees_what_the_ledger_says_of_a_commit(
    database: Database, tmp_path: Path
) -> None:
    ledger = Ledger(database)
    entries = [ledger.append(replace(RECORD, run_id=name, selection=name)) for name in ("r0", "r1")]
    ledger.append(replace(RECORD, run_id="r2", commit="9" * 40))
    assert lines_of_commit(tmp_path, "a" * 40) == tuple(line_of(entry) for entry in entries)
    assert entries[1].seq == 2
    assert lines_of_commit(tmp_path, "b" * 40) == ()


def test_a_glance_at_what_is_no_ledger_sees_nothing_and_makes_no_file(tmp_path: Path) -> None:
    assert lines_of_commit(tmp_path / "none", "a" * 40) == ()
    assert not (tmp_path / "none").exists()
    (tmp_path / FILE_NAME).write_bytes(b"no database " * 100)
    assert lines_of_commit(tmp_path, "a" * 40) == ()
    assert lines_of_commit(Path("relative"), "a" * 40) == ()


def test_a_run_id_cannot_be_used_twice(database: Database) -> None:
    ledger = Ledger(database)
    ledger.append(RECORD)
    with pytest.raises(ToolError, match="refused"):
        ledger.append(replace(RECORD, verdict=Verdict.FAIL))
    assert [entry.record for entry in ledger.entries()] == [RECORD]


def test_a_verdict_edited_in_the_database_is_found(database: Database) -> None:
    ledger = Ledger(database)
    ledger.append(replace(RECORD, verdict=Verdict.FAIL))
    ledger.append(replace(RECORD, run_id="r1"))
    with database.write() as connection:
        connection.execute(text("UPDATE verdicts SET verdict = 'pass' WHERE run_id = 'r0'"))
    with pytest.raises(InvalidError, match="broken at entry 1") as caught:
        ledger.check()
    assert "prove nothing" in caught.value.hint


EDITS = {
    "the newest entry removed": "DELETE FROM verdicts WHERE seq = 3",
    "all entries removed": "DELETE FROM verdicts",
    "one in the middle removed": "DELETE FROM verdicts WHERE seq = 2",
    "the oldest removed": "DELETE FROM verdicts WHERE seq = 1",
    "two swapped": "UPDATE verdicts SET seq = CASE seq WHEN 2 THEN 9 ELSE seq END",
    "a word that there is not": "UPDATE verdicts SET verdict = 'splendid' WHERE seq = 2",
    "reasons that are none": "UPDATE verdicts SET reasons = '{' WHERE seq = 2",
    "its length edited": "UPDATE ledger_head SET entries = 2",
}


@pytest.mark.parametrize("statement", EDITS.values(), ids=EDITS)
def test_what_was_removed_moved_or_edited_in_the_database_is_found(
    database: Database, statement: str
) -> None:
    ledger = Ledger(database)
    for number in range(3):
        ledger.append(replace(RECORD, run_id=f"r{number}"))
    assert ledger.check() == 3
    with database.write() as connection:
        connection.execute(text(statement))
    with pytest.raises(InvalidError, match="the ledger is broken at") as caught:
        ledger.check()
    assert "someone edited the database" in caught.value.hint


def test_attempts_are_numbered_per_task_and_project(database: Database) -> None:
    here, there = Attempts(database, "/p/.git"), Attempts(database, "/q/.git")
    assert [here.begin(BEGINNING, 5).number, here.begin(BEGINNING, 6).number] == [1, 2]
    assert here.begin(replace(BEGINNING, task="t10"), 7).number == 1
    assert there.begin(BEGINNING, 8).number == 1
    assert [attempt.task for attempt in here.all()] == ["t1", "t1", "t10"]


def test_an_attempt_goes_from_running_to_proved(database: Database) -> None:
    attempts = Attempts(database, "/p/.git")
    attempt = attempts.started(attempts.begin(BEGINNING, 5), 77, 1234)
    attempt = attempts.advance(attempt, Phase.CLAIMED, 6, commit="f" * 40)
    attempt = attempts.advance(attempt, Phase.PROVING, 7)
    attempt = attempts.advance(attempt, Phase.PROVED, 8)
    assert attempts.all() == (attempt,)
    assert (attempt.pid, attempt.pid_start, attempt.commit, attempt.ended_ns) == (77, 1234, "f" * 40, 8)
    assert [event.what for event in attempts.story("t1")] == [
        "attempt 1 begins at aaaaaaaaaaaa",
        "attempt 1: claimed ffffffffffff",
        "attempt 1: proving",
        "attempt 1: proved",
    ]


@pytest.mark.parametrize("phase", [Phase.PROVED, Phase.PROVING])
def test_a_running_attempt_cannot_skip_its_claim(database: Database, phase: Phase) -> None:
    attempts = Attempts(database, "/p/.git")
    attempt = attempts.begin(BEGINNING, 5)
    with pytest.raises(ToolError, match=f"from running to {phase.value}"):
        attempts.advance(attempt, phase, 6)
    assert attempts.all() == (attempt,)


def test_the_phase_in_the_database_counts_not_the_callers_memory(database: Database) -> None:
    attempts = Attempts(database, "/p/.git")
    stale: Attempt = attempts.begin(BEGINNING, 5)
    attempts.finish(stale, End.INTERRUPTED, "the runner died", 6)
    with pytest.raises(ToolError, match="from ended to claimed"):
        attempts.advance(stale, Phase.CLAIMED, 7, commit="f" * 40)

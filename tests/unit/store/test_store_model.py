"""The chain of verdicts and the table of phases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import ExitCode
from hostkit.store.model import (
    GENESIS,
    PHASES,
    LedgerEntry,
    Phase,
    Rung,
    Verdict,
    VerdictRecord,
    entry_digest,
    first_broken,
)
from hostkit.testing.store import a_pass

RECORD = a_pass(run_id="20260101T000000Z-00000000", project="/p/.git", evidence="/p/.hostkit/runs/x")


def chain(records: list[VerdictRecord]) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    previous = GENESIS
    for seq, record in enumerate(records, 1):
        entries.append(LedgerEntry(seq, previous, entry_digest(previous, record), record))
        previous = entries[-1].digest
    return entries


def test_each_verdict_has_its_exit_code() -> None:
    assert {verdict: verdict.exit_code for verdict in Verdict} == {
        Verdict.PASS: ExitCode.PASS,
        Verdict.FAIL: ExitCode.FAIL,
        Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        Verdict.INVALID: ExitCode.INVALID,
    }


def test_invalid_outweighs_fail_and_fail_outweighs_inconclusive() -> None:
    order = sorted(Verdict, key=lambda verdict: verdict.severity)
    assert order == [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.INVALID]


def test_rungs_are_ordered_from_built_to_soaked() -> None:
    words = [rung.word for rung in sorted(Rung)]
    assert words == ["built", "booted", "linked", "rendered", "wired", "timed", "soaked"]
    assert [Rung.from_word(word) for word in words] == list(Rung)


def test_an_unknown_rung_is_refused() -> None:
    with pytest.raises(ValueError, match="no rung is called 'Wired'"):
        Rung.from_word("Wired")


def test_an_untouched_chain_holds() -> None:
    assert first_broken(chain([replace(RECORD, run_id=str(n)) for n in range(5)])) is None
    assert first_broken([]) is None


@given(st.integers(0, 4), st.sampled_from(["verdict", "commit", "reasons", "dirty", "evidence_sha256"]))
def test_a_changed_field_anywhere_is_found_at_its_entry(where: int, field: str) -> None:
    entries = chain([replace(RECORD, run_id=str(n)) for n in range(5)])
    changed = {
        "verdict": Verdict.FAIL,
        "commit": "f" * 40,
        "reasons": (),
        "dirty": True,
        "evidence_sha256": "0" * 64,
    }
    forged = replace(entries[where].record, **{field: changed[field]})
    entries[where] = replace(entries[where], record=forged)
    assert first_broken(entries) == entries[where]


@given(st.integers(0, 3))
def test_a_removed_entry_is_noticed_at_the_next_one(where: int) -> None:
    entries = chain([replace(RECORD, run_id=str(n)) for n in range(5)])
    after = entries[where + 1]
    del entries[where]
    assert first_broken(entries) == after


def test_nothing_follows_an_ended_attempt_and_no_phase_is_forgotten() -> None:
    assert set(PHASES) == set(Phase)
    assert PHASES[Phase.ENDED] == frozenset()
    assert all(Phase.RUNNING not in following for following in PHASES.values())

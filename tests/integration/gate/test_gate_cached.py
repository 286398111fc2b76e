"""`hostkit gate` with entries of real passes: each answers for its own case, and is never fooled.

The suite is cut down to one test, so that a whole one takes seconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gate_clone import Clone

from hostkit.clock import SystemClock
from hostkit.files import sha256_file
from hostkit.gate.cache import FOLDER, keep
from hostkit.gate.keys import own_public
from hostkit.gate.witness import WITNESSES
from hostkit.testing.keys import a_signer

SMALL = """import os

import pytest

pytestmark = pytest.mark.rung("linked")
CALLS = []


def test_it_answers(board):
    CALLS.append(board.identity.build)
    assert len(CALLS) >= 1
    assert "BOARD_IS_SICK" not in os.environ
"""
WHO = SMALL.replace("def test_it", "@pytest.mark.every_board\ndef test_it")
WANTED = "assert len(CALLS) >= 1"


@dataclass(frozen=True)
class Passed:
    """A clone whose small suite passed on virt0 and virt1, an entry of the cache for each."""

    clone: Clone
    records: dict[str, dict[str, Any]]
    entries: dict[str, Path]

    def gate(
        self, *options: str, board: str = "virt0", env: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any], str]:
        return self.clone.run("gate", "-b", board, "--min-rung", "linked", *options, env=env)

    @contextmanager
    def other_tests(self, new: str) -> Iterator[None]:
        """Let the test want something else for a while."""
        self.clone.edit("hil_tests/test_small.py", WANTED, new)
        try:
            yield
        finally:
            (self.clone.path / "hil_tests" / "test_small.py").write_text(SMALL)

    @contextmanager
    def other_entry(self, board: str) -> Iterator[Path]:
        """Let something else lie in the place of a board's entry for a while."""
        place = self.entries[board]
        kept = place.read_bytes()
        try:
            yield place
        finally:
            place.write_bytes(kept)


@pytest.fixture(scope="module")
def passed(clone: Clone) -> Iterator[Passed]:
    for file in (clone.path / "hil_tests").glob("test_*.py"):
        file.unlink()
    (clone.path / "hil_tests" / "test_small.py").write_text(SMALL)
    made = Passed(clone, {}, {})
    kept = clone.path / ".hostkit" / "runs" / FOLDER
    shutil.rmtree(kept, ignore_errors=True)  # of an earlier one: xdist may come back to a module it had left
    try:
        for board in ("virt0", "virt1"):
            before = set(kept.glob("*.json"))
            code, made.records[board], err = made.gate("--fresh", board=board)
            assert code == 0, err
            (made.entries[board],) = set(kept.glob("*.json")) - before
        yield made
    finally:
        (clone.path / "hil_tests" / "test_small.py").unlink()
        clone.restore()


def test_a_pass_answers_for_the_same_case_again_and_nothing_runs(passed: Passed) -> None:
    before = passed.clone.runs()
    code, record, err = passed.gate()
    first = passed.records["virt0"]
    assert (code, record["cached"], record["run"]) == (0, True, first["run"]), err
    assert record["ledger"] == first["ledger"]
    assert f"answered from ledger entry {first['ledger']} of 20" in record["answered"]
    assert Path(record["evidence"]).is_dir()
    assert passed.clone.runs() == before


def test_the_pass_itself_leaves_what_it_is_known_by_at_a_glance(passed: Passed) -> None:
    paths = passed.clone.paths
    own = paths.cache / WITNESSES / own_public(paths, {}).key_id[:16]
    assert len(list(own.iterdir())) >= len(passed.records)


def test_a_pass_of_two_boards_that_shared_the_suite_answers_for_these_two_and_not_for_one(
    passed: Passed,
) -> None:
    of_a_board = passed.clone.path / "hil_tests" / "test_who.py"
    of_a_board.write_text(WHO)
    try:
        code, record, err = passed.gate(board="virt0,virt1")
        assert (code, record.get("cached"), record["board"]) == (0, None, "virt0,virt1"), err
        assert any("they shared the suite" in line for line in record["not_established"])
        code, again, _ = passed.gate(board="virt0,virt1")
        assert (code, again["cached"], again["run"]) == (0, True, record["run"])
        code, alone, _ = passed.gate(board="virt0")
        assert (code, alone.get("cached"), alone["counts"]) == (0, None, record["counts"])
    finally:
        of_a_board.unlink()


def test_a_run_that_fails_ends_what_the_pass_before_it_answers(passed: Passed) -> None:
    code, record, err = passed.gate("--fresh", board="virt1", env={"BOARD_IS_SICK": "1"})
    assert (code, record["verdict"]) == (1, "fail"), err
    code, again, err = passed.gate(board="virt1")  # all that is looked at is as it was when it passed
    assert (code, again["verdict"]) == (0, "pass"), err
    assert again["run"] not in (record["run"], passed.records["virt1"]["run"])
    assert passed.gate(board="virt1")[1]["ledger"] == again["ledger"]


def test_an_entry_of_another_case_in_this_ones_place_is_invalid(passed: Passed) -> None:
    with passed.other_entry("virt1") as place:
        shutil.copy(passed.entries["virt0"], place)
        code, record, err = passed.gate(board="virt1")
    assert (code, record) == (4, {})
    assert "it is of another case, put in this one's place" in err


def test_an_entry_that_another_key_signed_is_invalid(passed: Passed) -> None:
    evidence = Path(passed.records["virt0"]["evidence"])
    with passed.other_entry("virt0") as place:
        keep(
            evidence,
            place.stem,
            a_signer(),
            sha256_file(evidence / "evidence.json"),
            SystemClock().wall_ns(),
        )
        code, record, err = passed.gate()
    assert (code, record) == (4, {})
    assert "it names the key" in err


def test_an_entry_with_one_character_changed_is_invalid(passed: Passed) -> None:
    with passed.other_entry("virt0") as place:
        text = place.read_bytes()
        half = len(text) // 3
        place.write_bytes(text[:half] + (b"A" if text[half : half + 1] != b"A" else b"B") + text[half + 1 :])
        code, record, err = passed.gate()
    assert (code, record) == (4, {})
    assert "does not hold" in err


def test_a_test_file_changed_after_a_pass_is_run_and_never_answered_by_that_pass(passed: Passed) -> None:
    with passed.other_tests("assert len(CALLS) > 9"):
        code, record, err = passed.gate()
    assert (code, record["verdict"]) == (1, "fail"), err
    assert record["run"] != passed.records["virt0"]["run"]


def test_a_test_that_passes_the_second_time_is_flaky_and_opens_no_gate(passed: Passed) -> None:
    with passed.other_tests("assert len(CALLS) > 1"):
        code, record, err = passed.gate("--retries", "1")
    assert (code, record["verdict"]) == (3, "inconclusive"), err
    assert "is flaky" in record["reasons"][0]
    assert record["counts"]["flaky"] == 1

"""Evidence bundles: whole or absent, and every later change is noticed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.gate.evidence import (
    LATEST,
    run_directory,
    suite_hash,
    write_bytes,
    write_json,
)
from hostkit.gate.seal import SEAL, broken_files, seal
from hostkit.gate.statement import Origin
from hostkit.store.ids import new_run_id
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer


def break_off(runs: Path) -> None:
    with run_directory(runs, "r1") as stage:
        write_json(stage, "verdict.json", {"verdict": "pass"})
        raise KeyboardInterrupt


def make_bundle(runs: Path, run_id: str = "r1") -> tuple[Path, str]:
    with run_directory(runs, run_id) as stage:
        write_json(stage, "verdict.json", {"verdict": "pass"})
        write_bytes(stage, "transcripts/link.jsonl", b"{}\n")
        digest = seal(stage, a_signer(), asdict(Origin(1)))
    return runs / run_id, digest


def test_run_ids_sort_by_time_and_differ_within_a_second() -> None:
    clock = FakeClock()
    first, second = new_run_id(clock), new_run_id(clock)
    clock.advance(1)
    later = new_run_id(clock)
    assert first.startswith("20231114T221320Z-")
    assert first != second
    assert max(first, second) < later


def test_an_untouched_bundle_is_intact_and_the_newest_is_linked(tmp_path: Path) -> None:
    make_bundle(tmp_path, "r1")
    bundle, digest = make_bundle(tmp_path, "r2")
    assert broken_files(bundle, digest) == ()
    assert (tmp_path / LATEST).resolve() == bundle
    assert sorted(path.name for path in tmp_path.iterdir()) == [LATEST, "r1", "r2"]


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_changed_missing_and_added_files_are_each_named(tmp_path: Path) -> None:
    bundle, digest = make_bundle(tmp_path)
    (bundle / "verdict.json").write_text('{"verdict": "fail"}')
    (bundle / "transcripts/link.jsonl").unlink()
    (bundle / "more.txt").write_text("")
    assert broken_files(bundle, digest) == (
        "transcripts/ is a folder with nothing in it",
        "more.txt was added",
        "transcripts/link.jsonl is missing",
        "verdict.json was changed",
    )


def test_a_seal_made_anew_over_changed_files_does_not_match_the_ledger(tmp_path: Path) -> None:
    bundle, digest = make_bundle(tmp_path)
    (bundle / "verdict.json").write_text('{"verdict": "fail"}')
    seal(bundle, a_signer(), asdict(Origin(1)))
    assert broken_files(bundle, digest) == (f"{SEAL} is not the one that the ledger names",)


def test_a_bundle_without_a_seal_is_broken(tmp_path: Path) -> None:
    bundle, digest = make_bundle(tmp_path)
    (bundle / SEAL).unlink()
    assert broken_files(bundle, digest) == (f"{SEAL} cannot be read",)


def test_runs_below_a_file_are_refused_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(ToolError, match="cannot write"), run_directory(tmp_path / "runs", "r1"):
        pass


def test_editing_a_test_a_file_name_or_a_rule_changes_the_suite_hash(tmp_path: Path) -> None:
    folder = tmp_path / "hil_tests"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "test_a.py").write_text("def test_a(): assert 1")
    rules: dict[str, object] = {"min_rung": "wired"}
    base = suite_hash((folder,), rules)
    (folder / "__pycache__" / "test_a.pyc").write_text("cache")
    assert suite_hash((folder,), rules) == base
    assert suite_hash((folder,), {"min_rung": "linked"}) != base
    (folder / "test_a.py").write_text("def test_a(): assert 0")
    edited = suite_hash((folder,), rules)
    (folder / "test_a.py").rename(folder / "test_b.py")
    assert len({base, edited, suite_hash((folder,), rules), suite_hash((), rules)}) == 4

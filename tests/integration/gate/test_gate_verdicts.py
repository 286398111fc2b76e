"""`hostkit gate` and `hostkit hil` on a real build and a virtual board: verdicts, exit codes, evidence."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from gate_clone import QUICK, Clone

from hostkit.boards.lease import LeaseOffice
from hostkit.clock import SystemClock
from hostkit.gate.folder import Folder, read_folder
from hostkit.gate.keys import PublicKey, own_public
from hostkit.gate.seal import broken_files
from hostkit.gate.verify import Verification, verify, verify_folder
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger


def test_a_selection_that_passes_is_inconclusive_and_says_so(clone: Clone, flashed: dict[str, Any]) -> None:
    assert flashed["verdict"] == "inconclusive"
    assert flashed["reasons"][0].startswith("only a selection ran (-k 'test_identity')")
    assert flashed["counts"]["passed"] == len(flashed["tests"]) > 0
    assert flashed["build"] == flashed["identity"]


def test_the_evidence_is_whole_and_the_ledger_names_it(clone: Clone, flashed: dict[str, Any]) -> None:
    bundle = Path(flashed["evidence"])
    with open_database(clone.paths.state) as database:
        ledger = Ledger(database)
        assert ledger.check() >= 1
        entry = ledger.of_run(flashed["run"])
    assert entry is not None
    assert entry.record.verdict.value == flashed["verdict"] == "inconclusive"
    assert entry.record.evidence_sha256 == flashed["evidence_sha256"]
    assert broken_files(bundle, entry.record.evidence_sha256) == ()
    names = {path.name for path in bundle.iterdir()}
    wanted = {"manifest.json", "build.log", "flash.json", "esptool.log", "boot.jsonl", "link.jsonl"}
    wanted |= {"junit.xml", "observations.jsonl", "pytest.txt", "verdict.json", "summary.txt"}
    assert wanted <= names
    ways = {json.loads(line).get("dir") for line in (bundle / "link.jsonl").read_text().splitlines()}
    assert {"tx", "rx"} <= ways


def test_hil_on_what_was_flashed_passes_and_enters_nothing_in_the_ledger(
    clone: Clone, flashed: dict[str, Any]
) -> None:
    before = clone.entries()
    code, record, err = clone.run("hil", "-b", "virt0", "-k", QUICK)
    assert code == 0, err
    assert (record["verdict"], record["ledger"]) == ("pass", None)
    assert clone.entries() == before


def test_a_board_that_runs_another_build_is_invalid(clone: Clone, flashed: dict[str, Any]) -> None:
    clone.edit("platformio.ini", "custom_hostkit_version = 0.1.0", "custom_hostkit_version = 0.1.1")
    try:
        code, record, err = clone.run("gate", "-b", "virt0", "--no-flash", "-k", QUICK)
    finally:
        clone.restore()
    assert code == 4, err
    assert record["verdict"] == "invalid"
    assert flashed["build"][:12] in record["reasons"][0]
    assert record["build"] != record["identity"] == flashed["build"]


def test_firmware_that_does_not_compile_is_a_fail_that_names_the_line(clone: Clone) -> None:
    clone.edit("firmware/lib/strip/order.hpp", "inline constexpr ColourOrder", "inline constexpr Colour0rder")
    try:
        code, record, _ = clone.run("gate", "-b", "virt0")
    finally:
        clone.restore()
    assert code == 1
    assert record["stopped_at"] == "build"
    assert "order.hpp:" in record["reasons"][0]
    assert "unknown type" in (Path(record["evidence"]) / "diagnostics.txt").read_text()
    assert clone.entries()[-1] == "fail"


def test_a_board_of_another_chip_is_invalid_before_anything_is_built(clone: Clone) -> None:
    code, record, err = clone.run("gate", "-e", "esp32c3", "-b", "virt0")
    assert (code, record["stopped_at"], record["build"]) == (4, "build", None), err
    assert record["reasons"] == ["build: env esp32c3 is for an esp32c3, board virt0 is an esp32"]


def test_a_taken_board_is_inconclusive_and_names_who_has_it(clone: Clone, flashed: dict[str, Any]) -> None:
    office = LeaseOffice(clone.paths.leases, SystemClock())
    with office.take("02686b000000", "a test"):
        code, record, _ = clone.run("gate", "-b", "virt0", "-k", QUICK)
    assert (code, record["verdict"], record["stopped_at"]) == (3, "inconclusive", "lease")
    assert f"taken by pid {os.getpid()}: a test" in record["reasons"][0]


def test_any_board_means_the_first_free_one_that_fits_the_build(clone: Clone) -> None:
    office = LeaseOffice(clone.paths.leases, SystemClock())
    with office.take("02686b000000", "a test"):
        code, record, err = clone.run("gate", "-b", "any", "-k", QUICK)
    assert (code, record["board"]) == (3, "virt1"), err
    assert record["reasons"][0].startswith("only a selection ran")


def test_a_suite_that_cannot_be_imported_is_a_fail_that_says_why(clone: Clone) -> None:
    broken = clone.path / "hil_tests" / "test_broken.py"
    broken.write_text("def test_x(:\n")
    try:
        code, record, _ = clone.run("gate", "-b", "virt0")
    finally:
        broken.unlink()
    assert (code, record["verdict"]) == (1, "fail")
    assert record["reasons"][0] == "the suite itself is broken: SyntaxError: invalid syntax"


def test_an_unknown_board_is_a_usage_error_that_leaves_nothing(clone: Clone) -> None:
    before = clone.runs(), clone.entries()
    code, record, err = clone.run("gate", "-b", "virt00")
    assert (code, record) == (2, {})
    assert "did you mean 'virt0'?" in err
    assert (clone.runs(), clone.entries()) == before


def test_a_terminal_sees_the_tests_and_the_strip_while_they_run(
    clone: Clone, flashed: dict[str, Any]
) -> None:
    only = "200_frames and defaults and comet"
    code, shown = clone.on_terminal("hil", "-b", "virt0", "-k", only)
    assert code == 0, shown
    assert "1/1" in shown
    assert "test_200_frames_equal_the_model[comet-defaults]" in shown
    assert re.search(r"\x1b\[38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m▀", shown)
    page = re.search(r"\.hostkit/reports/\w+-\w+\.html", shown)
    assert page is not None
    assert "comet, observed: what the board showed" in (clone.path / page[0]).read_text()


def test_the_evidence_of_every_verdict_holds_and_no_bit_of_it_can_be_flipped(
    clone: Clone, flashed: dict[str, Any]
) -> None:
    runs = [clone.path / ".hostkit" / "runs" / name for name in clone.runs() if name[0].isdigit()]
    key = own_public(clone.paths, {})
    verdicts = {found.verdict.value if found.verdict else found.problems for found in _verified(runs, key)}
    assert {"inconclusive"} <= verdicts <= {"pass", "fail", "inconclusive", "invalid"}
    folder = read_folder(Path(flashed["evidence"]))
    draw = Random(7)
    for name, data in folder.files.items():
        flipped = bytearray(data)
        flipped[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        assert not verify_folder(Folder({**folder.files, name: bytes(flipped)}), key).holds, name


def _verified(runs: list[Path], key: PublicKey) -> Iterator[Verification]:
    for run in runs:
        yield verify(run, key)

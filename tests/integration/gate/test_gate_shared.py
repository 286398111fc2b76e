"""Two virtual boards share the suite of one gate: real builds, flashes and runs of pytest."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from gate_clone import QUICK, Clone

from hostkit.boards.catalog import load_catalog
from hostkit.boards.lease import LeaseOffice
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.clock import SystemClock
from hostkit.gate.derive import derive
from hostkit.gate.folder import Folder, read_folder
from hostkit.gate.keys import own_public, trusted_keys
from hostkit.gate.statement import board_names
from hostkit.gate.verify import verify, verify_folder
from hostkit.gate.vouch import doubts
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import Verdict

BOTH = "virt0,virt1"
GONE = """import pytest

pytestmark = [pytest.mark.rung("linked"), pytest.mark.every_board]


def test_gone(board, link, faults):
    if board.spec.name == "virt1":
        faults.fault("unplug")
    assert link.echo(b"there") == b"there"
"""
SLOW = """import os

import pytest

pytestmark = [pytest.mark.rung("linked"), pytest.mark.every_board]


def test_slow(link):
    with open("at-work", "a") as pipe:
        pipe.write(f"{os.getpid()} ")
    while link.echo(b"there"):
        pass
"""
SOME = f"{QUICK} or test_order or test_colour"
THEIRS = "boards/virt1/"


@pytest.fixture(scope="module")
def shared(clone: Clone) -> dict[str, Any]:
    """The record of a gate whose suite two boards shared."""
    code, record, err = clone.run("gate", "-b", BOTH, "-k", SOME)
    assert code == 3, err
    return record


def _observed(bundle: Path, folder: str) -> set[str]:
    lines = (bundle / folder / "observations.jsonl").read_text().splitlines()
    return {record["test"] for record in map(json.loads, lines) if record["type"] == "test"}


def _at_work(bundle: Path, folder: str) -> tuple[int, int]:
    """When the first and the last byte went over a board's line while it was flashed, microseconds."""
    first, *_, last = map(json.loads, (bundle / folder / "boot.jsonl").read_text().splitlines())
    return first["wall_ns"] // 1000, first["wall_ns"] // 1000 + last["us"]


def test_both_boards_were_flashed_at_the_same_time(shared: dict[str, Any]) -> None:
    bundle = Path(shared["evidence"])
    (began, ended), (also_began, also_ended) = (_at_work(bundle, folder) for folder in ("", THEIRS))
    assert began < also_ended
    assert also_began < ended


def test_each_test_ran_on_one_board_and_those_of_a_board_on_both(shared: dict[str, Any]) -> None:
    assert shared["reasons"][0] == f"only a selection ran (-k {SOME!r}): that can never open a gate"
    assert shared["board"] == BOTH
    bundle = Path(shared["evidence"])
    left, right = (_observed(bundle, folder) for folder in ("", THEIRS))
    both = {test for test in left | right if "test_identity" in test}
    assert left & right == both
    assert left - both
    assert right - both
    assert {test["test"] for test in shared["tests"]} == left | right
    assert len(shared["tests"]) == shared["counts"]["passed"] == len(left | right)


def test_the_evidence_has_flash_challenges_and_line_of_each_board_and_holds(
    clone: Clone, shared: dict[str, Any]
) -> None:
    bundle = Path(shared["evidence"])
    of_a_board = {"flash.json", "boot.jsonl", "link.jsonl", "challenge.json", "end.jsonl", "suite.json"}
    for folder in (bundle, bundle / THEIRS):
        assert of_a_board <= {path.name for path in folder.iterdir()}
    found = verify(bundle, own_public(clone.paths, clone.environment()))
    assert (found.problems, found.verdict) == ((), Verdict.INCONCLUSIVE)
    assert board_names(found.statement) == ("virt0", "virt1")


def test_the_ledger_names_both_boards_and_its_entry_is_backed(clone: Clone, shared: dict[str, Any]) -> None:
    with open_database(clone.paths.state) as database:
        entry = Ledger(database).of_run(shared["run"])
    assert entry is not None
    assert entry.record.board == BOTH
    assert doubts(entry.record, trusted_keys(clone.paths, {}), None, whole=True) == ()


def _swapped(files: dict[str, bytes]) -> None:
    """Let the line of the first board pass for that of the second."""
    files[f"{THEIRS}link.jsonl"] = files["link.jsonl"]


def _shortened(files: dict[str, bytes]) -> None:
    """Take the second board's last test out of its observations."""
    lines = files[f"{THEIRS}observations.jsonl"].splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if b'"type": "test"' in line)
    files[f"{THEIRS}observations.jsonl"] = b"".join(lines[:last] + lines[last + 1 :])


def _silenced(files: dict[str, bytes]) -> None:
    del files[f"{THEIRS}end.jsonl"]


def _unflashed(files: dict[str, bytes]) -> None:
    """Let the flash of the first board pass for that of the second."""
    files[f"{THEIRS}flash.json"] = files["flash.json"]


def _renamed(files: dict[str, bytes]) -> None:
    """Give the second board a name that would colour a terminal."""
    run = json.loads(files["run.json"])
    run["also"][0]["name"] = "\x1b[31m"
    files["run.json"] = json.dumps(run).encode()
    for name in [name for name in files if name.startswith(THEIRS)]:
        files[name.replace("virt1", "\x1b[31m")] = files.pop(name)


def _guest(files: dict[str, bytes]) -> None:
    files["boards/virt7/flash.json"] = files["flash.json"]


TAMPERED = {
    _swapped: "boards/virt1/no board says in link.jsonl that it is 02:68:6b:00:00:01",
    _shortened: "the observations are not those that the suite counted at its end",
    _silenced: "boards/virt1/the challenge hil of challenge.json was not asked and answered in end.jsonl",
    _unflashed: "boards/virt1/flash.json is of another board or env than the run",
    _renamed: r"boards/\x1b[31m/flash.json is of another board or env than the run",
    _guest: "boards/virt7 is of no board of the run",
}


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__.strip("_"))
def test_parts_of_the_second_board_are_held_against_each_other_as_those_of_the_first(
    clone: Clone, shared: dict[str, Any], tamper: Any
) -> None:
    files = dict(read_folder(Path(shared["evidence"])).files)
    tamper(files)
    problems = verify_folder(Folder(files, ()), own_public(clone.paths, clone.environment())).problems
    assert all(problem.isprintable() for problem in problems)
    said = (*problems, *derive(files).decision.reasons)
    assert any(TAMPERED[tamper] in problem for problem in said), said
    assert any(problem.startswith(f"{name} was ") for problem in problems for name in files) or any(
        problem.endswith("is missing") for problem in problems
    )


def test_a_test_that_fails_on_the_second_board_alone_is_a_fail_that_names_it(
    clone: Clone, shared: dict[str, Any]
) -> None:
    clone.edit(
        "hil_tests/test_identity.py",
        "    assert identity.version\n",
        '    assert board.spec.name != "virt1"\n',
    )
    try:
        code, record, err = clone.run("hil", "-b", BOTH, "-k", QUICK)
    finally:
        clone.restore()
    assert code == 1, err
    assert record["reasons"][0].startswith(
        "hil_tests/test_identity.py::test_the_firmware_names_project_version_and_build failed: virt1: "
    )
    assert record["counts"]["failed"] == 1


def test_a_board_that_is_lost_on_the_way_is_no_verdict_and_the_other_goes_on_with_the_rest(
    clone: Clone, shared: dict[str, Any]
) -> None:
    gone = clone.path / "hil_tests" / "test_gone.py"
    gone.write_text(GONE)
    try:
        code, record, err = clone.run("hil", "-b", BOTH, "-k", f"test_gone or {QUICK}")
    finally:
        gone.unlink()
    assert code == 3, err
    lost = "hil_tests/test_gone.py::test_gone lost the board: virt1: "
    assert any(reason.startswith(lost) for reason in record["reasons"]), record["reasons"]
    assert any(
        reason.endswith("marked every_board ran on each of the boards") for reason in record["reasons"]
    )
    assert _observed(Path(record["evidence"]), "") == {test["test"] for test in record["tests"]}
    assert record["counts"]["passed"] >= 1


def test_a_gate_that_is_killed_ends_the_suites_of_both_boards_and_gives_both_back(
    clone: Clone, shared: dict[str, Any]
) -> None:
    slow = clone.path / "hil_tests" / "test_slow.py"
    slow.write_text(SLOW)
    pipe = clone.path / "at-work"
    os.mkfifo(pipe)
    command = [sys.executable, "-P", "-m", "hostkit", "hil", "-b", BOTH, "-k", "test_slow"]
    try:
        process = subprocess.Popen(
            command,
            cwd=clone.path,
            env=clone.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        children: list[str] = []
        while len(children) < 2:
            children += pipe.read_text().split()  # until whoever wrote has closed it
        descriptors = [os.pidfd_open(int(child)) for child in children]
        process.kill()
        process.wait()
    finally:
        slow.unlink()
        pipe.unlink()
    office = LeaseOffice(clone.paths.leases, SystemClock())
    for identity in ("02686b000000", "02686b000001"):
        office.take(identity, "the next one", timeout_s=30).close()
    for child in descriptors:
        assert select.select([child], [], [], 30)[0], "a suite went on without its gate"
        os.close(child)


def test_a_board_that_somebody_has_keeps_none_of_the_others(clone: Clone, shared: dict[str, Any]) -> None:
    office = LeaseOffice(clone.paths.leases, SystemClock())
    with office.take("02686b000001", "another"):
        code, record, _ = clone.run("hil", "-b", BOTH, "-k", QUICK, "--lease-timeout", "0")
        assert code == 3
        assert "virt1" in record["reasons"][0]
        office.take("02686b000000", "the first one is free").close()


def test_boards_that_are_not_alike_are_refused_before_anything_is_built(clone: Clone) -> None:
    before = clone.runs()
    code, _, err = clone.run("gate", "-b", "virt0,virt-s3")
    assert code == 2
    assert (
        "virt0 (virtual esp32, dual-160) and virt-s3 (virtual esp32s3, dual-160) cannot share a suite" in err
    )
    code, _, err = clone.run("gate", "-b", "virt0,virt0")
    assert (code, "board virt0 is named twice" in err) == (2, True)
    assert clone.runs() == before


def test_a_board_that_cannot_be_flashed_leaves_the_other_to_be_and_nothing_of_the_suite_runs(
    clone: Clone, shared: dict[str, Any]
) -> None:
    spec = load_catalog(clone.path / "boards.toml").get("virt0")
    board = VirtualBoard(spec, clone.paths.boards / "virt0")
    try:
        board.fault("unplug")
        code, record, err = clone.run("gate", "-b", BOTH, "-k", QUICK)
    finally:
        board.close()
    assert code == 3, err
    assert record["reasons"][0] == "flash: virt0: board virt0 is unplugged"
    assert (record["stopped_at"], record["hint"]) == ("flash", "say: hostkit boards fault virt0 replug")
    assert "flash  virt1: " in err
    bundle = Path(record["evidence"])
    assert json.loads((bundle / THEIRS / "flash.json").read_bytes())["board"] == "virt1"
    assert not (bundle / "suite.json").exists()
    found = verify(bundle, own_public(clone.paths, clone.environment()))
    assert (found.problems, found.verdict) == ((), Verdict.INCONCLUSIVE)


def _writing(clone: Clone) -> dict[str, int]:
    """The processes that write to boards of the clone, by the port that they have."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            argv = (folder / "cmdline").read_bytes().decode().split("\0")
            port = next((word for word in argv if word.startswith(f"{clone.paths.boards}/")), "")
            if port and "write-flash" in argv:
                found[port] = int(folder.name)
    return found


@pytest.mark.parametrize("blows", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGKILL,)])
def test_a_gate_that_ends_while_boards_are_written_leaves_no_esptool_no_lease_and_no_run(
    clone: Clone, blows: tuple[signal.Signals, ...]
) -> None:
    before, written, writing = clone.runs(), b"", dict[str, int]()
    with ExitStack() as stack:
        for name in BOTH.split(","):
            stack.enter_context(clone.serving(name, "--pace"))
        gate, pieces = clone.start_on_terminal("gate", "-b", BOTH, "-k", QUICK, columns=80)
        for piece in pieces:  # the spinner sees to it that there are some
            written += piece
            if len(writing := _writing(clone)) == 2:
                break
        assert len(writing) == 2, written
        children = [os.pidfd_open(pid) for pid in writing.values()]
        for blow in blows:
            gate.send_signal(blow)
        written += b"".join(pieces)
        code = gate.wait(60)
        patience_s = 30 if signal.SIGKILL in blows else 0  # else it waited for them itself
        for child in children:
            assert select.select([child], [], [], patience_s)[0], "esptool went on without its gate"
            os.close(child)
        office = LeaseOffice(clone.paths.leases, SystemClock())
        for identity in ("02686b000000", "02686b000001"):
            office.take(identity, "the next one", timeout_s=patience_s).close()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    assert re.search(r"flash  virt0  write +\r?\n +virt1  write", shown), shown
    assert (code, "interrupted" in shown) == ((130, True) if patience_s == 0 else (-signal.SIGKILL, False))
    assert all(name.startswith(".") for name in clone.runs() - before)  # what a killed one began is no run

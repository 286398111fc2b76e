"""`hostkit flash` and `hostkit monitor` as a user runs them, on a board that is served elsewhere."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.build import service
from hostkit.build.model import Artifact
from hostkit.cli import main
from hostkit.clock import SystemClock

Maker = Callable[..., Artifact]
CATALOG = '[boards.bench]\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:10"\n'


@pytest.fixture
def project(tmp_path: Path, state_dir: Path, make_artifact: Maker, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose build is already made: what is tested here begins after it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "platformio.ini").write_text("[env:virtual]\n")
    (root / "boards.toml").write_text(CATALOG)
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(state_dir))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("HOSTKIT_BOARD", "HOSTKIT_ENV", "HOSTKIT_LEASE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOSTKIT_BOARD", "bench")
    artifact = make_artifact()
    monkeypatch.setattr(service, "build", lambda *_, **__: service.BuildResult(artifact, True, 0.0, ()))
    return root


def hostkit(project: Path, *arguments: str) -> int:
    return main.run(["-C", str(project), *arguments])


def test_flash_prints_a_summary_and_keeps_logs(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    assert hostkit(project, "flash") == 0
    said = capsys.readouterr()
    assert said.out.startswith("flashed bench: ")
    assert "MAC 02:00:00:00:00:10" in said.out
    assert "the firmware says build " + "ab" * 32 in said.out
    stages = [line.split()[0] for line in said.err.splitlines()]
    assert [*dict.fromkeys(stages)] == ["identify", "write", "verify", "boot"]
    kept = state_dir / "flash" / "bench"
    assert sorted(path.name for path in kept.iterdir()) == ["boot.jsonl", "esptool.log"]


def test_flash_prints_json_and_nothing_else(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hostkit(project, "flash", "-b", "bench", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["identity"] == {"chip": "esp32", "mac": "02:00:00:00:00:10", "flash_size": 4 << 20}
    assert record["build_id"] == "ab" * 32
    assert record["bytes"] > 0
    assert record["seconds"] > 0
    assert all(region["md5_expected"] == region["md5_read"] for region in record["regions"])


def test_flash_says_the_nearest_name_of_an_unknown_board(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hostkit(project, "flash", "-b", "bensh") == 2
    assert "did you mean 'bench'?" in capsys.readouterr().err


def test_flash_finds_a_board_that_is_served_without_being_in_the_catalogue(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "boards.toml").write_text(CATALOG.replace("bench", "other"))
    assert hostkit(project, "flash", "-b", "bench", "--full") == 0
    assert capsys.readouterr().out.startswith("flashed bench: ")


def test_an_env_for_another_chip_is_refused_before_anything_is_built(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "build", lambda *_, **__: pytest.fail("it was built"))
    with (project / "platformio.ini").open("a") as more:
        more.write("platform = symlink://here\ncustom_hostkit_chip = esp32c3\n")
    assert hostkit(project, "flash") == 4
    said = capsys.readouterr().err
    assert "env virtual is for an esp32c3, board bench is an esp32" in said
    assert "choose another env (-e) or another board (-b)" in said


def test_a_wrong_mac_in_the_catalogue_is_refused_with_exit_4(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    before = board.state().flash
    (project / "boards.toml").write_text(CATALOG.replace(":10", ":11"))
    assert hostkit(project, "flash") == 4
    assert "02:00:00:00:00:10" in capsys.readouterr().err
    assert board.state().flash == before


def test_a_board_that_somebody_holds_is_not_flashed_and_its_holder_is_named(
    project: Path, board: VirtualBoard, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = LeaseOffice(state_dir / "leases", SystemClock())
    with office.take(board.spec.identity, "somebody's work"):
        assert hostkit(project, "flash") == 3
        assert hostkit(project, "monitor", "--for", "0") == 3
    assert capsys.readouterr().err.count("somebody's work") == 2
    assert office.holder(board.spec.identity) is None


def test_the_lease_is_given_back_whatever_happens(
    project: Path, board: VirtualBoard, state_dir: Path
) -> None:
    board.fault("unplug")
    assert hostkit(project, "flash") == 3
    assert LeaseOffice(state_dir / "leases", SystemClock()).holder(board.spec.identity) is None


def test_monitor_shows_boot_text_and_answers_what_is_typed(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostkit(project, "flash")
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO("patterns\nhelp\nstep 1000\n# a remark\n\nreboot\n"))
    assert hostkit(project, "monitor", "--reset", "--type") == 0
    lines = capsys.readouterr().out.splitlines()
    marks = [line[13:] for line in lines]
    assert all(line[:5].strip().isdigit() and line[5] == "." for line in lines)
    assert marks[0].startswith("- bench on ")
    assert any(mark.startswith("< rst:0x") for mark in marks)
    assert marks[marks.index("> patterns") + 1] == "< ok [ramp]"
    assert "- step TIME-US" in marks
    assert marks[marks.index("> step 1000") + 1].startswith("< ok [")
    assert "\x1b" not in "".join(lines)


def test_monitor_tells_what_went_wrong_and_ends_with_1_from_a_pipe(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostkit(project, "flash")
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO("pattern\ndescribe\nconfigure nosuch\npatterns\n"))
    assert hostkit(project, "monitor", "--type") == 1
    marks = [line[13:] for line in capsys.readouterr().out.splitlines()]
    assert any("did you mean 'patterns'?" in mark for mark in marks)
    assert any("type: describe PATTERN" in mark for mark in marks)
    assert any(mark.startswith("! the board refused configure: not-found") for mark in marks)
    assert marks[-1] == "< ok [ramp]"


def test_monitor_waits_for_a_port_that_went_and_came_back(
    project: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostkit(project, "flash")
    capsys.readouterr()

    class Script(io.StringIO):
        """Pulls the plug between two commands."""

        def __iter__(self):  # type: ignore[no-untyped-def]
            yield "patterns\n"
            board.fault("unplug")
            board.fault("replug")
            yield "describe ramp\n"

    monkeypatch.setattr(sys, "stdin", Script())
    assert hostkit(project, "monitor", "--type") == 0
    marks = [line[13:] for line in capsys.readouterr().out.splitlines()]
    gone = next(index for index, mark in enumerate(marks) if mark.startswith("! ") and "vanished" in mark)
    assert marks[gone + 1].startswith("- bench is back on ")
    assert any(mark.startswith("< ok [ramp, False") for mark in marks[gone:])


def test_monitor_raw_copies_bytes(
    project: Path, board: VirtualBoard, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    hostkit(project, "flash")
    capfdbinary.readouterr()
    assert hostkit(project, "monitor", "--raw", "--reset", "--for", "0.5") == 0
    assert b"rst:0x" in capfdbinary.readouterr().out


def test_raw_and_typing_exclude_each_other(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hostkit(project, "monitor", "--raw", "--type") == 2
    assert "exclude each other" in capsys.readouterr().err


def test_flash_waits_in_line_and_says_at_which_place_and_behind_whom(
    project: Path, board: VirtualBoard, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = LeaseOffice(state_dir / "leases", SystemClock())
    held = office.take(board.spec.identity, "somebody's work")

    def end_when_someone_waits() -> None:
        while not office.waiters(board.spec.identity):
            office.clock.sleep(0.01)
        office.clock.sleep(0.3)  # long enough to be worth a line
        held.close()

    thread = threading.Thread(target=end_when_someone_waits)
    thread.start()
    assert hostkit(project, "flash", "--wait") == 0
    thread.join()
    said = capsys.readouterr()
    assert f"waiting for bench: next in line, held by pid {os.getpid()} somebody's work\n" in said.err
    assert said.out.startswith("flashed bench: ")


def test_a_wait_of_some_seconds_ends_with_the_holders_name(
    project: Path, board: VirtualBoard, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LeaseOffice(state_dir / "leases", SystemClock()).take(board.spec.identity, "somebody's work"):
        assert hostkit(project, "flash", "--wait", "0.1") == 3
        assert hostkit(project, "flash", "--lease-timeout", "0.1") == 3
    assert capsys.readouterr().err.count("board bench is taken by pid") == 2


def test_a_program_that_has_the_port_open_without_a_lock_is_named_before_anything_is_done(
    project: Path, board: VirtualBoard, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = state_dir / "boards" / "bench" / "board.log"
    before = board.state().flash, journal.read_text()
    script = (
        "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", script, board.link_port(), "pio device monitor"]
    other = subprocess.Popen(command, **pipes)  # type: ignore[call-overload]
    try:
        other.stdout.readline()
        assert hostkit(project, "flash") == 3
    finally:
        other.communicate()
    said = capsys.readouterr().err
    assert f"board bench is in use by pid {other.pid}, which holds no lease: " in said
    assert "pio device monitor has " in said
    assert f"kill {other.pid}" in said
    assert (board.state().flash, journal.read_text()) == before  # nobody reset it, or wrote to it

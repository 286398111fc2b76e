"""A QEMU board from first use to close, with a stand-in for Espressif's QEMU (tests/qemu_stand_in.py)."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.partitions import DEFAULT_PARTITIONS, TABLE_OFFSET, pack_partitions
from hostkit.boards.qemu import process
from hostkit.boards.qemu.board import QemuBoard
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import image_of
from hostkit.clock import SystemClock
from hostkit.errors import InconclusiveError, ToolError, UsageError
from hostkit.flash.model import Bench, ReadBackBy
from hostkit.flash.service import flash_artifact
from hostkit.link.client import Link
from hostkit.link.transport import open_transport
from hostkit.process import SystemRunner

STAND_IN = Path(__file__).resolve().parents[2] / "qemu_stand_in.py"
BUILD = "ab" * 32
MAC = "24:0a:c4:12:34:56"
PATIENCE_S = 20.0  # for a process on a busy machine; never reached when all is well

Make = Callable[..., QemuBoard]


@pytest.fixture
def live(tmp_path: Path) -> Path:
    directory = tmp_path / "boards" / "q"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def make(tmp_path: Path, live: Path) -> Iterator[Make]:
    """Make a board; keywords go into stand-in.json."""
    program = tmp_path / "qemu-system-xtensa"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    boards: list[QemuBoard] = []

    def board(chip: Chip = Chip.ESP32, mac: str = MAC, **settings: object) -> QemuBoard:
        (live / "stand-in.json").write_text(json.dumps({"build": BUILD, **settings}))
        spec = BoardSpec("q", Kind.QEMU, chip, mac, 2 << 20, qemu=str(program))
        boards.append(QemuBoard(spec, live, SystemClock()))
        return boards[-1]

    yield board
    for each in boards:
        each.close()


def starts(live: Path) -> list[dict[str, Any]]:
    path = live / "starts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def runs(pid: int) -> bool:
    """True while a process runs."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([pidfd], [], [], 0)[0]
    finally:
        os.close(pidfd)


def goes(pid: int) -> bool:
    """True once a process has ended, which whoever killed it need not have waited for."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], PATIENCE_S)[0])
    finally:
        os.close(pidfd)


def test_nothing_runs_before_first_use_and_the_firmware_answers_then(make: Make, live: Path) -> None:
    board = make()
    assert starts(live) == []
    with Link(open_transport(board.link_port()), SystemClock()) as link:
        said = link.hello()
    assert (said.build, said.mac, said.chip) == (BUILD, MAC, "esp32")
    assert board.link_port() == board.link_port()
    assert len(starts(live)) == 1
    assert (live / "flash.bin").read_bytes() == b"\xff" * (2 << 20)


def test_a_reset_is_a_new_process_at_the_same_port(make: Make, live: Path) -> None:
    board = make()
    port = board.link_port()
    board.run_application()
    assert board.link_port() == port
    first, second = starts(live)
    assert goes(first["pid"])
    assert runs(second["pid"])


def test_the_whole_process_group_ends_with_the_board(make: Make, live: Path) -> None:
    board = make(child=True)
    board.link_port()
    (started,) = starts(live)
    assert runs(started["pid"])
    assert runs(started["child"])
    board.close()
    assert goes(started["pid"])
    assert goes(started["child"])


def test_qemu_ends_with_whoever_opened_the_board(make: Make, live: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from hostkit.clock import SystemClock;"
        "from hostkit.boards.model import *; from hostkit.boards.qemu.board import QemuBoard;"
        "spec = BoardSpec('q', Kind.QEMU, Chip.ESP32, flash_size=2 << 20, qemu=sys.argv[1]);"
        "QemuBoard(spec, Path(sys.argv[2]), SystemClock()).link_port(); os.kill(os.getpid(), 9)"
    )
    program = make().spec.qemu
    subprocess.run([sys.executable, "-c", code, program, str(live)], check=False, timeout=60)
    (started,) = starts(live)
    assert goes(started["pid"]), "the kernel ends it with its parent"


def test_who_has_the_lease_finds_the_qemu_that_runs_and_may_start_another(make: Make, live: Path) -> None:
    gate, suite = make(), make()
    assert gate.link_port() == suite.link_port()
    assert len(starts(live)) == 1
    suite.run_application()
    first, second = starts(live)
    assert goes(first["pid"])
    with Link(open_transport(suite.link_port()), SystemClock()) as link:
        assert link.hello().build == BUILD
    gate.close()
    assert runs(second["pid"]), "only who started it ends it"


def artifact_in(directory: Path, chip: Chip = Chip.ESP32) -> Artifact:
    directory.mkdir()
    regions = {
        "bootloader": (0x1000, b"\xe9" + bytes(range(256)) * 8),
        "partitions": (TABLE_OFFSET, pack_partitions(DEFAULT_PARTITIONS)),
        "app": (0x10000, b"\xe9" + os.urandom(9000)),
    }
    images = []
    for role, (offset, data) in regions.items():
        images.append(image_of(role, offset, data))
        (directory / f"{role}.bin").write_bytes(data)
    facts = ("esp32dev", chip.value, "dual-160", "0.1.0", "", False)
    return Artifact(BUILD, *facts, tuple(images), "firmware.elf", Sizes(0, 0, 0, 0), {}, directory)


def test_it_is_flashed_by_esptool_in_download_mode(make: Make, live: Path, tmp_path: Path) -> None:
    artifact = artifact_in(tmp_path / "a")
    record = flash_artifact(artifact, make(), Bench(SystemRunner(), SystemClock(), log=tmp_path / "log"))
    assert record.read_back_by is ReadBackBy.ROM
    assert (record.identity.mac, record.esptool[:2]) == (MAC, "5.")
    assert "--no-stub" in (tmp_path / "log").read_text()
    flash = (live / "flash.bin").read_bytes()
    for image in artifact.images:
        assert flash[image.offset : image.offset + image.size] == artifact.path(image).read_bytes()
    assert [start["download"] for start in starts(live)] == [True, True, True, False]


def test_where_download_mode_is_not_to_be_had_the_flash_file_is_written(
    make: Make, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SYNC_S", 0.3)
    artifact = artifact_in(tmp_path / "a")
    board = make(download=False)
    board.link_port()
    flash = bytearray((live / "flash.bin").read_bytes())
    flash[0x9000:0x9004] = b"HKS1"
    (live / "flash.bin").write_bytes(flash)
    bench = Bench(SystemRunner(), SystemClock())
    record = flash_artifact(artifact, board, bench)
    assert record.read_back_by is ReadBackBy.FILE
    assert (record.esptool, record.identity.mac) == ("", MAC)
    flash = bytearray((live / "flash.bin").read_bytes())
    assert bytes(flash[0x10000:][:9001]) == artifact.path(artifact.images[2]).read_bytes()
    assert flash[0x9000:0x9004] == b"HKS1", "what was stored is kept"
    again = flash_artifact(artifact, board, bench, quick=True, erase_nvs=True)
    assert (again.skipped, again.erased) == (True, ("nvs",))
    assert (live / "flash.bin").read_bytes()[0x9000:0xF000] == b"\xff" * 0x6000
    assert [start["download"] for start in starts(live)] == [False, True, False, False], "asked only once"


def test_qemus_own_words_say_why_it_did_not_start(make: Make) -> None:
    board = make(refuses="unsupported machine type: esp32")
    with pytest.raises(ToolError) as caught:
        board.link_port()
    assert "QEMU ended at once: qemu-system-xtensa: unsupported machine type: esp32" in caught.value.message
    assert "that of a distribution has no ESP32" in caught.value.hint


def test_a_port_that_another_took_is_given_up_for_a_new_one(make: Make, live: Path) -> None:
    board = make(refuses="Failed to find an available port: Address already in use")
    with pytest.raises(ToolError):
        board.run_application()
    assert len(starts(live)) == 3


def test_a_qemu_that_never_listens_is_ended(make: Make, live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "UP_S", 1.0)
    board = make(deaf=True, child=True)
    with pytest.raises(InconclusiveError) as caught:
        board.link_port()
    assert "did not offer its UART on port" in caught.value.message
    assert all(goes(start["pid"]) and goes(start["child"]) for start in starts(live))


def test_a_qemu_that_died_is_told_and_a_reset_brings_it_back(make: Make, live: Path) -> None:
    board = make()
    board.link_port()
    os.kill(starts(live)[0]["pid"], 9)
    assert goes(starts(live)[0]["pid"])
    with pytest.raises(InconclusiveError, match="ended by itself"):
        board.link_port()
    board.run_application()
    assert board.link_port()


def test_the_flash_of_another_size_is_refused(make: Make, live: Path) -> None:
    (live / "flash.bin").write_bytes(b"\xff" * 4096)
    with pytest.raises(UsageError, match="has 4096 bytes, board q has 2097152 bytes of flash"):
        make().link_port()

"""Stock esptool, unmodified and run as a program, against a served virtual board."""

from __future__ import annotations

import os
import random
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostkit.boards.image import AppDescription, Payload, pack_application
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, TABLE_OFFSET, pack_partitions
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.boards.virtual.payload import host_machine
from hostkit.testing.boards import APP_OFFSET, ECHO_FIRMWARE, TEST_MAC, running_board

SIZE = 120_000
OFFSET = "0x20000"


@dataclass
class Esptool:
    """Runs esptool over the pty, the board brought to its loader first."""

    board: VirtualBoard

    def command(self, *arguments: str) -> list[str]:
        access = self.board.enter_download()
        ways = ("--before", access.before, "--after", access.after, "--port", access.port)
        return [sys.executable, "-m", "esptool", *ways, *arguments]

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return run(self.command(*arguments), code)


def run(command: list[str], code: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def random_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that deflate to about half."""
    return bytes(byte & 15 for byte in random.Random(seed).randbytes(size))


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, bytes], str]:
    def write(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


@pytest.fixture
def esptool(tmp_path: Path) -> Iterator[Esptool]:
    with running_board(tmp_path / "boards") as board:
        yield Esptool(board)


@pytest.mark.parametrize(
    ("chip", "name"), [(Chip.ESP32, "ESP32-D0WD-V3"), (Chip.ESP32S3, "ESP32-S3"), (Chip.ESP32C3, "ESP32-C3")]
)
@pytest.mark.parametrize(
    "options", [(), ("--no-stub",), ("--stub-version", "1")], ids=["stub", "rom", "legacy"]
)
def test_every_chip_is_detected_and_tells_its_mac_and_flash(
    tmp_path: Path, chip: Chip, name: str, options: tuple[str, ...]
) -> None:
    with running_board(tmp_path, chip=chip) as board:
        said = Esptool(board)(*options, "flash-id")
    assert re.search(rf"Chip type: +{name}", said)
    assert re.search(rf"MAC: +{TEST_MAC}", said)
    assert "Crystal frequency:  40MHz" in said
    assert "Detected flash size: 4MB" in said
    assert "WARNING" not in said


@pytest.mark.parametrize("chip", list(Chip))
def test_the_chip_may_be_named_and_a_wrong_name_is_noticed(tmp_path: Path, chip: Chip) -> None:
    other = Chip.ESP32C3 if chip is not Chip.ESP32C3 else Chip.ESP32
    with running_board(tmp_path, chip=chip) as board:
        esptool = Esptool(board)
        assert TEST_MAC in esptool("--chip", chip.value, "read-mac")
        assert "Wrong chip argument?" in esptool("--chip", other.value, "chip-id", code=2)


@pytest.mark.parametrize("chip", list(Chip))
def test_what_is_written_is_verified_read_back_and_erased(
    tmp_path: Path, files: Callable[[str, bytes], str], chip: Chip
) -> None:
    data = random_bytes(SIZE)
    image, back = files("image.bin", data), str(tmp_path / "back.bin")
    with running_board(tmp_path / "boards", chip=chip) as board:
        esptool = Esptool(board)
        assert "Hash of data verified." in esptool("write-flash", OFFSET, image)
        assert "Verification successful" in esptool("verify-flash", OFFSET, image)
        esptool("read-flash", OFFSET, str(SIZE), back)
        assert Path(back).read_bytes() == data
        esptool("erase-region", OFFSET, "0x1000")
        assert "Verification failed" in esptool("verify-flash", OFFSET, image, code=2)
        esptool("erase-flash")
        esptool("read-flash", "0", "0x4000", back)
        assert Path(back).read_bytes() == b"\xff" * 0x4000


@pytest.mark.parametrize("chip", list(Chip))
def test_the_rom_loader_alone_writes_verifies_and_reads(
    tmp_path: Path, files: Callable[[str, bytes], str], chip: Chip
) -> None:
    data = random_bytes(20_000)
    image, back = files("image.bin", data), str(tmp_path / "back.bin")
    with running_board(tmp_path / "boards", chip=chip) as board:
        esptool = Esptool(board)
        assert "Hash of data verified." in esptool("--no-stub", "write-flash", OFFSET, image)
        assert "Hash of data verified." in esptool(
            "--no-stub", "write-flash", "--no-compress", "0x80000", image
        )
        assert "Verification successful" in esptool("--no-stub", "verify-flash", OFFSET, image)
        if chip is Chip.ESP32:  # the slow read is the same in all three
            esptool("--no-stub", "read-flash", OFFSET, "4096", back)
            assert Path(back).read_bytes() == data[:4096]


def test_uncompressed_and_legacy_stub_writes_arrive_too(
    esptool: Esptool, files: Callable[[str, bytes], str]
) -> None:
    image = files("image.bin", random_bytes(50_001))
    assert "Hash of data verified." in esptool("write-flash", "--no-compress", OFFSET, image)
    assert "Hash of data verified." in esptool("--stub-version", "1", "write-flash", "0x80000", image)


def test_only_changed_sectors_are_written_again(esptool: Esptool, files: Callable[[str, bytes], str]) -> None:
    old = random_bytes(SIZE)
    new = old[:50_000] + b"other" + old[50_005:]
    before, after = files("old.bin", old), files("new.bin", new)
    esptool("write-flash", OFFSET, before)
    said = esptool("write-flash", "--diff-with", before, "--", OFFSET, after)
    assert "Reflashing 1 changed sector" in said
    assert "Hash of data verified." in said
    assert "Verification successful" in esptool("verify-flash", OFFSET, after)


def test_what_is_there_already_is_skipped(esptool: Esptool, files: Callable[[str, bytes], str]) -> None:
    image = files("image.bin", random_bytes(SIZE))
    esptool("write-flash", OFFSET, image)
    assert "already in flash, skipping write" in esptool("write-flash", "--skip-flashed", OFFSET, image)


def test_an_image_beyond_the_chip_is_refused(esptool: Esptool, files: Callable[[str, bytes], str]) -> None:
    image = files("image.bin", bytes(0x2000))
    said = esptool("write-flash", "0x3ff000", image, code=2)
    assert "will not fit" in said


def test_the_stub_stays_for_the_next_call_when_it_is_asked_to(esptool: Esptool) -> None:
    port = esptool.board.enter_download().port
    command = [sys.executable, "-m", "esptool", "--port", port, "--before", "no-reset", "--after"]
    run([*command, "no-reset-stub", "chip-id"])
    assert esptool.board.state().stub
    assert "Stub flasher is already running" in run([*command, "no-reset", "read-mac"])
    assert not esptool.board.state().stub


def test_a_flashed_application_boots_and_reads_back_as_an_image(
    tmp_path: Path, files: Callable[[str, bytes], str], esptool: Esptool
) -> None:
    payload = Payload(host_machine(), ECHO_FIRMWARE)
    image = pack_application(Chip.ESP32, AppDescription("7.8.9"), payload)
    table = pack_partitions(DEFAULT_PARTITIONS)
    esptool("write-flash", hex(TABLE_OFFSET), files("t.bin", table), hex(APP_OFFSET), files("a.bin", image))
    back = str(tmp_path / "back.bin")
    esptool("read-flash", hex(APP_OFFSET), str(len(image)), back)
    said = run([sys.executable, "-m", "esptool", "image-info", back])
    assert "App version: 7.8.9" in said
    assert said.count("(valid)") == 2  # checksum and hash
    esptool.board.run_application()
    assert esptool.board.state().mode == "running"


@pytest.mark.parametrize("chip", [Chip.ESP32S3, Chip.ESP32C3])
def test_a_watchdog_reset_leaves_the_loader(tmp_path: Path, chip: Chip) -> None:
    with running_board(tmp_path, chip=chip, firmware=ECHO_FIRMWARE) as board:
        command = Esptool(board).command("chip-id")
        run([("watchdog-reset" if last == "--after" else each) for last, each in pairs(command)])
        state = board.state()
    assert (state.mode, state.reason) == ("running", "watchdog")


def pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(["", *words[:-1]], words, strict=True))


def test_esptool_that_is_killed_while_it_writes_leaves_a_board_that_the_next_flash_repairs(
    esptool: Esptool, files: Callable[[str, bytes], str]
) -> None:
    image = files("image.bin", random.Random(5).randbytes(1_500_000))
    child = subprocess.Popen(
        esptool.command("write-flash", OFFSET, image), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert child.stdout is not None
    said = b""
    while b"Writing at" not in said:
        assert select.select([child.stdout], [], [], 30)[0]
        said += os.read(child.stdout.fileno(), 4096)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert "Verification failed" in esptool("verify-flash", OFFSET, image, code=2)
    assert "Hash of data verified." in esptool("write-flash", OFFSET, image)


def test_noise_on_the_line_is_never_taken_for_a_good_flash(
    esptool: Esptool, files: Callable[[str, bytes], str]
) -> None:
    image = files("image.bin", random_bytes(100_000))
    command = esptool.command("write-flash", OFFSET, image)
    esptool.board.fault("corrupt", 0.05)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    esptool.board.fault("clear")
    if done.returncode == 0:
        assert "Hash of data verified." in done.stdout
        assert "Verification successful" in esptool("verify-flash", OFFSET, image)
    else:
        assert "fatal error" in done.stdout + done.stderr
    assert "Hash of data verified." in esptool("write-flash", OFFSET, image)


def test_default_mode_over_rfc2217_resets_by_dtr_and_rts_flashes_at_a_higher_baud_rate_and_boots(
    tmp_path: Path, files: Callable[[str, bytes], str]
) -> None:
    image = files("image.bin", random_bytes(5000))
    with running_board(tmp_path / "boards", firmware=ECHO_FIRMWARE) as board:
        url = board.state().rfc2217
        arguments = ("--chip", "esp32", "--port", url, "-b", "921600", "write-flash", "0x300000", image)
        said = run([sys.executable, "-m", "esptool", *arguments])
        state = board.state()
    assert (state.mode, state.reason) == ("running", "external")
    assert "Hard resetting via RTS pin" in said
    assert "Stub flasher running" in said
    assert "Changing baud rate to 921600" in said
    assert "Hash of data verified." in said

"""How Espressif's QEMU is called, what its eFuses hold, and what boards.toml may say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.boards.catalog import load_catalog
from hostkit.boards.model import BoardSpec, Chip, Fidelity, Kind
from hostkit.boards.qemu.board import QemuBoard, find_qemu, qemu_words
from hostkit.boards.qemu.command import Boot, Files, program_name, qemu_argv
from hostkit.boards.qemu.efuse import efuse_content
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.registers import Registers
from hostkit.errors import InconclusiveError, UsageError
from hostkit.testing.clock import FakeClock

FILES = Files(Path("/s/flash.bin"), Path("/s/efuse.bin"))


def test_an_esp32_is_started_as_espressif_documents_it() -> None:
    assert qemu_argv("/q/qemu-system-xtensa", Chip.ESP32, FILES, 5555, Boot.DOWNLOAD) == (
        *("/q/qemu-system-xtensa", "-nographic", "-monitor", "none", "-machine", "esp32"),
        *("-drive", "file=/s/flash.bin,if=mtd,format=raw"),
        *("-global", "driver=esp32.gpio,property=strap_mode,value=0x0f"),
        *("-drive", "file=/s/efuse.bin,if=none,format=raw,id=efuse"),
        *("-global", "driver=nvram.esp32.efuse,property=drive,value=efuse"),
        *("-serial", "tcp:127.0.0.1:5555,server,nowait"),
    )


@pytest.mark.parametrize(
    ("chip", "program", "application", "download"),
    [
        (Chip.ESP32, "qemu-system-xtensa", "0x12", "0x0f"),
        (Chip.ESP32S3, "qemu-system-xtensa", "0x04", "0x00"),
        (Chip.ESP32C3, "qemu-system-riscv32", "0x08", "0x02"),
    ],
)
def test_each_chip_has_its_machine_and_its_straps(
    chip: Chip, program: str, application: str, download: str
) -> None:
    assert program_name(chip) == program
    for boot, strap in ((Boot.APPLICATION, application), (Boot.DOWNLOAD, download)):
        argv = qemu_argv("q", chip, FILES, 1, boot)
        assert f"driver={chip.value}.gpio,property=strap_mode,value={strap}" in argv
        assert ("-icount" in argv) == (chip is Chip.ESP32C3)


def test_without_a_mac_qemu_keeps_its_own_efuses() -> None:
    argv = qemu_argv("q", Chip.ESP32, Files(Path("/s/f"), None), 1, Boot.APPLICATION)
    assert not any("efuse" in word for word in argv)


def test_a_comma_in_a_path_is_written_as_qemu_reads_it() -> None:
    argv = qemu_argv("q", Chip.ESP32, Files(Path("/a,b/f"), None), 1, Boot.APPLICATION)
    assert "file=/a,,b/f,if=mtd,format=raw" in argv


@pytest.mark.parametrize(
    ("chip", "base", "size"),
    [(Chip.ESP32, 0x3FF5A000, 124), (Chip.ESP32S3, 0x6000702C, 1024), (Chip.ESP32C3, 0x6000882C, 1024)],
)
def test_the_efuses_say_the_mac_as_a_real_chip_does(chip: Chip, base: int, size: int) -> None:
    mac = "24:0a:c4:12:34:56"
    content = efuse_content(chip, mac)
    real = Registers(chip, mac, NorFlash(4 << 20), lambda: 115_200)
    assert len(content) == size
    for number in (1, 2) if chip is Chip.ESP32 else (6, 7):
        word = int.from_bytes(content[number * 4 : number * 4 + 4], "little")
        assert word == real.read(base + number * 4) != 0


def test_the_revision_bits_lie_where_espressifs_examples_have_them() -> None:
    esp32 = efuse_content(Chip.ESP32, "00:00:00:00:00:00")
    assert {at: byte for at, byte in enumerate(esp32) if byte} == {13: 0x80, 22: 0x10}
    c3 = efuse_content(Chip.ESP32C3, "00:00:00:00:00:00")
    assert {at: byte for at, byte in enumerate(c3) if byte} == {0x26: 0x0C}


def _catalog(tmp_path: Path, text: str) -> BoardSpec:
    path = tmp_path / "boards.toml"
    path.write_text(f"[boards.q]\nkind = 'qemu'\nchip = 'esp32'\n{text}\n")
    return load_catalog(path).get("q")


def test_boards_toml_names_a_qemu_board_with_or_without_its_program(tmp_path: Path) -> None:
    plain = _catalog(tmp_path, "")
    assert (plain.kind, plain.fidelity, plain.qemu) == (Kind.QEMU, Fidelity.SIMULATED, "")
    assert _catalog(tmp_path, "qemu = '/opt/qemu'").qemu == "/opt/qemu"


def test_keys_that_do_not_go_together_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"boards.toml:4: a QEMU board makes its own port"):
        _catalog(tmp_path, "port = '/dev/ttyUSB0'")
    path = tmp_path / "boards.toml"
    path.write_text("[boards.v]\nkind = 'virtual'\nchip = 'esp32'\nmac = '02:00:00:00:00:01'\nqemu = 'q'\n")
    with pytest.raises(UsageError, match=r"boards.toml:5: a virtual board has no QEMU"):
        load_catalog(path)


def test_a_machine_without_qemu_has_no_such_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = BoardSpec("q", Kind.QEMU, Chip.ESP32C3)
    with pytest.raises(InconclusiveError) as caught:
        find_qemu(spec)
    assert caught.value.message == "board q is not there: no qemu-system-riscv32"
    assert "qemu = '/path/to/it'" in caught.value.hint
    assert qemu_words(spec) == "absent: no qemu-system-riscv32"
    program = tmp_path / "qemu-system-riscv32"
    program.write_text("")
    program.chmod(0o755)
    assert qemu_words(spec) == f"at {program}"


def test_a_flash_size_that_qemu_does_not_model_is_refused(tmp_path: Path) -> None:
    spec = BoardSpec("q", Kind.QEMU, Chip.ESP32, flash_size=1 << 20)
    with pytest.raises(UsageError, match="QEMU has no 1048576 bytes of flash"):
        QemuBoard(spec, tmp_path, FakeClock())

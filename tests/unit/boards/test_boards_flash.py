from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.virtual.flash import FlashFile, FlashRangeError, NorFlash, is_flash_size
from hostkit.errors import InvalidError, ToolError

SIZE = 256 << 10


def test_a_new_chip_is_blank() -> None:
    assert NorFlash(SIZE).snapshot() == b"\xff" * SIZE


def test_a_write_clears_bits_and_never_sets_one() -> None:
    flash = NorFlash(SIZE)
    flash.write(10, b"\xf0\x0f")
    flash.write(10, b"\x3c\xff")
    assert flash.read(10, 2) == b"\x30\x0f"


def test_an_erase_sets_whole_sectors() -> None:
    flash = NorFlash(SIZE)
    flash.write(0, bytes(4096 * 3))
    flash.erase(4096 + 5, 1)
    assert flash.read(0, 4096 * 3) == bytes(4096) + b"\xff" * 4096 + bytes(4096)


def test_erasing_across_a_sector_border_takes_both() -> None:
    flash = NorFlash(SIZE)
    flash.write(0, bytes(4096 * 3))
    flash.erase(4095, 2)
    assert flash.read(0, 4096 * 3) == b"\xff" * 8192 + bytes(4096)


@pytest.mark.parametrize("address", [-1, SIZE, SIZE - 3, 1 << 31])
def test_what_lies_outside_of_the_chip_is_refused_and_nothing_changes(address: int) -> None:
    flash = NorFlash(SIZE)
    for act in (
        lambda: flash.read(address, 4),
        lambda: flash.write(address, b"\0\0\0\0"),
        lambda: flash.erase(address, 4),
        lambda: flash.md5(address, 4),
    ):
        with pytest.raises(FlashRangeError, match="do not lie in"):
            act()
    assert flash.snapshot() == b"\xff" * SIZE


writes = st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=60))


@given(st.lists(st.one_of(writes, st.just(None))))
def test_it_agrees_with_a_model_bit_by_bit(steps: list[tuple[int, bytes] | None]) -> None:
    flash, model = NorFlash(SIZE), [0xFF] * 700
    for step in steps:
        if step is None:
            flash.erase(0, 1)
            model = [0xFF] * 700
        else:
            address, data = step
            flash.write(address, data)
            for index, byte in enumerate(data):
                model[address + index] &= byte
    assert flash.read(0, 700) == bytes(model)
    assert flash.md5(0, 700) == hashlib.md5(bytes(model)).digest()


@pytest.mark.parametrize(("size", "good"), [(4 << 20, True), (16 << 20, True), (3 << 20, False), (0, False)])
def test_a_chip_has_a_size_that_exists(size: int, good: bool) -> None:
    assert is_flash_size(size) is good


def test_the_jedec_id_names_the_size() -> None:
    assert NorFlash(4 << 20).jedec == 0x1640EF
    assert NorFlash(8 << 20).jedec >> 16 == 0x17


def test_the_file_keeps_what_was_saved(tmp_path: Path) -> None:
    file = FlashFile(tmp_path / "flash.bin")
    flash = file.load(SIZE)
    flash.write(0, b"kept")
    file.save(flash)
    assert not flash.changed
    assert file.load(SIZE).read(0, 4) == b"kept"


def test_an_unchanged_chip_is_not_written_again(tmp_path: Path) -> None:
    file = FlashFile(tmp_path / "flash.bin")
    flash = file.load(SIZE)
    file.save(flash)
    before = file.path.stat().st_ino
    file.save(flash)
    assert file.path.stat().st_ino == before


def test_the_file_of_a_chip_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flash.bin").write_bytes(b"\xff" * 100)
    with pytest.raises(InvalidError, match="holds 100 bytes") as caught:
        FlashFile(tmp_path / "flash.bin").load(SIZE)
    assert "delete that file" in caught.value.hint


def test_a_full_disk_keeps_the_old_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FlashFile(tmp_path / "flash.bin")
    flash = file.load(SIZE)
    file.save(flash)
    flash.write(0, b"lost")

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ToolError, match="no space left"):
        file.save(flash)
    assert flash.changed
    assert file.path.read_bytes() == b"\xff" * SIZE
    assert [each.name for each in tmp_path.iterdir()] == ["flash.bin"]

"""What ESP-IDF and PlatformIO leave in a build directory, to the regions of an artifact."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.boards.image import ImageHeader, Segment, pack_image
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, pack_partitions
from hostkit.build.pack_idf import BOOTLOADER_OFFSET, flash_regions, pack_idf
from hostkit.errors import FailedError, ToolError

MakeBuild = Callable[..., Path]


def image(chip: Chip, size: int = 64) -> bytes:
    return pack_image(ImageHeader(chip, 0x40080000), [Segment(0x40080000, bytes(size))])


@pytest.fixture
def make_build(tmp_path: Path, make_elf: Callable[..., bytes]) -> MakeBuild:
    """A build directory as PlatformIO leaves it: ESP-IDF's flash arguments, files under its own names."""

    def make(chip: Chip = Chip.ESP32, offset: int | None = None, **content: bytes) -> Path:
        bootloader = BOOTLOADER_OFFSET[chip] if offset is None else offset
        files = {
            hex(bootloader): "bootloader/bootloader.bin",
            "0x8000": "partition_table/partition-table.bin",
            "0x10000": "led-controller.bin",
        }
        (tmp_path / "flasher_args.json").write_text(json.dumps({"flash_files": files}))
        parts = {
            "bootloader": image(chip),
            "partitions": pack_partitions(DEFAULT_PARTITIONS),
            "firmware": image(chip, 256),
        } | content
        for name, data in parts.items():
            (tmp_path / f"{name}.bin").write_bytes(data)
        program = tmp_path / "firmware.elf"
        program.write_bytes(make_elf(machine=94))
        return program

    return make


@pytest.mark.parametrize("chip", list(Chip))
def test_the_regions_go_where_the_build_says(make_build: MakeBuild, chip: Chip) -> None:
    packed = pack_idf(make_build(chip), chip=chip)
    placed = [(record.role, record.offset, record.file) for record, _ in packed.images]
    assert placed == [
        ("bootloader", BOOTLOADER_OFFSET[chip], "bootloader.bin"),
        ("partitions", 0x8000, "partitions.bin"),
        ("app", 0x10000, "app.bin"),
    ]
    assert packed.images[2][1] == image(chip, 256)
    assert packed.ram == 300


def test_the_rom_of_each_chip_looks_for_the_bootloader_elsewhere() -> None:
    assert BOOTLOADER_OFFSET == {Chip.ESP32: 0x1000, Chip.ESP32S3: 0, Chip.ESP32C3: 0}


def test_nvs_is_no_region_so_what_was_stored_stays(make_build: MakeBuild) -> None:
    nvs = DEFAULT_PARTITIONS[0]
    for record, data in pack_idf(make_build(), chip=Chip.ESP32).images:
        assert record.offset + len(data) <= nvs.offset or record.offset >= nvs.end


def test_esp_idfs_own_layout_of_files_serves_as_well(make_build: MakeBuild, tmp_path: Path) -> None:
    program = make_build()
    for own, named in (
        ("bootloader.bin", "bootloader/bootloader.bin"),
        ("partitions.bin", "partition_table/partition-table.bin"),
        ("firmware.bin", "led-controller.bin"),
    ):
        (tmp_path / named).parent.mkdir(exist_ok=True)
        (tmp_path / own).rename(tmp_path / named)
    assert len(pack_idf(program, chip=Chip.ESP32).images) == 3


def test_platformios_idedata_or_esptools_arguments_serve_as_well(
    make_build: MakeBuild, tmp_path: Path
) -> None:
    program = make_build()
    expected = pack_idf(program, chip=Chip.ESP32)
    (tmp_path / "flasher_args.json").unlink()
    (tmp_path / "flash_args").write_text(
        "--flash_mode dio\n0x1000 bootloader.bin\n0x8000 partitions.bin\n0x10000 firmware.bin\n"
    )
    assert pack_idf(program, chip=Chip.ESP32) == expected
    extra = {
        "application_offset": "0x10000",
        "flash_images": [
            {"offset": "0x1000", "path": str(tmp_path / "bootloader.bin")},
            {"offset": "0x8000", "path": str(tmp_path / "partitions.bin")},
        ],
    }
    (tmp_path / "idedata.json").write_text(json.dumps({"prog_path": str(program), "extra": extra}))
    (tmp_path / "flash_args").write_text("of another build")
    assert pack_idf(program, chip=Chip.ESP32) == expected


def refused(program: Path, chip: Chip = Chip.ESP32) -> str:
    with pytest.raises(ToolError) as caught:
        pack_idf(program, chip=chip)
    assert caught.value.message.startswith("what the build left cannot be flashed: ")
    assert caught.value.hint
    return caught.value.message


def test_what_cannot_be_flashed_is_said(make_build: MakeBuild, tmp_path: Path) -> None:
    assert "its bootloader goes to 0x0, but the ROM of an esp32 looks at 0x1000" in refused(
        make_build(offset=0)
    )
    assert "app is for chip id 9, that of an esp32 is 0" in refused(make_build(firmware=image(Chip.ESP32S3)))
    assert "bootloader is no image of a chip" in refused(make_build(bootloader=b"\xff" * 64))
    assert "its partition table is broken" in refused(make_build(partitions=b"\xff" * 0xC00))
    moved = pack_partitions(DEFAULT_PARTITIONS[:2])
    assert "no app partition of its table begins at 0x10000" in refused(make_build(partitions=moved))
    program = make_build()
    (tmp_path / "firmware.bin").unlink()
    assert "region app is not there (led-controller.bin)" in refused(program)
    (tmp_path / "flasher_args.json").write_text('{"flash_files": {"0x10000": "a.bin"}}')
    (tmp_path / "a.bin").write_bytes(image(Chip.ESP32))
    assert "it has no bootloader and no partitions" in refused(program)
    (tmp_path / "flasher_args.json").unlink()
    assert "it has none of flasher_args.json, idedata.json, flash_args" in refused(program)


def test_an_app_that_is_larger_than_its_partition_is_a_failure(make_build: MakeBuild) -> None:
    large = image(Chip.ESP32, DEFAULT_PARTITIONS[2].size)
    with pytest.raises(FailedError) as caught:
        pack_idf(make_build(firmware=large), chip=Chip.ESP32)
    assert "more than partition 'factory' holds" in caught.value.message


def test_an_absolute_file_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "flash_args").write_text("0x10000 /elsewhere/app.bin")
    assert flash_regions(tmp_path)[0].file == "/elsewhere/app.bin"

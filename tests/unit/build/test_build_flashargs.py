"""Offsets and files of a chip build, from the three files that builds write."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.build.flashargs import Region, parse_flash_args, parse_flasher_args, parse_idedata
from hostkit.errors import ToolError

# As ESP-IDF 5.3's CMake writes it for an ESP32.
FLASHER_ARGS = """{
    "write_flash_args" : [ "--flash_mode", "dio", "--flash_size", "4MB", "--flash_freq", "40m" ],
    "flash_settings" : { "flash_mode": "dio", "flash_size": "4MB", "flash_freq": "40m" },
    "flash_files" : {
        "0x1000" : "bootloader/bootloader.bin",
        "0x10000" : "led-controller.bin",
        "0x8000" : "partition_table/partition-table.bin"
    },
    "bootloader" : { "offset" : "0x1000", "file" : "bootloader/bootloader.bin", "encrypted" : "false" },
    "app" : { "offset" : "0x10000", "file" : "led-controller.bin", "encrypted" : "false" },
    "partition-table" : { "offset" : "0x8000", "file" : "partition_table/partition-table.bin" },
    "extra_esptool_args" : { "after" : "hard_reset", "before" : "default_reset", "chip": "esp32" }
}
"""
FLASH_ARGS = """--flash_mode dio --flash_freq 80m --flash_size 8MB
0x0 bootloader/bootloader.bin
0x10000 led-controller.bin
0x8000 partition_table/partition-table.bin
"""
IDEDATA = {
    "env_name": "esp32dev",
    "prog_path": "/b/esp32dev/firmware.elf",
    "extra": {
        "flash_images": [
            {"offset": "0x1000", "path": "/b/esp32dev/bootloader.bin"},
            {"offset": "0x8000", "path": "/b/esp32dev/partitions.bin"},
        ],
        "application_offset": "0x10000",
    },
}


def test_flasher_args_name_role_offset_and_file() -> None:
    assert parse_flasher_args(FLASHER_ARGS) == (
        Region("bootloader", 0x1000, "bootloader/bootloader.bin"),
        Region("partitions", 0x8000, "partition_table/partition-table.bin"),
        Region("app", 0x10000, "led-controller.bin"),
    )


def test_flash_args_of_esptool_are_read_without_its_options() -> None:
    regions = parse_flash_args(FLASH_ARGS)
    assert [(region.role, region.offset) for region in regions] == [
        ("bootloader", 0),
        ("partitions", 0x8000),
        ("app", 0x10000),
    ]
    assert parse_flash_args(FLASH_ARGS.replace("--flash_mode dio", "--flash_mode=dio")) == regions


def test_idedata_puts_the_application_beside_the_program() -> None:
    assert parse_idedata(json.dumps(IDEDATA)) == (
        Region("bootloader", 0x1000, "/b/esp32dev/bootloader.bin"),
        Region("partitions", 0x8000, "/b/esp32dev/partitions.bin"),
        Region("app", 0x10000, "/b/esp32dev/firmware.bin"),
    )


def test_an_ota_partitions_first_content_has_a_role_of_its_own() -> None:
    files = {"0xd000": "ota_data_initial.bin", "0x10000": "a.bin"}
    roles = [region.role for region in parse_flasher_args(json.dumps({"flash_files": files}))]
    assert roles == ["otadata", "app"]


@pytest.mark.parametrize(
    ("parse", "text", "what"),
    [
        (parse_flasher_args, "{", "it is no JSON"),
        (parse_flasher_args, "[]", "it is no JSON object"),
        (parse_flasher_args, "{}", "it has no flash_files"),
        (parse_flasher_args, '{"flash_files": {"here": "a.bin"}}', "'here' is no offset"),
        (parse_flash_args, "--flash_mode dio", "offsets and files do not pair up"),
        (parse_flash_args, "0x0 a.bin 0x1000", "offsets and files do not pair up"),
        (parse_flash_args, "x a.bin", "'x' is no offset"),
        (parse_idedata, "{}", "it has no application_offset or no prog_path"),
        (
            parse_idedata,
            '{"prog_path": "a", "extra": {"application_offset": "0x0", "flash_images": [1]}}',
            "an entry of flash_images lacks offset or path",
        ),
    ],
)
def test_what_is_wrong_is_said(parse: Callable[[str], object], text: str, what: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse(text)
    assert what in caught.value.message
    assert caught.value.hint


@given(text=st.text(max_size=60), parse=st.sampled_from((parse_flasher_args, parse_idedata)))
def test_no_text_is_too_strange(text: str, parse: Callable[[str], object]) -> None:
    with pytest.raises(ToolError):
        parse(text)

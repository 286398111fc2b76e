from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.image import AppDescription, parse_image
from hostkit.boards.model import Chip
from hostkit.build.chips import MMU_PAGE, chip_image
from hostkit.build.elf import read_elf, read_program
from hostkit.build.pack import pack
from hostkit.errors import ToolError

DROM, IROM, DRAM = 0x3C000020, 0x42010020, 0x3FC80000
BUILD_ID = bytes(range(32))


def riscv_elf(*loads: tuple[int, bytes], entry: int = IROM) -> bytes:
    """A 32-bit executable of these pieces, without a section table."""
    offset = 52 + 32 * len(loads)
    head = struct.pack(
        "<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 243, 1, entry, 52, 0, 0, 52, 32, len(loads), 0, 0, 0
    )
    rows, data = b"", b""
    for address, piece in loads:
        rows += struct.pack(
            "<IIIIIIII", 1, offset + len(data), address, address, len(piece), len(piece), 7, 4
        )
        data += piece
    return (head + rows + data).ljust(64, b"\0")


def constants(size: int = 300) -> tuple[int, bytes]:
    return DROM, bytes(256) + bytes(i & 0xFF for i in range(size - 256))


def test_the_image_begins_with_the_description_and_goes_on_with_the_constants() -> None:
    program = riscv_elf(constants(), (IROM, b"code"), (DRAM, b"data"))
    image = parse_image(chip_image(program, Chip.ESP32C3, AppDescription("1.2.3", build_id=BUILD_ID)))
    assert image.chip is Chip.ESP32C3
    assert image.header.entry == IROM
    assert image.description is not None
    assert (image.description.version, image.description.build_id) == ("1.2.3", BUILD_ID)
    assert image.segments[0].address == DROM
    assert image.segments[0].data[256:] == constants()[1][256:]
    assert [part.address for part in image.segments] == [DROM, DRAM, 0, IROM]


@given(st.integers(256, 70_000), st.integers(0, 300), st.integers(1, 5000))
def test_what_is_mapped_keeps_its_place_within_a_page(constant: int, data: int, code: int) -> None:
    irom = 0x42000020 + -(-(constant + 0x20) // MMU_PAGE) * MMU_PAGE
    loads = [constants(constant), (irom, b"\x13" * code)] + ([(DRAM, b"d" * data)] if data else [])
    image = chip_image(riscv_elf(*loads, entry=irom), Chip.ESP32C3, AppDescription("1"))
    offset = 24
    for part in parse_image(image).segments:
        offset += 8
        if part.address in (DROM, irom):
            assert offset % MMU_PAGE == part.address % MMU_PAGE
        offset += len(part.data)


def test_an_executable_for_a_chip_is_packed_as_an_image_of_its_own() -> None:
    program = riscv_elf(constants(), (IROM, b"code"))
    assert read_elf(program).machine == "riscv32"
    packed = pack(program, chip=Chip.ESP32C3, version="1", build_id=BUILD_ID.hex())
    (table, _), (app, data) = packed.images
    assert (table.offset, app.offset) == (0x8000, 0x10000)
    assert parse_image(data).payload is None


def test_an_executable_that_was_linked_otherwise_is_refused() -> None:
    with pytest.raises(ToolError) as caught:
        chip_image(riscv_elf((IROM, b"code")), Chip.ESP32C3, AppDescription("1"))
    assert caught.value.message == "the executable has nothing at 0x3c000020, where an image begins"
    assert caught.value.hint == "link it with the linker script of its port"


def test_a_chip_without_a_port_is_refused() -> None:
    with pytest.raises(ToolError) as caught:
        chip_image(riscv_elf(constants()), Chip.ESP32S3, AppDescription("1"))
    assert caught.value.hint == "use esp32c3, or the env virtual"


def test_a_file_that_is_cut_off_is_no_program() -> None:
    for broken in (b"", b"\x7fELF\x02\x01" + bytes(60), riscv_elf(constants())[:60]):
        with pytest.raises(ToolError):
            read_program(broken)

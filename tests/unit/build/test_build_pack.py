from __future__ import annotations

from collections.abc import Callable

import pytest

from hostkit.boards.image import parse_image
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, parse_partitions
from hostkit.build.elf import strip_elf
from hostkit.build.model import Sizes
from hostkit.build.pack import APP_PARTITION, check_fits, image_of, pack_virtual
from hostkit.build.size import check_sizes, percent
from hostkit.errors import ExitCode, FailedError

BUILD_ID = bytes(range(32)).hex()


def test_the_program_is_carried_without_its_symbols_inside_a_genuine_image(
    make_elf: Callable[..., bytes],
) -> None:
    program = make_elf(code=b"code")
    packed = pack_virtual(program, chip=Chip.ESP32, version="1.2.3", build_id=BUILD_ID)
    (table, table_bytes), (app, app_bytes) = packed.images
    assert (table.role, table.offset, app.role, app.offset) == ("partitions", 0x8000, "app", 0x10000)
    assert parse_partitions(table_bytes) == DEFAULT_PARTITIONS
    image = parse_image(app_bytes, chip=Chip.ESP32, partition_length=APP_PARTITION.size)
    assert image.payload is not None
    assert image.payload.data == strip_elf(program)
    assert image.payload.machine == "x86_64-linux"
    assert image.description is not None
    assert image.description.build_id.hex() == BUILD_ID
    assert (image.description.version, image.description.date, image.description.time) == ("1.2.3", "", "")
    assert packed.ram == 300


def test_equal_inputs_give_equal_bytes(make_elf: Callable[..., bytes]) -> None:
    one = pack_virtual(make_elf(), chip=Chip.ESP32, version="1", build_id=BUILD_ID)
    assert one == pack_virtual(make_elf(), chip=Chip.ESP32, version="1", build_id=BUILD_ID)


def test_a_region_knows_its_size_and_digests() -> None:
    image = image_of("app", 0x10000, b"abc")
    assert (image.file, image.size) == ("app.bin", 3)
    assert image.md5 == "900150983cd24fb0d6963f7d28e17f72"
    assert image.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_image_that_is_too_large_for_its_partition_is_refused_with_the_numbers() -> None:
    check_fits(APP_PARTITION.size, APP_PARTITION)
    with pytest.raises(FailedError) as caught:
        check_fits(APP_PARTITION.size + 5, APP_PARTITION)
    assert caught.value.message == (
        "the image has 3145733 bytes, 5 more than partition 'factory' holds (3145728)"
    )
    assert caught.value.hint == "make the firmware smaller: fewer features, smaller tables"
    assert caught.value.exit_code is ExitCode.FAIL


def test_exactly_the_budget_is_within_it() -> None:
    check_sizes(Sizes(flash=100, flash_budget=100, ram=50, ram_budget=50))
    check_sizes(Sizes(flash=10**9, flash_budget=0, ram=10**9, ram_budget=0))
    assert (percent(50, 200), percent(50, 0)) == (25.0, None)


def test_over_budget_is_a_failure_with_both_numbers() -> None:
    with pytest.raises(FailedError) as caught:
        check_sizes(Sizes(flash=110, flash_budget=100, ram=75, ram_budget=50))
    assert caught.value.message == (
        "over the size budget: flash 110 of 100 bytes (110.0 %, 10 over); "
        "RAM 75 of 50 bytes (150.0 %, 25 over)"
    )
    assert "custom_hostkit_…_budget" in caught.value.hint
    assert caught.value.exit_code is ExitCode.FAIL

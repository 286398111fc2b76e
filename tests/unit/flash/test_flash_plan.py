"""What may be flashed where, and the command lines that do it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.model import BoardSpec, Chip, FlashAccess, Kind
from hostkit.build.model import Artifact, Image, Sizes
from hostkit.errors import ExitCode, InvalidError
from hostkit.flash.model import ChipIdentity
from hostkit.flash.plan import (
    identify_argv,
    megabytes,
    refuse_artifact,
    refuse_chip,
    verify_argv,
    write_argv,
    write_time_out_s,
)

MAC = "24:0a:c4:00:00:10"
SPEC = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, mac=MAC, port="/dev/ttyUSB0")
ACCESS = FlashAccess("/dev/ttyUSB0", 460_800, "default-reset", "hard-reset")


def image(role: str, offset: int, size: int) -> Image:
    return Image(role, offset, f"{role}.bin", size, "0" * 64, "0" * 32)


ARTIFACT = Artifact(
    build_id="ab" * 32,
    env="esp32dev",
    chip="esp32",
    profile="dual-160",
    version="0.1.0",
    commit="",
    dirty=False,
    images=(image("app", 0x10000, 1_000_000), image("partitions", 0x8000, 3072)),
    elf="firmware.elf",
    sizes=Sizes(1_000_000, 0, 0, 0),
    toolchain={},
    directory=Path("/store/a"),
)


def refused(artifact: Artifact, spec: BoardSpec = SPEC) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        refuse_artifact(artifact, spec)
    assert caught.value.exit_code is ExitCode.INVALID
    assert caught.value.hint
    return caught.value


def test_an_artifact_that_fits_is_not_refused() -> None:
    refuse_artifact(ARTIFACT, SPEC)


def test_an_artifact_for_another_chip_is_refused() -> None:
    error = refused(replace(ARTIFACT, chip="esp32c3"))
    assert error.message == "env esp32dev is for an esp32c3, board desk is an esp32"


def test_an_image_that_ends_beyond_the_flash_is_refused_with_both_numbers() -> None:
    error = refused(replace(ARTIFACT, images=(image("app", 0x10000, 4 << 20),)))
    assert error.message == (
        "region app (4194304 bytes at 0x10000) ends at 0x410000, beyond the 4 MB flash of desk"
    )


def test_an_image_that_ends_with_the_flash_fits() -> None:
    refuse_artifact(replace(ARTIFACT, images=(image("app", 0x10000, (4 << 20) - 0x10000),)), SPEC)


def test_regions_that_overlap_are_refused() -> None:
    error = refused(replace(ARTIFACT, images=(image("b", 0x9000, 4096), image("a", 0x8000, 4097))))
    assert error.message == "region a overlaps region b at 0x9000"


def test_a_region_inside_a_sector_is_refused() -> None:
    assert "inside a flash sector" in refused(replace(ARTIFACT, images=(image("a", 0x8010, 1),))).message


def test_an_artifact_without_images_is_refused() -> None:
    assert "has no images" in refused(replace(ARTIFACT, images=())).message


def test_the_right_chip_is_not_refused() -> None:
    refuse_chip(ChipIdentity(Chip.ESP32, MAC, 4 << 20), SPEC, "/dev/ttyUSB0")
    refuse_chip(ChipIdentity(Chip.ESP32, "02:00:00:00:00:01", 4 << 20), replace(SPEC, mac=""), "p")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ChipIdentity(Chip.ESP32S3, MAC, 4 << 20), "has an esp32s3, but board desk is an esp32: not flashed"),
        (
            ChipIdentity(Chip.ESP32, "24:0a:c4:00:00:11", 4 << 20),
            f"has MAC 24:0a:c4:00:00:11, but board desk has {MAC}: not flashed",
        ),
        (ChipIdentity(Chip.ESP32, MAC, 8 << 20), "has 8 MB of flash, but board desk has 4 MB: not flashed"),
    ],
)
def test_another_board_at_the_port_is_refused(found: ChipIdentity, words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        refuse_chip(found, SPEC, "/dev/ttyUSB0")
    assert caught.value.message == f"/dev/ttyUSB0 {words}"
    assert "boards.toml" in caught.value.hint


def test_one_call_writes_every_region_in_order_of_address_and_leaves_headers_alone() -> None:
    assert write_argv("python", ARTIFACT, Chip.ESP32, ACCESS) == (
        *("python", "-P", "-m", "esptool", "--chip", "esp32", "--port", "/dev/ttyUSB0", "--baud", "460800"),
        *("--before", "default-reset", "--after", "no-reset", "write-flash"),
        *("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"),
        *("0x8000", "/store/a/partitions.bin", "0x10000", "/store/a/app.bin"),
    )


def test_what_the_chip_holds_goes_beside_each_region_in_the_same_order() -> None:
    base = replace(ARTIFACT, images=ARTIFACT.images[:1], directory=Path("/store/old"))
    argv = write_argv("python", ARTIFACT, Chip.ESP32, ACCESS, base)
    assert argv[argv.index("--diff-with") :] == (
        *("--diff-with", "skip", "/store/old/app.bin", "--"),
        *("0x8000", "/store/a/partitions.bin", "0x10000", "/store/a/app.bin"),
    )


def test_only_the_last_call_lets_the_board_go() -> None:
    identify = identify_argv("python", Chip.ESP32, ACCESS)
    verify = verify_argv("python", ARTIFACT, Chip.ESP32, ACCESS)
    assert identify[-2:] == ("--no-stub", "flash-id")
    assert identify[identify.index("--after") + 1] == "no-reset"
    assert verify[verify.index("--after") + 1] == "hard-reset"
    assert "verify-flash" in verify


def test_no_command_trusts_flash_content_or_erases_everything() -> None:
    for base in (None, ARTIFACT):
        argv = write_argv("python", ARTIFACT, Chip.ESP32, ACCESS, base)
        assert not {"--trust-flash-content", "--erase-all", "--force"} & set(argv)


def test_a_slow_line_gets_more_time() -> None:
    assert write_time_out_s(ARTIFACT, 115_200) > write_time_out_s(ARTIFACT, 921_600) > 30


def test_sizes_read_well() -> None:
    assert [megabytes(4 << 20), megabytes(0), megabytes(1000)] == ["4 MB", "0 bytes", "1000 bytes"]

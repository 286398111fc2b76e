from __future__ import annotations

import pytest

from hostkit.boards.image import (
    AppDescription,
    ImageHeader,
    Payload,
    Segment,
    pack_application,
    pack_image,
    parse_image,
)
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, TABLE_OFFSET, pack_partitions
from hostkit.boards.simulated.engine import program_of
from hostkit.boards.virtual.bootrom import BootPlan, ResetReason, download_text, plan_boot
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.payload import host_machine
from hostkit.boards.virtual.silicon import Silicon
from hostkit.testing.boards import APP_OFFSET, IDLE_PROGRAM, TEST_MAC, flash_content

HOST = "x86_64-linux"


def flash_with(image: bytes) -> NorFlash:
    flash = NorFlash(4 << 20)
    flash.write(TABLE_OFFSET, pack_partitions(DEFAULT_PARTITIONS))
    flash.write(APP_OFFSET, image)
    return flash


def good_image(chip: Chip = Chip.ESP32, machine: str = HOST) -> bytes:
    return pack_application(chip, AppDescription("1.2.3"), Payload(machine, b"#!/bin/sh\n"))


def boot(flash: NorFlash, chip: Chip = Chip.ESP32, reason: ResetReason = ResetReason.POWER_ON) -> BootPlan:
    return plan_boot(Silicon(chip, TEST_MAC, HOST), flash, reason)


@pytest.mark.parametrize("chip", list(Chip))
def test_a_good_image_is_started_and_named(chip: Chip) -> None:
    plan = boot(flash_with(good_image(chip)), chip)
    assert plan.launch is not None
    assert plan.launch.program == b"#!/bin/sh\n"
    assert plan.launch.nvs is not None
    assert plan.launch.nvs.offset == 0x9000
    assert b"starting led-controller 1.2.3\r\n" in plan.text


@pytest.mark.parametrize(
    ("chip", "words"),
    [
        (
            Chip.ESP32,
            b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
        ),
        (Chip.ESP32S3, b"ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8 ("),
        (Chip.ESP32C3, b"ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:0xc ("),
    ],
)
def test_each_rom_has_its_own_words(chip: Chip, words: bytes) -> None:
    assert boot(flash_with(good_image(chip)), chip).text.startswith(words)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ResetReason.SOFTWARE, b"rst:0xc (SW_CPU_RESET)"),
        (ResetReason.WATCHDOG, b"rst:0x10 (RTCWDT_RTC_RESET)"),
        (ResetReason.BROWNOUT, b"rst:0xf (RTCWDT_BROWN_OUT_RESET)"),
    ],
)
def test_the_text_says_why_the_chip_was_reset(reason: ResetReason, words: bytes) -> None:
    assert words in boot(flash_with(good_image()), reason=reason).text


@pytest.mark.parametrize("chip", list(Chip))
def test_download_mode_says_so_as_esptool_looks_for_it(chip: Chip) -> None:
    text = download_text(chip, ResetReason.EXTERNAL)
    assert b"boot:0x" in text
    assert text.endswith(b"waiting for download\r\n")


def test_a_blank_chip_has_an_invalid_header() -> None:
    plan = boot(NorFlash(4 << 20))
    assert plan.launch is None
    assert plan.text.endswith(b"invalid header: 0xffffffff\r\n")


def test_a_damaged_partition_table_is_named() -> None:
    flash = flash_with(good_image())
    flash.write(TABLE_OFFSET + 12, b"\0")
    plan = boot(flash)
    assert plan.launch is None
    assert b"E (0) boot: load partition table error!" in plan.text


def test_an_erased_application_is_named() -> None:
    flash = flash_with(good_image())
    flash.erase(APP_OFFSET, 4096)
    plan = boot(flash)
    assert plan.launch is None
    assert b"E (0) esp_image: invalid header: 0xffffffff\r\n" in plan.text
    assert b"No bootable app partitions" in plan.text


def test_one_flipped_bit_in_the_application_is_found() -> None:
    flash = flash_with(good_image())
    start = APP_OFFSET + 24 + 8 + 256 + 64
    flash.write(start, bytes((flash.read(start, 1)[0] & 0xFE,)))
    plan = boot(flash)
    assert plan.launch is None
    assert b"E (0) esp_image: Checksum failed" in plan.text


def test_an_image_for_another_chip_is_refused() -> None:
    plan = boot(flash_with(good_image(Chip.ESP32S3)), Chip.ESP32)
    assert plan.launch is None
    assert b"mismatch chip ID" in plan.text


def test_firmware_for_real_silicon_has_no_payload() -> None:
    image = pack_image(ImageHeader(Chip.ESP32, entry=0x40080000), [Segment(0x40080000, bytes(64))])
    plan = boot(flash_with(image))
    assert plan.launch is None
    assert b"carries no payload for a virtual board" in plan.text


def test_a_payload_for_another_machine_is_refused() -> None:
    plan = boot(flash_with(good_image(machine="aarch64-linux")))
    assert plan.launch is None
    assert b"payload is for aarch64-linux, this host runs x86_64-linux" in plan.text


def test_the_shipped_flash_content_boots() -> None:
    flash = NorFlash(4 << 20, flash_content(b"#!/bin/sh\n"))
    assert (
        plan_boot(Silicon(Chip.ESP32, TEST_MAC, host_machine()), flash, ResetReason.POWER_ON).launch
        is not None
    )


SIMULATED = Silicon(Chip.ESP32C3, TEST_MAC, HOST, engine=("simulator",))


def test_a_simulated_board_starts_the_segments_of_an_image() -> None:
    plan = plan_boot(SIMULATED, flash_with(IDLE_PROGRAM), ResetReason.POWER_ON)
    assert b"starting led-controller 1.0.0" in plan.text
    assert plan.launch is not None
    assert plan.launch.program == program_of(parse_image(IDLE_PROGRAM))


def test_a_simulated_board_refuses_a_payload_for_the_host() -> None:
    flash = NorFlash(4 << 20)
    flash.write(0, flash_content(b"#!/bin/sh\n", chip=Chip.ESP32C3))
    plan = plan_boot(SIMULATED, flash, ResetReason.POWER_ON)
    assert plan.launch is None
    assert b"image carries a payload for a virtual board" in plan.text

"""What esptool 5.6 prints, taken from real runs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Chip
from hostkit.build.model import Image
from hostkit.flash.output import ProgressReader, Trouble, last_lines, parse_output

HEAD = """\
esptool v5.6.0
Serial port /dev/ttyUSB0:
NOTE: Pre-connection option "no-reset" was selected.
Connecting...
Connected to ESP32 on /dev/ttyUSB0:
Chip type:          ESP32-D0WD-V3 (revision v3.1)
Features:           Wi-Fi, BT, Dual Core + LP Core, 240MHz, Coding Scheme None
Crystal frequency:  40MHz
MAC:                24:0a:c4:00:00:10

Uploading stub flasher...
Running stub flasher...
Stub flasher running.

Configuring flash size...
"""
WRITE = (
    HEAD
    + """
Writing '/store/partitions.bin' at 0x00008000...
Flash will be erased from 0x00008000 to 0x00008fff...
Compressed 3072 bytes to 105...
Writing at 0x00008c00 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100.0% 105B/105B [0s]\x20
Wrote 3072 bytes (105 compressed) at 0x00008000 in 0.0 seconds (25184.3 kbit/s).
Verifying written data...
Hash of data verified.

Writing '/store/app.bin' at 0x00010000...
Flash will be erased from 0x00010000 to 0x00020fff...
Compressed 65552 bytes to 32941...
Writing at 0x000186fa ━━━━━━━━━━━━━━╸                 49.7% 16.00kB/32.17kB [0s]\x20
Writing at 0x0001fd90 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸  99.5% 32.00kB/32.17kB [0s]\x20
Writing at 0x00020010 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100.0% 32.17kB/32.17kB [0s]\x20
Wrote 65552 bytes (32941 compressed) at 0x00010000 in 0.0 seconds (16754.7 kbit/s).
Verifying written data...
Hash of data verified.

Staying in bootloader.
"""
)
FLASH_ID = (
    HEAD
    + """\
Flash Memory Information:
=========================
Manufacturer: 68
Device: 4016
Detected flash size: 4MB
Flash type set in eFuse: quad (4 data lines)

Hard resetting via RTS pin...
"""
)
IMAGES = (
    Image("app", 0x10000, "app.bin", 65552, "", ""),
    Image("partitions", 0x8000, "partitions.bin", 3072, "", ""),
)


def test_a_write_tells_version_chip_mac_and_verified_regions() -> None:
    facts = parse_output(WRITE)
    assert (facts.version, facts.chip, facts.mac) == ("5.6.0", Chip.ESP32, "24:0a:c4:00:00:10")
    assert facts.verified == 2
    assert (facts.fatal, facts.trouble, facts.matched) == ("", None, 0)


def test_a_differential_write_tells_what_it_wrote_and_whether_that_was_enough() -> None:
    said = "Wrote 4096 bytes (12 compressed) at 0x00010000 in 0.1 seconds.\nWrote 8192 bytes at 0x00020000 in"
    assert (parse_output(said).wrote, parse_output(said).reflashed) == (12_288, False)
    again = "Note: Verification failed after fast reflash (flash content did not match the expected data)."
    assert parse_output(f"{said}\n{again}\n").reflashed is True


def test_flash_id_tells_the_size_in_bytes() -> None:
    assert parse_output(FLASH_ID).flash_size == 4 << 20
    assert parse_output("Detected flash size: 512KB\n").flash_size == 512 << 10
    assert parse_output("Detected flash size: Unknown\n").flash_size == 0


def test_verify_flash_tells_how_many_regions_matched() -> None:
    text = "Verifying 0xc00 (3072) bytes...\nVerification successful (digest matched).\n" * 2
    assert parse_output(text).matched == 2


@pytest.mark.parametrize(
    ("name", "chip"), [("ESP32-S3", Chip.ESP32S3), ("ESP32-C3", Chip.ESP32C3), ("ESP32-P4", None)]
)
def test_chips_go_by_esptools_names(name: str, chip: Chip | None) -> None:
    assert parse_output(f"Connected to {name} on /dev/ttyACM0:\n").chip is chip


def test_an_eui64_is_not_taken_for_the_mac() -> None:
    text = "MAC:                24:0a:c4:ff:fe:00:00:10\nBASE MAC:           24:0a:c4:00:00:10\n"
    assert parse_output(text).mac == "24:0a:c4:00:00:10"


def test_colours_and_carriage_returns_do_not_matter() -> None:
    noisy = WRITE.replace("\n", "\r\n").replace("Hash of data", "\x1b[32mHash\x1b[0m of data")
    assert parse_output(noisy) == parse_output(WRITE)


@pytest.mark.parametrize(
    ("last", "trouble"),
    [
        ("Failed to connect to ESP32: No serial data received.", Trouble.SILENT),
        ("Could not open /dev/ttyUSB0, the port is busy or doesn't exist.", Trouble.PORT),
        ("This chip is ESP32-S3, not ESP32. Wrong chip argument?", Trouble.WRONG_CHIP),
        ("The chip stopped responding.", Trouble.LOST),
        ("Write failed, the written flash region is empty.", Trouble.OTHER),
    ],
)
def test_a_fatal_error_is_kept_word_by_word_and_sorted(last: str, trouble: Trouble) -> None:
    facts = parse_output(f"esptool v5.6.0\n\nA fatal error occurred: {last}\n")
    assert (facts.fatal, facts.trouble) == (last, trouble)


def test_a_serial_exception_is_a_broken_connection_without_its_lecture() -> None:
    text = (
        "A serial exception error occurred: device disconnected\n"
        "Note: This error originates from pySerial. It is likely not a problem with esptool.\n"
        "For troubleshooting steps visit: https://docs.espressif.com/\n"
    )
    facts = parse_output(text)
    assert (facts.fatal, facts.trouble) == ("device disconnected", Trouble.LOST)


def test_a_port_that_cannot_be_opened_is_told_without_esptools_hint() -> None:
    text = (
        "esptool v5.6.0\nSerial port /dev/nope:\n\n"
        "ERROR: A fatal error occurred: Could not open /dev/nope, the port is busy or doesn't exist.\n"
        "([Errno 2] could not open port /dev/nope)\n\n"
        "Hint: Check if the port is correct and ESP connected\n\n"
    )
    facts = parse_output(text)
    assert facts.trouble is Trouble.PORT
    assert facts.fatal.endswith("doesn't exist. ([Errno 2] could not open port /dev/nope)")


def test_progress_rises_from_zero_to_one_over_all_regions() -> None:
    reader = ProgressReader(IMAGES)
    seen = [
        fraction for line in WRITE.splitlines(keepends=True) if (fraction := reader.feed(line)) is not None
    ]
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(3072 / 68624)
    assert seen[-1] == 1.0


@given(st.lists(st.integers(0, len(WRITE)), max_size=12))
def test_progress_does_not_depend_on_how_the_output_is_cut(cuts: list[int]) -> None:
    reader = ProgressReader(IMAGES)
    edges = [0, *sorted(cuts), len(WRITE)]
    last = [reader.feed(WRITE[start:end]) for start, end in pairwise(edges)]
    assert max(fraction or 0 for fraction in last) == 1.0


def test_the_last_lines_leave_progress_out() -> None:
    assert last_lines(WRITE, 2) == "Hash of data verified.\nStaying in bootloader."
    assert last_lines("") == ""


@given(st.text(max_size=300))
def test_any_text_can_be_parsed(text: str) -> None:
    assert parse_output(text).verified == text.count("Hash of data verified.")

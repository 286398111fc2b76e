"""Crashes while a board is watched: the decoded line comes once, after the board's own text."""

from __future__ import annotations

from pathlib import Path

from hostkit.cli.monitor_crash import CrashLines
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.framing import Broken, Reason, Text
from hostkit.link.messages import Level, Log
from hostkit.testing import crash as texts

PANIC = texts.spoken(texts.XTENSA["StoreProhibited"], pc=0x400D1000)
RESET = Text(b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n")
SECOND = 1_000_000_000


def _lines() -> CrashLines:
    return CrashLines(CrashDecoder(Path("/nonexistent")))


def test_a_crash_is_told_when_its_text_is_complete() -> None:
    lines = _lines()
    assert list(lines.take([Text(PANIC[:90])], 0)) == []
    assert list(lines.take([Text(PANIC[90:])], 1)) == ["panic: StoreProhibited at 0x400d1000"]
    assert list(lines.end()) == []


def test_a_text_that_stops_is_told_after_a_while() -> None:
    lines = _lines()
    cut = PANIC.index(b"Backtrace")
    assert list(lines.take([Text(PANIC[:cut])], 0)) == []
    assert list(lines.take([], SECOND // 4)) == []
    assert list(lines.take([], SECOND)) == ["panic: StoreProhibited at 0x400d1000"]
    assert list(lines.take([], 9 * SECOND)) == []


def test_a_text_behind_a_broken_frame_is_read() -> None:
    broken = Broken(Reason.BAD_COBS, b"\x05\x84\x01" + PANIC)
    assert list(_lines().take([broken], 0)) == ["panic: StoreProhibited at 0x400d1000"]


def test_a_crash_that_is_cut_off_by_the_end_is_told_then() -> None:
    lines = _lines()
    assert list(lines.take([Text(PANIC[:200])], 0)) == []
    assert list(lines.end()) == ["panic: StoreProhibited at 0x400d1000"]


def test_firmware_that_sends_frames_is_in_no_boot_loop() -> None:
    lines = _lines()
    ready = Log(1, Level.INFO, 0, "ready")
    assert [line for _ in range(5) for line in lines.take([RESET, ready], 0)] == []
    assert list(lines.take([RESET, RESET, RESET], 0)) == [
        "boot loop: 3 resets without an answer (SW_CPU_RESET, SW_CPU_RESET, SW_CPU_RESET)"
    ]

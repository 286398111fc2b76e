"""What crashes amount to: whose fault, and which of several comes first."""

from __future__ import annotations

from hostkit.link.crash.blame import FirmwareCrashError, SupplyError, by_weight, crash_error
from hostkit.link.crash.decode import Crash
from hostkit.link.crash.model import CrashKind, CrashReport
from hostkit.link.crash.places import Location, Place

PANIC = Crash(
    CrashReport(CrashKind.PANIC, "StoreProhibited", pc=4, backtrace=(4, 8)),
    (Location(4, (Place("draw", "a.cpp", 1),)), Location(8, (Place("render", "b.cpp", 2),))),
)
LOOP = Crash(CrashReport(CrashKind.BOOT_LOOP, "3 resets", resets=("SW_CPU_RESET",) * 3))
BROWNOUT = Crash(CrashReport(CrashKind.BROWNOUT, "Brownout detector was triggered"))


def test_the_cause_comes_before_its_loop_and_firmware_before_supply() -> None:
    assert by_weight([BROWNOUT, LOOP, PANIC]) == [PANIC, LOOP, BROWNOUT]


def test_a_crash_of_the_firmware_fails_with_the_calls_as_hint() -> None:
    error = crash_error([BROWNOUT, PANIC])
    assert isinstance(error, FirmwareCrashError)
    assert error.message == "panic: StoreProhibited in draw, a.cpp:1"
    assert error.hint == "it got there from: 0x00000008  render, b.cpp:2"


def test_a_crash_without_calls_points_to_the_transcript() -> None:
    error = crash_error([LOOP])
    assert error is not None
    assert error.hint == "see the transcript"


def test_a_brown_out_alone_is_inconclusive_and_nothing_is_nothing() -> None:
    assert isinstance(crash_error([BROWNOUT]), SupplyError)
    assert crash_error([]) is None

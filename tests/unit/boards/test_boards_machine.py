from __future__ import annotations

import struct

import pytest

from hostkit.boards import slip
from hostkit.boards.loader_protocol import Op, request
from hostkit.boards.model import Chip
from hostkit.boards.virtual.faults import parse_fault
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.machine import Machine
from hostkit.boards.virtual.payload import Firmware, host_machine
from hostkit.boards.virtual.silicon import Mode, Silicon
from hostkit.errors import InconclusiveError, ToolError
from hostkit.testing.boards import FakeApplication, flash_content
from hostkit.testing.clock import FakeClock

BAUD = 115_200
SYNC = slip.encode(request(Op.SYNC, b"\x07\x07\x12\x20" + 32 * b"\x55"))


class Bench:
    """A machine with fakes around it, and what they saw."""

    def __init__(self, flash: NorFlash, *, paced: bool = False) -> None:
        self.clock = FakeClock()
        self.flash = flash
        self.saves: list[bytes] = []
        self.disk_full = False
        self.runs: list[FakeApplication] = []
        self.heard = b""
        self.cannot_run = False
        self.machine = Machine(
            Silicon(Chip.ESP32, "02:00:00:00:00:10", host_machine(), paced=paced),
            flash,
            clock=self.clock,
            save=self._save,
            launch=self._launch,
        )
        self.machine.power_on()

    def _save(self, flash: NorFlash) -> None:
        if self.disk_full:
            raise ToolError("no space left while writing flash.bin")
        if flash.changed:
            self.saves.append(flash.snapshot())
            flash.changed = False

    def _launch(self, firmware: Firmware) -> FakeApplication:
        if self.cannot_run:
            raise ToolError("cannot run the payload: Exec format error")
        self.runs.append(FakeApplication(firmware))
        return self.runs[-1]

    def wait(self, seconds: float) -> None:
        """Let time pass from deadline to deadline, as the server does."""
        end = self.clock.monotonic_ns() + round(seconds * 1e9)
        while (due := self.machine.deadline_ns) is not None and due <= end:
            self.clock.advance(max(0, due - self.clock.monotonic_ns()) / 1e9)
            self.machine.tick()
            self.heard += self.machine.take_output()
        self.clock.advance((end - self.clock.monotonic_ns()) / 1e9)

    def said(self) -> bytes:
        said, self.heard = self.heard + self.machine.take_output(), b""
        return said

    def fault(self, word: str, amount: float | None = None) -> None:
        self.machine.apply(parse_fault(word, amount))


@pytest.fixture
def bench() -> Bench:
    return Bench(NorFlash(4 << 20, flash_content(b"#!/bin/sh\n")))


@pytest.fixture
def blank() -> Bench:
    return Bench(NorFlash(256 << 10))


def test_power_boots_what_flash_holds(bench: Bench) -> None:
    assert bench.machine.mode is Mode.RUNNING
    firmware = bench.runs[0].firmware
    assert firmware.executable == b"#!/bin/sh\n"
    assert firmware.env == {
        "HK_RESET_REASON": "power-on",
        "HK_MAC": "02:00:00:00:00:10",
        "HK_CHIP": "esp32",
    }
    assert b"POWERON_RESET" in bench.said()


def test_bytes_pass_both_ways_while_it_runs(bench: Bench) -> None:
    bench.said()
    bench.machine.from_host(b"ping", BAUD)
    bench.machine.from_application(b"pong")
    assert bench.runs[0].received == b"ping"
    assert bench.said() == b"pong"


def test_bytes_that_the_firmware_does_not_take_are_counted_as_lost(bench: Bench) -> None:
    bench.machine.from_host(bytes(70_000), BAUD)
    assert bench.machine.lost == 70_000 - (1 << 16)


def test_the_reset_button_ends_the_application_and_starts_it_anew(bench: Bench) -> None:
    bench.machine.press_reset(download=False)
    assert bench.runs[0].ended
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == "external"
    assert (bench.machine.mode, bench.machine.resets) == (Mode.RUNNING, 2)


def test_the_boot_button_leads_to_the_loader(bench: Bench) -> None:
    bench.said()
    bench.machine.press_reset(download=True)
    assert bench.machine.mode is Mode.DOWNLOAD
    assert bench.said().endswith(b"waiting for download\r\n")
    bench.machine.from_host(SYNC, BAUD)
    assert bench.said().count(b"\xc0\x01\x08") == 8


def test_dtr_and_rts_lead_to_the_loader_and_back(bench: Bench) -> None:
    machine = bench.machine
    for dtr, rts in ((False, True), (True, True), (True, False)):
        machine.lines(dtr=dtr, rts=rts)
    assert machine.mode is Mode.DOWNLOAD
    machine.lines(dtr=False)
    machine.lines(rts=True)
    assert machine.mode is Mode.IN_RESET
    machine.lines(rts=False)
    assert machine.mode is Mode.RUNNING


def test_lines_left_both_asserted_boot_the_application_in_the_end(bench: Bench) -> None:
    bench.machine.lines(rts=True)
    bench.machine.lines(dtr=True)
    assert bench.machine.mode is Mode.IN_RESET
    bench.wait(1)
    assert bench.machine.mode is Mode.RUNNING


def test_a_software_restart_reboots_with_that_reason(bench: Bench) -> None:
    bench.machine.application_ended(0x52)
    assert bench.machine.mode is Mode.RUNNING
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == "software"


def test_a_restart_while_gpio0_is_low_ends_in_the_loader(bench: Bench) -> None:
    bench.machine.lines(dtr=True)
    bench.machine.application_ended(0x52)
    assert bench.machine.mode is Mode.DOWNLOAD


def test_a_clean_exit_switches_the_board_off(bench: Bench) -> None:
    bench.machine.application_ended(0)
    assert bench.machine.mode is Mode.OFF
    bench.wait(100)
    assert len(bench.runs) == 1


@pytest.mark.parametrize("code", [1, -11, -9, 134])
def test_any_other_exit_is_a_panic_and_a_reboot(bench: Bench, code: int) -> None:
    bench.wait(10)
    bench.said()
    bench.machine.application_ended(code)
    assert b"Guru Meditation Error" in bench.said()
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == "panic"


def test_firmware_that_told_of_its_panic_itself_is_not_told_of_again(bench: Bench) -> None:
    bench.wait(10)
    bench.said()
    bench.machine.application_ended(0x53)
    assert b"Guru Meditation Error" not in bench.said()
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == "panic"


def test_firmware_that_panics_at_once_is_tried_ever_more_slowly(bench: Bench) -> None:
    for _ in range(600):
        if bench.machine.mode is Mode.RUNNING:
            bench.machine.application_ended(3)
        bench.wait(0.1)
    assert 5 < len(bench.runs) < 16  # in a minute
    bench.machine.press_reset(download=False)
    assert bench.machine.mode is Mode.RUNNING


def test_a_blank_chip_loops_ever_more_slowly_and_does_not_flood(blank: Bench) -> None:
    assert blank.machine.mode is Mode.BOOT_LOOP
    blank.wait(60)
    said = blank.said()
    assert 5 < said.count(b"invalid header: 0xffffffff") < 16
    assert b"RTCWDT_RTC_RESET" in said
    assert blank.machine.reason.value == "watchdog"


def test_a_payload_that_cannot_run_is_a_problem_not_a_crash(bench: Bench) -> None:
    bench.cannot_run = True
    bench.machine.press_reset(download=False)
    assert bench.machine.mode is Mode.BOOT_LOOP
    assert "Exec format error" in bench.machine.problem
    assert b"E (0) boot: cannot run the payload" in bench.said()


def test_what_the_firmware_stored_goes_back_to_flash(bench: Bench) -> None:
    bench.runs[0].stored = b"settings"
    bench.machine.press_reset(download=False)
    assert bench.flash.read(0x9000, 0x6000) == b"settings".ljust(0x6000, b"\xff")
    stored = bench.runs[1].firmware.storage
    assert stored is not None
    assert stored.startswith(b"settings\xff")
    assert bench.saves[-1] == bench.flash.snapshot()


def test_storage_larger_than_its_partition_is_cut_not_spilt(bench: Bench) -> None:
    neighbour = bench.flash.read(0xF000, 0x2000)
    bench.runs[0].stored = bytes(0x9000)
    bench.machine.press_reset(download=False)
    assert bench.flash.read(0xF000, 0x2000) == neighbour


def test_flash_at_rest_is_saved_and_not_while_it_is_written(blank: Bench) -> None:
    blank.machine.press_reset(download=True)
    before = len(blank.saves)
    blank.machine.from_host(
        slip.encode(request(Op.FLASH_BEGIN, struct.pack("<IIII", 1024, 1, 1024, 0))), BAUD
    )
    assert len(blank.saves) == before
    blank.wait(1)
    assert len(blank.saves) == before + 1


def test_a_full_disk_is_a_problem_that_goes_when_there_is_room(blank: Bench) -> None:
    blank.disk_full = True
    blank.machine.press_reset(download=True)
    blank.machine.from_host(
        slip.encode(request(Op.FLASH_BEGIN, struct.pack("<IIII", 1024, 1, 1024, 0))), BAUD
    )
    blank.wait(1)
    assert "no space left" in blank.machine.problem
    blank.disk_full = False
    blank.wait(3)
    assert blank.machine.problem == ""
    assert blank.saves[-1] == blank.flash.snapshot()


def test_flash_is_saved_before_it_boots(bench: Bench) -> None:
    bench.flash.erase(0x200000, 4096)
    bench.machine.press_reset(download=False)
    assert bench.saves[-1] == bench.flash.snapshot()


def test_unplugging_kills_the_application_and_nothing_gets_through(bench: Bench) -> None:
    bench.fault("unplug")
    assert bench.runs[0].ended
    assert not bench.machine.plugged
    bench.machine.from_host(b"ping", BAUD)
    bench.machine.lines(rts=True)
    bench.machine.lines(rts=False)
    assert bench.machine.mode is Mode.UNPLUGGED
    for word in ("reset", "hang", "brownout", "panic"):
        with pytest.raises(InconclusiveError, match="unplugged"):
            bench.fault(word)
    with pytest.raises(InconclusiveError, match="unplugged") as caught:
        bench.machine.press_reset(download=False)
    assert "replug" in caught.value.hint


def test_replugging_boots_from_power_on(bench: Bench) -> None:
    bench.fault("unplug")
    bench.fault("replug")
    assert bench.machine.mode is Mode.RUNNING
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == "power-on"


def test_replugging_a_plugged_board_does_nothing(bench: Bench) -> None:
    bench.fault("replug")
    assert len(bench.runs) == 1


@pytest.mark.parametrize(
    ("word", "reason"), [("reset", "external"), ("brownout", "brownout"), ("panic", "panic")]
)
def test_each_reset_fault_has_its_reason(bench: Bench, word: str, reason: str) -> None:
    bench.wait(10)
    bench.fault(word)
    assert bench.runs[1].firmware.env["HK_RESET_REASON"] == reason
    assert bench.machine.reason.value == reason


def test_a_hung_application_stays_until_a_reset(bench: Bench) -> None:
    bench.fault("hang")
    assert bench.runs[0].hung
    assert bench.machine.mode is Mode.HUNG
    bench.wait(100)
    assert bench.machine.mode is Mode.HUNG
    bench.machine.press_reset(download=False)
    assert bench.machine.mode is Mode.RUNNING


@pytest.mark.parametrize("word", ["hang", "panic"])
def test_nothing_that_does_not_run_can_hang_or_panic(blank: Bench, word: str) -> None:
    with pytest.raises(InconclusiveError, match=f"could {word}: it is boot-loop") as caught:
        blank.fault(word)
    assert caught.value.hint == "flash it, or reset it"


def test_a_hung_loader_answers_nothing(bench: Bench) -> None:
    bench.machine.press_reset(download=True)
    bench.said()
    bench.fault("hang")
    bench.machine.from_host(SYNC, BAUD)
    assert bench.said() == b""


def test_faults_of_the_line_are_shown_and_cleared(bench: Bench) -> None:
    bench.fault("corrupt", 2.5)
    bench.fault("hold64")
    assert bench.machine.wire.faults == {"corrupt": 2.5, "hold64": 1.0}
    bench.fault("clear")
    assert bench.machine.wire.faults == {}


def test_the_end_of_flashing_boots_what_was_flashed(blank: Bench) -> None:
    blank.machine.press_reset(download=True)
    for op, data in ((Op.FLASH_BEGIN, struct.pack("<IIII", 0, 0, 1024, 0)), (Op.FLASH_END, bytes(4))):
        blank.machine.from_host(slip.encode(request(op, data)), BAUD)
    assert blank.machine.mode is Mode.BOOT_LOOP
    assert blank.machine.reason.value == "software"


def test_a_paced_board_answers_after_the_time_that_the_bytes_take() -> None:
    bench = Bench(NorFlash(4 << 20, flash_content(b"#!/bin/sh\n")), paced=True)
    bench.machine.from_host(b"", 9600)
    bench.wait(5)
    bench.said()
    bench.machine.from_host(bytes(96), 9600)
    assert bench.runs[0].received == b""
    bench.wait(0.2)
    assert len(bench.runs[0].received) == 96


def test_losing_power_loses_what_is_on_the_wire(bench: Bench) -> None:
    bench.machine.from_application(b"last words")
    bench.machine.power_off()
    assert bench.said() == b""
    assert bench.machine.mode is Mode.OFF

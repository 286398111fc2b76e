"""Crash texts in what a board sends: recognised whole, in pieces, among frames and noise."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.link.crash.model import CrashKind, CrashReport
from hostkit.link.crash.stream import CrashWatch, find_crashes
from hostkit.link.framing import Reason, encode_frame
from hostkit.link.messages import Level, Log, Nak, Reply, Status, encode_message
from hostkit.testing import crash as texts


def _only(text: str, **addresses: int) -> CrashReport:
    (report,) = find_crashes(texts.spoken(text, **addresses))
    return report


@pytest.mark.parametrize("reason", texts.XTENSA)
def test_an_exception_of_an_xtensa_core_is_read_with_registers_and_backtrace(reason: str) -> None:
    report = _only(texts.XTENSA[reason], pc=0x400D1F4A, call=0x400D2000)
    assert (report.kind, report.reason, report.core) == (CrashKind.PANIC, reason, 0)
    assert report.pc == 0x400D1F4A
    assert report.backtrace == (0x400D1F47, 0x400D2000)
    assert dict(report.registers)["EXCCAUSE"] == 0x1D
    assert report.addresses == (0x400D1F4A, 0x400D2000)
    assert report.elf == "0123456789abcdef"
    assert report.blames_firmware


@pytest.mark.parametrize("reason", texts.RISCV)
def test_an_exception_of_a_riscv_core_is_read_with_the_call_that_its_return_address_names(
    reason: str,
) -> None:
    report = _only(texts.RISCV[reason], pc=0x42006B7A, ra=0x42001234)
    assert (report.kind, report.reason) == (CrashKind.PANIC, reason)
    assert (report.pc, report.backtrace) == (0x42006B7A, ())
    assert report.addresses == (0x42006B7A, 0x42001233)
    assert dict(report.registers)["MCAUSE"] == 7


def test_an_interrupt_watchdog_shows_the_core_that_hung_not_the_other() -> None:
    report = _only(texts.INTERRUPT_WATCHDOG, pc=0x400D1F4A, call=0x400D2000)
    assert report.kind is CrashKind.INTERRUPT_WATCHDOG
    assert report.reason == "Interrupt wdt timeout on CPU0"
    assert (report.pc, report.backtrace) == (0x400D1F4A, (0x400D1F47, 0x400D2000))


def test_a_stack_canary_names_the_task_that_overran_its_stack() -> None:
    report = _only(texts.CANARY)
    assert (report.kind, report.task, report.core) == (CrashKind.STACK_OVERFLOW, "lights", 1)
    assert report.reason == "Unhandled debug exception: Stack canary watchpoint triggered (lights)"


def test_an_abort_says_where_it_was_called() -> None:
    report = _only(texts.ABORT, pc=0x400D5678)
    assert (report.kind, report.pc, report.core) == (CrashKind.ABORT, 0x400D5678, 0)
    assert report.addresses[0] == 0x400D5678
    assert len(report.backtrace) == 3


def test_an_assertion_is_told_in_its_own_words() -> None:
    report = _only(texts.ASSERT, pc=0x400D0003)
    assert (report.kind, report.reason) == (
        CrashKind.ASSERT,
        "xQueueSemaphoreTake queue.c:1545 (( pxQueue ))",
    )
    assert report.addresses[0] == 0x400D0000


def test_a_smashed_stack_and_the_abort_after_it_are_one_crash() -> None:
    report = _only(texts.SMASHING, pc=0x400D5678)
    assert (report.kind, report.pc, report.core) == (CrashKind.STACK_SMASHING, 0x400D5678, 0)


def test_freertos_names_the_task_of_a_stack_overflow() -> None:
    report = _only(texts.OVERFLOW)
    assert (report.kind, report.task) == (CrashKind.STACK_OVERFLOW, "lights")


def test_a_task_watchdog_names_who_starved_and_who_ran() -> None:
    report = _only(texts.TASK_WATCHDOG, pc=0x400D5678)
    assert (report.kind, report.task, report.pc) == (CrashKind.TASK_WATCHDOG, "lights", 0x400D5678)
    assert report.reason == "IDLE0 (CPU 0) while lights ran"


@pytest.mark.parametrize("text", [texts.BROWNOUT, texts.ROM_BROWNOUT])
def test_a_brown_out_is_told_once_and_blames_the_supply(text: str) -> None:
    report = _only(text)
    assert report.kind is CrashKind.BROWNOUT
    assert not report.blames_firmware


def test_three_resets_without_an_answer_are_a_boot_loop_with_their_causes() -> None:
    report = _only(texts.BOOT_LOOP)
    assert report.kind is CrashKind.BOOT_LOOP
    assert report.resets == ("POWERON_RESET", "RTCWDT_RTC_RESET", "RTCWDT_RTC_RESET")
    assert report.reason == "3 resets without an answer, before the last: invalid header: 0xffffffff"
    assert report.blames_firmware


def test_a_longer_loop_is_told_once() -> None:
    assert len(find_crashes(3 * texts.spoken(texts.BOOT_LOOP))) == 1


def test_a_loop_of_the_supply_alone_blames_no_firmware() -> None:
    report = CrashReport(CrashKind.BOOT_LOOP, "", resets=("POWERON_RESET", "BROWN_OUT_RST"))
    assert not report.blames_firmware


def test_an_answer_between_resets_means_that_it_is_no_loop() -> None:
    reset = b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    hello = encode_frame(encode_message(Reply(1, 2, Status.OK, None)))
    assert find_crashes((reset + hello) * 6) == ()
    assert [each.kind for each in find_crashes(reset * 3)] == [CrashKind.BOOT_LOOP]


@pytest.mark.parametrize(
    "payload",
    [
        encode_message(Nak(7, Reason.BAD_CRC, 1)),
        encode_message(Log(7, Level.INFO, 5, "up")),
        encode_message(Reply(1, 2, Status.OK, None))[:-1],  # begins as a reply, and is none
        encode_message(Reply(1, 2, Status.OK, None)) + b"\0",
    ],
)
def test_only_a_whole_reply_is_an_answer(payload: bytes) -> None:
    reset = b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    hello = encode_frame(encode_message(Reply(1, 2, Status.OK, None)))
    assert [each.kind for each in find_crashes((reset + encode_frame(payload)) * 3)] == [CrashKind.BOOT_LOOP]
    later = hello + hello + (reset + encode_frame(payload)) * 2 + hello + reset
    assert find_crashes(later) == ()
    watch = CrashWatch()
    watch.feed(encode_frame(payload))
    assert not watch.heard
    watch.feed(hello)
    assert watch.heard


def test_resets_into_the_loader_are_no_loop() -> None:
    assert find_crashes(4 * b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1))\r\n") == ()


def test_a_watch_that_sees_no_frames_is_told_of_answers() -> None:
    watch = CrashWatch()
    for _ in range(5):
        assert watch.feed(b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n") == ()
        watch.answered()


def test_frames_inside_a_line_are_taken_out() -> None:
    said = texts.spoken(texts.XTENSA["StoreProhibited"])
    frame = encode_frame(encode_message(Log(1, Level.INFO, 5, "lights on\n")))
    cut = said.index(b"panic'ed") + 4
    (report,) = find_crashes(said[:cut] + frame + said[cut:])
    assert report.reason == "StoreProhibited"


def test_a_panic_that_cuts_a_frame_short_is_still_read() -> None:
    frame = encode_frame(encode_message(Reply(1, 2, Status.OK, bytes(range(200)))))
    for size in (2, 3, 20, len(frame) - 1):
        assert find_crashes(frame[:size] + texts.spoken(texts.HOST))


def test_a_report_that_is_cut_off_is_given_as_far_as_it_came() -> None:
    said = texts.spoken(texts.XTENSA["LoadProhibited"])
    watch = CrashWatch()
    assert watch.feed(said[: said.index(b"Backtrace")]) == ()
    assert watch.reading
    (report,) = watch.settle()
    assert (report.pc, report.backtrace) == (0x400D1F4A, ())


def test_a_report_ends_when_other_text_goes_on_for_long() -> None:
    watch = CrashWatch()
    watch.feed(texts.spoken(texts.TASK_WATCHDOG).split(b"Rebooting")[0])
    (report,) = watch.feed(b"I (20000) app: all is well\r\n" * 70)
    assert report.kind is CrashKind.TASK_WATCHDOG


def test_ordinary_text_is_no_crash() -> None:
    said = (
        b"I (0) boot: starting led-controller\r\nBacktrace: none\r\nPC      : 0x400d0000\r\nRebooting...\r\n"
    )
    assert find_crashes(said) == ()


_LOG = encode_frame(encode_message(Log(1, Level.INFO, 5, "lights on\n")))
_NOISE = (b"\0", b"\xff\xfe\x80", _LOG, _LOG[:-5], b"\r\r\n", b"I (5) app: up\r\n", b"\x1b[0m")
_STREAMS = st.lists(st.sampled_from([*map(texts.spoken, texts.ALL), *_NOISE]), max_size=6).map(b"".join)


@given(_STREAMS, st.lists(st.integers(0, 6000), max_size=12))
def test_the_reports_do_not_depend_on_how_the_stream_was_cut(stream: bytes, cuts: list[int]) -> None:
    watch = CrashWatch()
    seen: list[CrashReport] = []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        seen += watch.feed(stream[start:end])
    assert (*seen, *watch.settle()) == find_crashes(stream)


@given(st.sampled_from([*map(texts.spoken, texts.ALL)]))
def test_byte_by_byte_gives_the_same(stream: bytes) -> None:
    watch = CrashWatch()
    seen = [report for byte in stream for report in watch.feed(bytes([byte]))]
    assert (*seen, *watch.settle()) == find_crashes(stream)


@given(st.binary(max_size=3000))
def test_noise_raises_nothing(noise: bytes) -> None:
    before = len(find_crashes(noise))
    assert len(find_crashes(noise + b"\0\n" + texts.spoken(texts.HOST))) == before + 1


def test_memory_stays_bounded_whatever_comes() -> None:
    watch = CrashWatch()
    endless = b"Backtrace: " + b"0x400d0000:0x3ffb0000 " * 5000
    for piece in (b"\x01\x02" * 5000, b"Stack smashing protect failure!\r\n", endless, b"\n"):
        watch.feed(piece)
    (report,) = watch.settle()
    assert 1 <= len(report.backtrace) <= 128


def test_addresses_of_a_corrupted_backtrace_are_those_before_the_mark() -> None:
    assert _only(texts.XTENSA["LoadProhibited"]).backtrace == (0x400D1F47, 0x400D1F59)

"""The client on the shipped fake: every operation, every way it can end."""

from __future__ import annotations

import pytest

from hostkit.errors import ExitCode
from hostkit.link import bodies
from hostkit.link.client import Link, tap_size
from hostkit.link.errors import (
    ContractError,
    DeviceError,
    LinkLostError,
    LinkTimeoutError,
    MessageError,
    PortGoneError,
)
from hostkit.link.framing import MTU, Broken, FrameTooLongError, Reason, Text, encode_frame
from hostkit.link.messages import FrameEvent, Level, Log, Mode, Nak, Op, Reply, Status, Tap, encode_message
from hostkit.link.session import Malformed, Rebooted
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import LineFaults, MemoryTransport
from hostkit.testing.link_device import BANNER, BOOT_TEXT, FakeFirmware


class Desk:
    """A link to a fake board, with the clock in hand."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.host, self.board = MemoryTransport.pair(self.clock)
        self.firmware = FakeFirmware(self.board)
        self.link = Link(self.host, self.clock)


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.firmware.boot()
    return made


def test_hello_tells_who_the_board_is(desk: Desk) -> None:
    said = desk.link.hello()
    assert (said.build, said.chip, said.mac) == ("0" * 64, "esp32", "24:0a:c4:00:00:01")
    assert said.strips == (bodies.Strip(5, 160, "GRB"), bodies.Strip(4, 160, "GRB"))
    assert said.nonce == desk.firmware.nonce == desk.link.nonce


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 512, 2000])
def test_echo_returns_what_was_sent(desk: Desk, size: int) -> None:
    data = bytes(index & 0xFF for index in range(size))
    assert desk.link.echo(data) == data


def test_every_operation_has_a_method_that_asks_for_it(desk: Desk) -> None:
    link = desk.link
    assert link.patterns() == ("ramp",)
    assert link.describe("ramp").parameters == (
        bodies.Parameter("level", bodies.ParameterType.INTEGER, 0, 255, 10, ""),
    )
    assert link.configure("ramp", 1, {"level": 300, "wings": 2}) == bodies.Configured(
        {"level": 255}, ("level", "?wings")
    )
    assert link.output(96, 2000) == bodies.Output(96, 2000)
    link.audio(1, 2, (0,) * 8)
    assert link.mode(Mode.LIVE, 60) == bodies.ModeState(Mode.LIVE, 60)
    link.reset_state()
    step = link.step(5000)
    assert link.run(5000, 1, 1) == (step.crc,)
    link.save()
    assert link.challenge(bytes(32)).holds
    assert link.stats().requests == len(desk.firmware.executed)
    link.hello()
    link.echo(b"")
    link.read(Tap.FRAME, 0, 0, 3)
    link.reboot()
    assert sorted(set(desk.firmware.executed)) == [*map(int, Op)]


def test_a_whole_tap_is_read_in_chunks(desk: Desk) -> None:
    desk.link.step(0)
    assert len(desk.link.read_tap(Tap.FRAME, 1)) == 480
    assert len(desk.link.read_tap(Tap.SYMBOLS, 0)) == tap_size(Tap.SYMBOLS, 160) == 15_364


def test_a_tap_of_a_strip_that_is_not_there_is_refused_by_the_board(desk: Desk) -> None:
    with pytest.raises(DeviceError) as caught:
        desk.link.read_tap(Tap.FRAME, 2)
    assert caught.value.status is Status.NOT_FOUND


def test_reading_a_tap_does_not_hide_a_reboot(desk: Desk) -> None:
    desk.link.step(0)
    desk.firmware.boot("panic")
    desk.firmware.say(Log(desk.firmware.nonce, Level.INFO, 0, "boot"))
    with pytest.raises(LinkLostError):
        desk.link.read_tap(Tap.FRAME, 0)


def test_a_refusal_names_the_operation_and_the_boards_own_reason(desk: Desk) -> None:
    with pytest.raises(DeviceError) as caught:
        desk.link.configure("lavva")
    assert caught.value.message == "the board refused configure: not-found (lavva)"
    assert caught.value.exit_code is ExitCode.FAIL
    assert "link.cddl" in caught.value.hint


def test_an_operation_that_there_is_not_is_refused(desk: Desk) -> None:
    with pytest.raises(DeviceError) as caught:
        desk.link.request(99, (), bodies.nothing)
    assert caught.value.status is Status.UNKNOWN_OP
    assert "op 99" in caught.value.message


def test_a_request_that_does_not_fit_is_refused_before_it_is_sent(desk: Desk) -> None:
    with pytest.raises(FrameTooLongError):
        desk.link.echo(bytes(MTU))
    assert desk.firmware.executed == []


def test_a_value_that_cbor_has_not_is_refused_before_it_is_sent(desk: Desk) -> None:
    with pytest.raises(MessageError):
        desk.link.request(Op.STEP, (object(),), bodies.step)
    assert desk.link.patterns() == ("ramp",)


@pytest.mark.parametrize(
    ("op", "body", "words"),
    [
        (Op.STEP, [1], "step: expected an array of 2"),
        (Op.ECHO, "text", "expected a byte string"),
        (Op.HELLO, {"proto": 1}, "no 'boots'"),
        (Op.MODE, [9, 0], "mode: 9 is not in link.cddl"),
        (Op.SAVE, 1, "expected null"),
        (Op.CHALLENGE, [b"short", "a" * 64, "24:0a:c4:00:00:01"], "expected a byte string of 32"),
    ],
)
def test_a_reply_that_the_contract_does_not_allow_is_a_failure_of_the_firmware(
    desk: Desk, op: Op, body: object, words: str
) -> None:
    asked: list[int] = []

    def answer(payload: bytes) -> None:
        asked.append(len(payload))
        request_id = desk.link._exchange._session._open.request.id  # type: ignore[union-attr]
        desk.board.write(encode_frame(encode_message(Reply(request_id, 5, Status.OK, body))))

    desk.board.on_bytes = answer
    calls = {
        Op.STEP: lambda: desk.link.step(0),
        Op.ECHO: lambda: desk.link.echo(b""),
        Op.HELLO: desk.link.hello,
        Op.MODE: lambda: desk.link.mode(Mode.TEST),
        Op.SAVE: desk.link.save,
        Op.CHALLENGE: lambda: desk.link.challenge(bytes(16)),
    }
    with pytest.raises(ContractError) as caught:
        calls[op]()
    assert words in caught.value.message
    assert caught.value.exit_code is ExitCode.FAIL
    assert len(asked) == 1


def test_too_few_crcs_are_a_failure_of_the_firmware(desk: Desk) -> None:
    desk.firmware._run = lambda *_: [1, 2]  # type: ignore[method-assign]
    with pytest.raises(ContractError) as caught:
        desk.link.run(0, 1, 3)
    assert caught.value.message == "run: 2 CRCs for 3 frames"


def test_a_mute_board_is_a_time_out_that_names_operation_port_and_time(desk: Desk) -> None:
    desk.link.hello()
    desk.firmware.mute = True
    with pytest.raises(LinkTimeoutError) as caught:
        desk.link.step(0)
    assert caught.value.message == (
        "no answer to step on memory://host within 4.0 s (sent 4 times; the line was silent)"
    )
    assert caught.value.hint == "the board last printed: entry 0x400805e4"
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE


def test_a_time_out_of_one_request_can_be_its_own(desk: Desk) -> None:
    desk.firmware.mute = True
    with pytest.raises(LinkTimeoutError) as caught:
        desk.link.request(Op.SAVE, (), bodies.nothing, timeout_s=0.25)
    assert "within 1.0 s" in caught.value.message


def test_a_board_that_floods_the_port_cannot_outlast_the_time_out(desk: Desk) -> None:
    class Flood(MemoryTransport):
        def read(self, timeout_s: float) -> bytes:
            desk.clock.advance(0.001)
            return b"\xff" * 4096

    link = Link(Flood(desk.clock, "memory://flood"), desk.clock)
    link._exchange.transport.write = lambda data: None  # type: ignore[method-assign]
    with pytest.raises(LinkTimeoutError) as caught:
        link.hello()
    assert "MB came that were no reply: the firmware floods the port" in caught.value.message
    assert caught.value.hint == "it sends without end"


def test_a_lost_reply_is_asked_for_again_and_the_board_acts_once(desk: Desk) -> None:
    desk.board.faults = LineFaults(drop=1.0)
    original = desk.clock.sleep

    def heal(seconds: float) -> None:
        desk.board.faults = LineFaults()
        original(seconds)

    desk.clock.sleep = heal  # type: ignore[method-assign]
    desk.link.step(1)
    assert desk.link.resends == 1
    assert desk.firmware.executed == [Op.STEP]


def test_a_reboot_between_two_requests_is_an_error_with_both_nonces(desk: Desk) -> None:
    desk.link.hello()
    old = desk.firmware.nonce
    desk.firmware.boot("brownout")
    with pytest.raises(LinkLostError) as caught:
        desk.link.step(0)
    assert (caught.value.old, caught.value.new) == (old, desk.firmware.nonce)
    assert f"{old:#010x}" in caught.value.message
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE
    assert desk.link.reboots == 1


def test_a_reboot_in_mid_reply_is_an_error_and_its_boot_text_is_kept(desk: Desk) -> None:
    desk.link.hello()
    desk.firmware.reboot_in_reply = 9
    with pytest.raises(LinkLostError):
        desk.link.run(0, 1000, 200)
    assert desk.link.hello().reset == "brownout"
    notes = desk.link.receive(0)
    assert any(isinstance(note, Rebooted) for note in notes)
    assert any(isinstance(note, Broken) and "entry 0x400805e4" in note.text for note in notes)


def test_a_reboot_that_was_asked_for_is_no_error(desk: Desk) -> None:
    before = desk.link.hello()
    desk.link.reboot()
    after = desk.link.wait_ready(2.0)
    assert (after.reset, after.boots) == ("software", before.boots + 1)
    assert after.nonce != before.nonce
    desk.link.step(0)


def test_wait_ready_asks_through_boot_text_until_the_firmware_listens(desk: Desk) -> None:
    desk.firmware.halt()
    naps = iter(range(100))
    original = desk.clock.sleep

    def boot_late(seconds: float) -> None:
        original(seconds)
        if next(naps) == 8:
            desk.firmware.garbage = b"\xff\x80\x00\x12garbage"
            desk.firmware.boot()

    desk.clock.sleep = boot_late  # type: ignore[method-assign]
    assert desk.link.wait_ready(5.0).boots == 2


def test_wait_ready_says_what_the_board_printed_last() -> None:
    desk = Desk()
    desk.board.write(b"rst:0x10 (RTCWDT_RTC_RESET)\r\ninvalid header: 0xffffffff\r\n")
    with pytest.raises(LinkTimeoutError) as caught:
        desk.link.wait_ready(1.0)
    assert "no answer to hello on memory://host within 1.0 s" in caught.value.message
    assert caught.value.hint == "the board last printed: invalid header: 0xffffffff"


def test_an_unplugged_board_is_a_port_that_vanished(desk: Desk) -> None:
    desk.board.close()
    with pytest.raises(PortGoneError):
        desk.link.hello()


def test_a_broken_frame_gets_a_nak(desk: Desk) -> None:
    frame = bytearray(encode_frame(b"\x83\x00\x01\x00"))
    frame[-2] ^= 0x10
    desk.link.raw(bytes(frame))
    notes = desk.link.receive(0.1)
    assert Nak(desk.firmware.nonce, Reason.BAD_CRC, 1) in notes


def test_a_bare_newline_is_answered_with_a_banner(desk: Desk) -> None:
    desk.link.hello()
    desk.link.receive(0)
    desk.link.raw(b"\r\n\0")
    (note,) = [*desk.link.receive(0.1), *desk.link.receive(0.1)]
    assert note == Text(BANNER)


def test_events_end_when_none_comes(desk: Desk) -> None:
    desk.link.hello()
    desk.firmware.emit(3)
    desk.firmware.say(Log(desk.firmware.nonce, Level.WARNING, 5, "late"))
    assert [event.seq for event in desk.link.events(0.5)] == [1, 2, 3]
    assert [note for note in desk.link.receive(0) if isinstance(note, Log)] != []


def test_receive_returns_nothing_after_its_time(desk: Desk) -> None:
    desk.link.hello()
    desk.link.receive(0)
    began = desk.clock.monotonic_ns()
    assert desk.link.receive(0.5) == ()
    assert desk.clock.monotonic_ns() - began == 500_000_000


def test_events_during_a_request_are_kept(desk: Desk) -> None:
    desk.firmware.emit(2)
    desk.link.hello()
    assert [type(note) for note in desk.link.receive(0)] == [Text, FrameEvent, FrameEvent]


def test_a_frame_that_is_no_message_is_handed_over_as_malformed(desk: Desk) -> None:
    desk.link.hello()
    desk.link.receive(0)
    desk.board.write(encode_frame(b"\xf6"))
    (note,) = desk.link.receive(0.1)
    assert isinstance(note, Malformed)


def test_text_outside_of_frames_is_kept(desk: Desk) -> None:
    desk.link.hello()
    assert desk.link.text == BOOT_TEXT.decode()


def test_leaving_the_block_closes_the_port(desk: Desk) -> None:
    with desk.link as link:
        link.hello()
        assert link.port == "memory://host"
    with pytest.raises(PortGoneError):
        desk.host.read(0)

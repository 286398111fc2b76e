"""The session: whatever the line does, a reply is right or there is a clean error."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hostkit.link.client import Link
from hostkit.link.errors import LinkLostError, LinkTimeoutError
from hostkit.link.framing import Broken, Reason, Text, encode_frame
from hostkit.link.messages import FrameEvent, Log, Message, Nak, Op, Reply, Request, Status, encode_message
from hostkit.link.session import (
    Answered,
    Malformed,
    Patience,
    Rebooted,
    Send,
    Session,
    Stray,
    TimedOut,
    Waiting,
)
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import LineFaults, MemoryTransport
from hostkit.testing.link_device import FakeFirmware

SECOND = 1_000_000_000
FOUR = Patience(SECOND, 4)
NONCE = 0xC0FFEE


def wire(message: Message) -> bytes:
    return encode_frame(encode_message(message))


def asking(op: Op = Op.ECHO, patience: Patience = FOUR, at_ns: int = 0) -> tuple[Session, Request]:
    session = Session(first_id=7)
    request = session.begin(op, (), patience, at_ns)
    assert session.poll(at_ns) == Send(wire(request))
    return session, request


def ok(id_: int = 7, nonce: int = NONCE, body: object = None) -> Reply:
    return Reply(id_, nonce, Status.OK, body)


def test_a_request_is_sent_once_and_its_reply_ends_it() -> None:
    session, request = asking()
    assert session.poll(5) == Waiting(SECOND)
    session.feed(wire(ok(request.id)))
    assert session.poll(6) == Answered(ok(request.id), sends=1)
    assert session.take() == []


def test_ids_count_up_and_never_become_zero() -> None:
    session = Session(first_id=0xFFFFFFFF)
    assert [session.begin(Op.STATS, (), FOUR, 0).id for _ in range(3)] == [0xFFFFFFFF, 1, 2]


def test_a_time_out_sends_the_same_bytes_again_and_then_gives_up() -> None:
    session, request = asking()
    for attempt in (1, 2, 3):
        assert session.poll(attempt * SECOND - 1) == Waiting(attempt * SECOND)
        assert session.poll(attempt * SECOND) == Send(wire(request))
    assert session.poll(4 * SECOND - 1) == Waiting(4 * SECOND)
    assert session.poll(4 * SECOND) == TimedOut(sends=4, waited_ns=4 * SECOND)


def test_a_nak_sends_the_request_again_at_once_with_its_own_id() -> None:
    session, request = asking()
    session.feed(wire(Nak(NONCE, Reason.BAD_CRC, 1)))
    assert session.poll(1000) == Send(wire(request))
    assert session.take() == [Nak(NONCE, Reason.BAD_CRC, 1)]


def test_a_broken_reply_asks_again_at_once() -> None:
    session, request = asking()
    session.feed(b"\0\x85\x01\x01\xff\0")
    assert session.poll(1000) == Send(wire(request))
    (broken,) = session.take()
    assert isinstance(broken, Broken)


def test_noise_never_uses_up_the_last_send() -> None:
    session, _ = asking()
    sends = 1
    for _ in range(20):
        session.feed(wire(Nak(NONCE, Reason.BAD_CRC, 1)))
        sends += isinstance(session.poll(1000), Send)
    assert sends == 3
    assert isinstance(session.poll(2 * SECOND), Send)


def test_a_nak_before_anything_was_sent_changes_nothing() -> None:
    session = Session(first_id=7)
    session.begin(Op.ECHO, (), FOUR, 0)
    session.feed(wire(Nak(NONCE, Reason.BAD_CRC, 1)))
    assert isinstance(session.poll(0), Send)
    assert session.poll(0) == Waiting(SECOND)


def test_a_second_reply_to_the_same_id_is_stray() -> None:
    session, request = asking()
    session.feed(wire(ok(request.id, body=1)) + wire(ok(request.id, body=2)))
    assert session.poll(1) == Answered(ok(request.id, body=1), sends=1)
    assert session.take() == [Stray(ok(request.id, body=2))]


def test_a_reply_to_an_earlier_request_is_not_taken_for_this_one() -> None:
    session, first = asking()
    assert session.poll(4 * SECOND) == TimedOut(1, 4 * SECOND)
    session.begin(Op.ECHO, (), FOUR, 5 * SECOND)
    session.poll(5 * SECOND)
    session.feed(wire(ok(first.id, body="old")))
    assert isinstance(session.poll(5 * SECOND), Waiting)
    assert session.take() == [Stray(ok(first.id, body="old"))]


def test_a_changed_nonce_in_mid_request_is_told_instead_of_the_reply() -> None:
    session, request = asking()
    session.feed(wire(Log(1, 2, 0, "boot")))
    session.feed(wire(ok(request.id, nonce=2)))
    assert session.poll(1) == Rebooted(1, 2)


def test_a_reboot_between_requests_is_told_at_the_next_one_and_then_no_more() -> None:
    session, request = asking()
    session.feed(wire(ok(request.id, nonce=1)))
    assert isinstance(session.poll(1), Answered)
    session.feed(wire(Log(2, 2, 0, "boot")) + wire(Log(3, 2, 0, "boot")))
    session.begin(Op.STEP, (0,), FOUR, 2)
    assert session.poll(2) == Rebooted(1, 3)
    session.begin(Op.STEP, (0,), FOUR, 3)
    assert isinstance(session.poll(3), Send)


def test_a_request_that_accepts_a_reboot_hears_nothing_of_it() -> None:
    session, _ = asking()
    session.feed(wire(Log(1, 2, 0, "boot")) + wire(Log(2, 2, 0, "boot")))
    hello = session.begin(Op.HELLO, (), Patience(SECOND, 4, accepts_reboot=True), 1)
    assert isinstance(session.poll(1), Send)
    session.feed(wire(ok(hello.id, nonce=3)))
    assert session.poll(2) == Answered(ok(hello.id, nonce=3), 1)
    assert session.nonce == 3
    session.begin(Op.STEP, (0,), FOUR, 3)
    assert isinstance(session.poll(3), Send)


def test_what_was_said_before_the_last_reboot_is_not_a_reboot_back() -> None:
    session, request = asking()
    session.feed(wire(Log(1, 2, 0, "a")) + wire(Log(2, 2, 0, "b")))
    assert session.poll(1) == Rebooted(1, 2)
    session.take()
    session.feed(wire(ok(request.id, nonce=1)))
    assert session.take() == []
    assert session.nonce == 2


def test_events_logs_and_text_come_on_the_side_in_order() -> None:
    session, _ = asking()
    event = FrameEvent(NONCE, 1, 2, 3, 4, 5, 6, 7)
    session.feed(b"rst:0x1\r\n" + wire(event) + wire(Log(NONCE, 1, 9, "late")))
    assert session.take() == [Text(b"rst:0x1\r\n"), event, Log(NONCE, 1, 9, "late")]


def test_a_sound_frame_that_is_no_message_is_told_as_malformed() -> None:
    session, request = asking()
    session.feed(encode_frame(b"\xff\xff\xff") + wire(request))
    first, second = session.take()
    assert isinstance(first, Malformed)
    assert isinstance(second, Malformed)
    assert "looped back" in second.reason


def test_polling_without_a_request_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(RuntimeError):
        Session(first_id=1).poll(0)


class BadLine(RuleBasedStateMachine):
    """A client on a line whose faults come and go, and a board that restarts when it likes."""

    @initialize(seed=st.integers(0, 1 << 30))
    def connect(self, seed: int) -> None:
        self.clock = FakeClock()
        self.host, self.board = MemoryTransport.pair(self.clock, seed=seed)
        self.firmware = FakeFirmware(self.board)
        self.firmware.boot()
        self.link = Link(self.host, self.clock, timeout_s=0.5, retries=3)
        self.chance = random.Random(seed)
        self.link.hello()  # only a known boot nonce can change

    @rule(
        drop=st.sampled_from([0.0, 0.3]),
        duplicate=st.sampled_from([0.0, 0.5]),
        corrupt=st.sampled_from([0.0, 0.4]),
        split=st.booleans(),
        hold64=st.booleans(),
        from_host=st.booleans(),
    )
    def disturb(
        self, drop: float, duplicate: float, corrupt: float, split: bool, hold64: bool, from_host: bool
    ) -> None:
        end = self.host if from_host else self.board
        end.faults = LineFaults(drop, duplicate, corrupt, split, hold64=hold64)

    @rule()
    def calm(self) -> None:
        self.host.faults = LineFaults()
        self.board.faults = LineFaults()

    @rule(data=st.binary(max_size=130))
    def echo(self, data: bytes) -> None:
        try:
            assert self.link.echo(data) == data
        except (LinkTimeoutError, LinkLostError):
            return

    @rule(start=st.integers(0, 1 << 40))
    def run_frames(self, start: int) -> None:
        before = len(self.firmware.executed)
        try:
            crcs = self.link.run(start, 1000, 3)
        except (LinkTimeoutError, LinkLostError):
            return
        assert list(crcs) == [self.firmware._render(start + index * 1000) for index in range(3)]
        assert self.firmware.executed[before:].count(Op.RUN) == 1

    @rule(silent=st.booleans())
    def reboot(self, silent: bool) -> None:
        self.firmware.garbage = self.chance.randbytes(self.chance.randrange(60))
        self.firmware.boot("panic", silent=silent)

    @rule(kept=st.integers(0, 30))
    def break_off_the_next_reply(self, kept: int) -> None:
        self.firmware.reboot_in_reply = kept

    @rule()
    def hello(self) -> None:
        try:
            assert self.link.hello().nonce == self.link.nonce
        except LinkTimeoutError:
            return

    @invariant()
    def the_host_never_believes_in_a_boot_that_was_not(self) -> None:
        if hasattr(self, "link"):
            assert self.link.reboots <= self.firmware.boots


BadLine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBadLine = BadLine.TestCase

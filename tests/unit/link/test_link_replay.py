"""A recording in the place of a board: it answers what it knows, and invents nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.link.client import Link
from hostkit.link.errors import LinkTimeoutError
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Op, Reply, Request, Status, encode_message
from hostkit.link.replay import Player
from hostkit.link.transcript import Direction, Entry, Mark, Transcript, read_entries, read_marked
from hostkit.link.turns import same_request, turns_of
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import BOOT_TEXT, FakeFirmware


def ask(id: int, op: Op, *args: object) -> bytes:
    return encode_frame(encode_message(Request(id, op, tuple(args))))


def answer(id: int, body: object = None) -> bytes:
    return encode_frame(encode_message(Reply(id, 7, Status.OK, body)))


def sent(us: int, data: bytes) -> Entry:
    return Entry(Direction.SENT, us, data)


def got(us: int, data: bytes) -> Entry:
    return Entry(Direction.RECEIVED, us, data)


RECORD = [
    got(100, b"boot text\r\n"),
    sent(1000, ask(5, Op.STEP, 10)),
    got(1200, b"noise\r\n" + answer(5, [1, 2])),
    sent(2000, b"\r\n"),
    got(2100, b"banner\r\n"),
    sent(3000, ask(6, Op.STEP, 20)),
    sent(3500, ask(6, Op.STEP, 20)),
    got(3600, answer(6, [3, 4])[:5]),
    got(3700, answer(6, [3, 4])[5:]),
    sent(4000, ask(7, Op.STEP, 10)),
    got(4100, answer(7, [9, 9])),
]


def player(now_us: int = 0, *, fast: bool = True) -> Player:
    return Player(list(turns_of(RECORD)), now_us, fast=fast)


def test_a_transcript_becomes_turns_and_a_repeated_request_is_one() -> None:
    first, step, banner, again, last = turns_of(RECORD)
    assert (first.sent, step.us, banner.sent, again.us) == (b"", 1000, b"\r\n", 3000)
    assert [entry.us for entry in again.received] == [3600, 3700]
    assert same_request(step.request, last.request)
    assert not same_request(step.request, again.request)
    assert not same_request(step.request, None)


def test_what_came_unasked_is_played_first() -> None:
    assert player().take(0) == b"boot text\r\n"


def test_a_request_gets_the_recorded_reply_with_its_own_id() -> None:
    replay = player()
    replay.take(0)
    replay.feed(ask(99, Op.STEP, 20), 0)
    assert replay.take(0) == answer(99, [3, 4])


def test_the_same_request_gets_the_next_recorded_reply_then_the_first_again() -> None:
    replay = player()
    replay.take(0)
    replies = []
    for id in (1, 2, 3):
        replay.feed(ask(id, Op.STEP, 10), 0)
        replies.append(replay.take(0))
    assert replies == [b"noise\r\n" + answer(1, [1, 2]), answer(2, [9, 9]), b"noise\r\n" + answer(3, [1, 2])]


def test_a_newline_gets_the_recorded_banner() -> None:
    replay = player()
    replay.take(0)
    replay.feed(b"\r\n", 0)
    assert replay.take(0) == b"banner\r\n"


def test_what_was_never_asked_gets_no_answer_and_is_counted() -> None:
    replay = player()
    replay.take(0)
    for data in (ask(1, Op.STEP, 11), ask(2, Op.SAVE), b"\0\x05\x84junk\0", b"\n"):
        replay.feed(data, 0)
    assert replay.take(10**9) == b""
    assert replay.unknown == 4


def test_pauses_are_those_of_the_recording_unless_it_is_to_be_fast() -> None:
    replay = player(1_000_000, fast=False)
    assert replay.deadline_us == 1_000_100
    assert replay.take(1_000_099) == b""
    assert replay.take(1_000_100) == b"boot text\r\n"
    replay.feed(ask(1, Op.STEP, 20), 2_000_000)
    assert replay.deadline_us == 2_000_700
    assert replay.take(2_000_700) == answer(1, [3, 4])
    assert replay.deadline_us is None


def test_a_recording_of_nothing_plays_nothing() -> None:
    replay = Player([], 0)
    replay.feed(ask(1, Op.HELLO), 0)
    assert replay.take(10) == b""


@given(st.lists(st.integers(1, 40), max_size=8))
def test_requests_may_come_in_any_pieces(cuts: list[int]) -> None:
    stream = ask(1, Op.STEP, 10) + ask(2, Op.STEP, 20)
    replay = player()
    replay.take(0)
    place = 0
    for cut in [*cuts, len(stream)]:
        replay.feed(stream[place : place + cut], 0)
        place += cut
    assert replay.take(0) == b"noise\r\n" + answer(1, [1, 2]) + answer(2, [3, 4])


def test_a_session_that_was_recorded_is_the_same_when_it_is_replayed(tmp_path: Path) -> None:
    clock = FakeClock()
    host, board = MemoryTransport.pair(clock)
    firmware = FakeFirmware(board)
    path = tmp_path / "record.jsonl"
    with Transcript(clock, path=path) as transcript:
        link = Link(host, clock, transcript=transcript)
        firmware.boot()
        first = (link.wait_ready(2.0), link.patterns(), link.configure("ramp"), link.step(1000))

    host, board = MemoryTransport.pair(clock)
    replay = Player(list(turns_of(read_entries(path))), 0, fast=True)

    def play(data: bytes) -> None:
        replay.feed(data, 0)
        if out := replay.take(0):
            board.write(out)

    board.on_bytes = play
    again = Link(host, clock, timeout_s=0.1, retries=1)
    assert (again.wait_ready(2.0), again.patterns(), again.configure("ramp"), again.step(1000)) == first
    assert BOOT_TEXT.decode() in again.text
    with pytest.raises(LinkTimeoutError):
        again.step(999)


def test_marks_say_what_the_bytes_after_them_belong_to(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "marked.jsonl"
    with Transcript(clock, path=path) as transcript:
        transcript.mark("first")
        transcript.record(Direction.SENT, ask(1, Op.SAVE))
        clock.advance(1)
        transcript.mark("second")
        transcript.record(Direction.SENT, ask(2, Op.SAVE))
    marked = read_marked(path)
    assert [entry for entry in marked if isinstance(entry, Mark)] == [
        Mark(0, "first"),
        Mark(1_000_000, "second"),
    ]
    assert [turn.mark for turn in turns_of(marked)] == ["", "first", "second"]
    assert len(read_entries(path)) == 2

"""Transcripts: both directions, stamped, bounded, readable again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import ToolError
from hostkit.files import REMEMBERED, strict_json
from hostkit.link.client import Link
from hostkit.link.framing import Broken, Reason, Text, encode_frame
from hostkit.link.messages import FrameEvent, Level, Log, Nak, Op, Reply, Request, Status, encode_message
from hostkit.link.transcript import (
    Direction,
    Entry,
    Mark,
    Transcript,
    Written,
    decoded_lines,
    parse_transcript,
    read_entries,
)
from hostkit.link.views import describe_message, describe_piece, describe_value, stamp, text_lines
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware


def test_entries_carry_direction_bytes_and_microseconds_since_the_start() -> None:
    clock = FakeClock()
    clock.advance(5)
    transcript = Transcript(clock)
    clock.advance(0.000_012)
    transcript.record(Direction.SENT, b"\0\x01")
    clock.jump(-3600)
    clock.advance(1.5)
    transcript.record(Direction.RECEIVED, b"ok")
    transcript.record(Direction.RECEIVED, b"")
    assert transcript.entries() == (
        Entry(Direction.SENT, 12, b"\0\x01"),
        Entry(Direction.RECEIVED, 1_500_012, b"ok"),
    )


def test_memory_is_bounded_and_what_was_lost_is_counted() -> None:
    transcript = Transcript(FakeClock(), limit=100)
    for value in range(20):
        transcript.record(Direction.RECEIVED, bytes([value]) * 10)
    assert [entry.data[0] for entry in transcript.entries()] == [*range(10, 20)]
    assert transcript.lost_bytes == 100


def test_a_file_gets_everything_though_memory_forgets(tmp_path: Path) -> None:
    path = tmp_path / "run" / "link.jsonl"
    with Transcript(FakeClock(), path=path, limit=10) as transcript:
        for value in range(50):
            transcript.record(Direction.SENT, bytes([value]))
    assert [entry.data[0] for entry in read_entries(path)] == [*range(50)]


def test_a_flood_fills_no_disk_and_the_file_says_what_it_left_out(tmp_path: Path) -> None:
    path = tmp_path / "link.jsonl"
    with Transcript(FakeClock(), path=path, file_limit=25) as transcript:
        for value in range(5):
            transcript.record(Direction.RECEIVED, bytes([value]) * 10)
        transcript.record(Direction.SENT, b"x")
    assert [entry.data[0] for entry in read_entries(path)] == [0, 1]
    assert json.loads(path.read_text().splitlines()[-1]) == {"left_out": 31}


def test_a_line_of_the_file_has_the_documented_keys(tmp_path: Path) -> None:
    clock = FakeClock(wall_ns=42)
    transcript = Transcript(clock)
    transcript.record(Direction.RECEIVED, b"\x0a\xff")
    transcript.save(tmp_path / "t.jsonl")
    header, line = (tmp_path / "t.jsonl").read_text().splitlines()
    assert json.loads(header) == {"transcript": 1, "wall_ns": 42}
    assert json.loads(line) == {"dir": "rx", "us": 0, "hex": "0aff"}


def test_a_file_that_a_crash_cut_short_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"transcript": 1}\n{"dir": "tx", "us": 1, "hex": "00"}\n{"dir": "rx", "us"')
    assert read_entries(path) == [Entry(Direction.SENT, 1, b"\0")]


@given(st.sampled_from(Direction), st.integers(0, 1 << 70), st.binary(max_size=20))
def test_an_entry_reads_the_same_as_written_and_as_any_json_of_it(
    way: Direction, us: int, data: bytes
) -> None:
    entry = Entry(way, us, data)
    line = entry.json_line()
    other = json.dumps(json.loads(line), separators=(",", ":"), sort_keys=True)
    for text in (line, other, line.replace("hex", "he\\u0078"), line + " "):
        assert parse_transcript(f"{text}\n".encode()) == Written((entry,))


@pytest.mark.parametrize(
    "change",
    [
        ("rx", "up"),
        ("17", "017"),
        ("17", "-17"),
        ("17", '"17"'),
        ("0aff", "0af"),
        ("0aff", "0agg"),
        ("}", ""),
    ],
)
def test_a_line_that_is_nearly_an_entry_is_none(change: tuple[str, str]) -> None:
    line = Entry(Direction.RECEIVED, 17, b"\x0a\xff").json_line()
    assert parse_transcript(f"{line}\n".encode()).broken == 0
    assert parse_transcript(f"{line.replace(*change)}\n".encode()) == Written((), broken=1)


_LINES = st.sampled_from(
    [
        b'{"transcript": 1, "wall_ns": 7}',
        b'{"dir": "rx", "us": 5, "hex": "0aff"}',
        b'{"dir": "tx", "us": 6, "hex": ""}',
        b'{"dir": "tx", "us": 6, "hex": "0A"}',
        b'{"dir":"tx","us":7,"hex":"0a"}',
        b'{"mark": "h::one", "us": 8}',
        b'{"left_out": 9}',
        b'{"dir": "rx", "us": 5, "hex": "0af"}',
        b'{"dir": "rx", "us": 5, "us": 5, "hex": "0a"}',
        b'{"dir": "rx", "us": 5, "he',
        b"",
        b"[]",
    ]
)


def _line_by_line(data: bytes) -> Written:
    """Read a file in the plain way: every line as JSON, which names each key once."""
    entries: list[Entry | Mark] = []
    left_out = 0
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line and number == len(lines):
            break
        try:
            value = strict_json(line)
            if "dir" in value:
                entries.append(Entry(Direction(value["dir"]), value["us"], bytes.fromhex(value["hex"])))
            elif "mark" in value:
                entries.append(Mark(value["us"], value["mark"]))
            elif "left_out" in value:
                left_out = value["left_out"]
            elif "transcript" not in value:
                raise ValueError
        except ValueError:
            return Written(tuple(entries), left_out, number, cut=number == len(lines))
    return Written(tuple(entries), left_out)


@given(st.lists(_LINES, max_size=6), st.sampled_from([b"", b"\n"]))
def test_a_file_says_what_its_lines_say(lines: list[bytes], end: bytes) -> None:
    data = b"\n".join(lines) + end
    assert parse_transcript(data) == _line_by_line(data)


def test_the_same_bytes_are_read_once_unless_they_are_few_or_very_many() -> None:
    entry = Entry(Direction.SENT, 1, b"x")
    line = entry.json_line().encode() + b"\n"
    suite, flood = line + b"\n" * REMEMBERED.start, line + b"\n" * REMEMBERED.stop
    assert parse_transcript(bytes(bytearray(suite))) is parse_transcript(suite)
    assert parse_transcript(line) is not parse_transcript(line)
    assert parse_transcript(flood) is not parse_transcript(flood)
    assert parse_transcript(flood) == parse_transcript(suite) == Written((entry,), broken=2)


def test_a_directory_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError) as caught:
        Transcript(FakeClock(), path=tmp_path / "file" / "t.jsonl")
    assert str(tmp_path / "file") in caught.value.message


def test_closing_twice_is_allowed_and_memory_goes_on(tmp_path: Path) -> None:
    transcript = Transcript(FakeClock(), path=tmp_path / "t.jsonl")
    transcript.close()
    transcript.close()
    transcript.record(Direction.SENT, b"late")
    assert transcript.entries()[0].data == b"late"


def test_a_conversation_reads_back_decoded() -> None:
    clock = FakeClock()
    transcript = Transcript(clock)
    host, board = MemoryTransport.pair(clock)
    firmware = FakeFirmware(board)
    link = Link(host, clock, transcript=transcript)
    firmware.boot()
    link.echo(b"abc")
    lines = [*transcript.lines()]
    assert any(line.endswith("< rst:0x1 (POWERON_RESET),boot:0x13") for line in lines)
    assert any("> #" in line and line.endswith(" echo [3 bytes 616263]") for line in lines)
    assert lines[-1].endswith(" ok 3 bytes 616263")


def test_frames_split_over_entries_are_put_together_per_direction() -> None:
    wire = encode_frame(encode_message(Request(1, Op.STATS)))
    mixed = [
        Entry(Direction.SENT, 1, wire[:4]),
        Entry(Direction.RECEIVED, 2, b"text\r\n\0"),
        Entry(Direction.SENT, 3, wire[4:]),
    ]
    assert [*decoded_lines(mixed)] == ["    0.000002 < text", "    0.000003 > #1 stats"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Request(3, 99, (1, "x")), "#3 op 99 [1, x]"),
        (Reply(3, 1, Status.OK), "#3 ok"),
        (Reply(3, 1, Status.NOT_FOUND, "lavva"), "#3 not-found: lavva"),
        (Reply(3, 1, Status.OK, {"a": [b"", True]}), "#3 ok {a: [0 bytes, True]}"),
        (
            Log(1, Level.WARNING, 77, "strip\x1b[2J"),
            "log warning at 77 us: strip\N{REPLACEMENT CHARACTER}[2J",
        ),
        (Nak(1, Reason.TOO_LONG, 4), "nak too-long, 4 broken frames since boot"),
        (
            FrameEvent(1, 41, 1000, 812, 5100, 0xBEEF, 320, 0),
            "frame 41 at 1000 us: render 812 us, transmit 5100 us, crc 0000beef, 320 mA, dropped 0",
        ),
    ],
)
def test_a_message_is_one_line_for_people(message: object, line: str) -> None:
    assert describe_message(message) == line  # type: ignore[arg-type]


def test_a_long_value_is_cut() -> None:
    assert len(describe_value(bytes(2000))) == 240
    assert describe_value(bytes(2000)).endswith("...")
    assert describe_value([*range(1000)]) == f"{[*range(1000)]}"[:237] + "..."
    assert describe_value({str(key): key for key in range(1000)}).endswith("...")
    just = [123456] * 30  # with its brackets 240 characters
    assert describe_value(just) == f"{just}"
    assert describe_value([*just, 1]) == f"{just}"[:-3] + "..."


def test_a_broken_piece_shows_its_reason_and_the_text_inside() -> None:
    lines = [*describe_piece(Broken(Reason.BAD_CRC, b"\x85\x01ets Jul 29 2019\r\n"))]
    assert lines[0].startswith("broken frame (bad-crc), 19 bytes 8501")
    assert lines[1] == "ets Jul 29 2019"


def test_blank_lines_of_device_text_are_left_out() -> None:
    assert [*describe_piece(Text(b"\r\n\r\na\r\n  \r\nb"))] == ["a", "b"]
    assert [*text_lines("")] == []


def test_stamps_line_up() -> None:
    assert stamp(12) == "    0.000012"
    assert stamp(3_723_000_001) == " 3723.000001"

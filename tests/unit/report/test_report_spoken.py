"""Transcripts as lines, stretches of live frames and current over time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hostkit.gate.parts import BOOT_TRANSCRIPT, END_TRANSCRIPT
from hostkit.gate.suite import TRANSCRIPT
from hostkit.link.framing import encode_frame
from hostkit.link.messages import FrameEvent, Op, Reply, Request, Status, encode_message
from hostkit.link.transcript import Direction, Transcript
from hostkit.report.html import log
from hostkit.report.html.charts import spans
from hostkit.report.html.log import log_data
from hostkit.report.spoken import BOOT, END, Line, read_spoken
from hostkit.testing.clock import FakeClock

NONCE = 7


def wire(message: object) -> bytes:
    return encode_frame(encode_message(message))  # type: ignore[arg-type]


def frame(seq: int, time_us: int, ma: int = 500) -> FrameEvent:
    return FrameEvent(NONCE, seq, time_us, 10, 5100, 0, ma, 0)


def record(directory: Path, events: Sequence[tuple[str, FrameEvent]] = ()) -> None:
    """Write what a board says after a flash, one step, and live frames in tests."""
    clock = FakeClock()
    with Transcript(clock, path=directory / BOOT_TRANSCRIPT) as boot:
        boot.record(Direction.RECEIVED, b"ets Jul 29 2019\r\n")
    clock.advance(2.0)
    with Transcript(clock, path=directory / TRANSCRIPT) as transcript:
        transcript.mark("h::step")
        transcript.record(Direction.SENT, wire(Request(3, Op.STEP, (0,))))
        transcript.record(Direction.RECEIVED, wire(Reply(3, NONCE, Status.OK, [99, 1234])))
        transcript.record(Direction.SENT, wire(Request(4, Op.STEP, (0,))))
        transcript.record(Direction.RECEIVED, wire(Reply(4, NONCE, Status.OK, "nonsense")))
        for mark, event in events:
            transcript.mark(mark)
            clock.advance(0.01)
            transcript.record(Direction.RECEIVED, wire(event))


def test_boot_and_suite_are_one_log_with_one_clock(tmp_path: Path) -> None:
    record(tmp_path)
    lines = read_spoken(tmp_path).lines
    assert [(line.part, line.direction) for line in lines[:3]] == [
        (BOOT, Direction.RECEIVED),
        ("h::step", Direction.SENT),
        ("h::step", Direction.RECEIVED),
    ]
    assert lines[0].text == "ets Jul 29 2019"
    assert lines[1].text == "#3 step [0]"
    assert lines[1].us >= 2_000_000


def test_current_comes_from_steps_and_live_frames(tmp_path: Path) -> None:
    record(tmp_path, [("h::live", frame(1, 0, 700))])
    assert [ma for _, ma in read_spoken(tmp_path).power] == [1234, 700]


def test_live_frames_are_cut_into_stretches_at_tests_and_restarts(tmp_path: Path) -> None:
    told = [("a", 1, 0), ("a", 2, 10_000), ("a", 4, 30_000), ("a", 1, 5), ("b", 2, 99), ("b", 3, 109)]
    record(tmp_path, [(mark, frame(seq, us)) for mark, seq, us in told])
    stretches = read_spoken(tmp_path).stretches
    assert [(each.part, len(each.events)) for each in stretches] == [("a", 3), ("a", 1), ("b", 2)]
    assert stretches[0].intervals_us == (10_000,)  # frame 3 is missing, so the time to 4 is no interval
    assert stretches[2].intervals_us == (10,)


def test_what_is_asked_after_the_suite_comes_last(tmp_path: Path) -> None:
    record(tmp_path)
    with Transcript(FakeClock(), path=tmp_path / END_TRANSCRIPT) as transcript:
        transcript.record(Direction.SENT, wire(Request(9, Op.HELLO, ())))
    last = read_spoken(tmp_path).lines[-1]
    assert (last.part, last.text) == (END, "#9 hello")


def test_a_transcript_that_was_edited_is_read_as_far_as_it_makes_sense(tmp_path: Path) -> None:
    record(tmp_path)
    path = tmp_path / TRANSCRIPT
    told = path.read_text().splitlines()
    later = {"dir": "rx", "us": 10**400, "hex": wire(frame(1, 0)).hex()}
    path.write_text("\n".join([*told[:3], json.dumps(later), "nonsense", *told[3:]]))
    spoken = read_spoken(tmp_path)
    assert [line.text.split()[0] for line in spoken.lines] == ["ets", "#3", "frame"]
    assert spans(spoken.power).summary.startswith("1 frames")


def test_current_is_of_replies_to_steps_alone(tmp_path: Path) -> None:
    told = [
        Reply(5, NONCE, Status.OK, [99, 1]),  # asked for by nobody
        Request(5, Op.STEP, (0,)),
        Reply(5, NONCE, Status.OK, [99, 2]),
        Request(5, Op.RUN, (0,)),  # the same id, for something else
        Reply(5, NONCE, Status.OK, [99, 3]),
        Request(70_000, Op.STEP, (0,)),
        Reply(70_000, NONCE, Status.OK, [99, 4]),
    ]
    broken = encode_frame(encode_message(Reply(70_000, NONCE, Status.OK, [99, 5])) + b"\0")  # no reply
    with Transcript(FakeClock(), path=tmp_path / TRANSCRIPT) as transcript:
        for data in [*map(wire, told), broken]:
            transcript.record(Direction.RECEIVED, data)
    spoken = read_spoken(tmp_path)
    assert [ma for _, ma in spoken.power] == [2, 4]
    assert [line.text.split()[0] for line in spoken.lines[-2:]] == ["#70000", "malformed"]
    assert len(spoken.lines) == 8


def test_a_run_without_transcripts_said_nothing(tmp_path: Path) -> None:
    spoken = read_spoken(tmp_path)
    assert (spoken.lines, spoken.stretches, spoken.power) == ((), (), ())


def lines_of(counts: dict[str, int]) -> list[Line]:
    parts = [part for part, count in counts.items() for _ in range(count)]
    return [Line(us, Direction.SENT, part, f"{part} {us}") for us, part in enumerate(parts)]


def test_a_short_log_is_kept_whole() -> None:
    data = log_data(lines_of({"a": 3, "b": 2}), {"b"})
    assert (data["parts"], data["bad"]) == (["a", "b"], [1])
    assert [row[3] for row in data["rows"]] == ["a 0", "a 1", "a 2", "b 3", "b 4"]
    assert [row[2] for row in data["rows"]] == [0, 0, 0, 1, 1]


def test_of_a_long_log_failed_tests_and_both_ends_are_kept_and_gaps_are_said(monkeypatch) -> None:
    monkeypatch.setattr(log, "MOST_LINES", 6)
    data = log_data(lines_of({"a": 10, "bad": 2, "c": 10}), {"bad"})
    assert [row[3] for row in data["rows"]] == [
        *("a 0", "a 1", "… 8 lines left out here, see link.jsonl of the evidence", "bad 10", "bad 11"),
        *("… 8 lines left out here, see link.jsonl of the evidence", "c 20", "c 21"),
    ]


def test_long_lines_count_by_their_length(monkeypatch) -> None:
    monkeypatch.setattr(log, "MOST_CHARACTERS", 30)
    rows = log_data([Line(0, Direction.SENT, "a", "x" * 20) for _ in range(5)], ())["rows"]
    assert sum(len(row[3]) == 20 for row in rows) == 1

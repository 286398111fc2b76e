"""A recording behind a pty: opened as a port, followed by a monitor, decoded as the board was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.errors import InvalidError, UsageError
from hostkit.link.client import Link
from hostkit.link.transcript import Direction, Transcript
from hostkit.link.transport import open_transport
from hostkit.testing import crash as texts
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware
from hostkit.testing.replay import read_recording, replaying


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A short session with a small firmware."""
    clock = FakeClock()
    host, board = MemoryTransport.pair(clock)
    firmware = FakeFirmware(board)
    path = tmp_path / "record.jsonl"
    with Transcript(clock, path=path) as transcript:
        link = Link(host, clock, transcript=transcript)
        firmware.boot()
        link.wait_ready(2.0)
        link.step(1000)
    return path


def test_a_client_meets_the_recorded_board_twice(recording: Path, tmp_path: Path) -> None:
    with replaying(recording, tmp_path / "port") as board:
        for _ in range(2):
            with Link(open_transport(str(board.port)), SystemClock()) as link:
                assert link.wait_ready(10).build == "0" * 64
                assert link.step(1000).ma > 0
    assert not (tmp_path / "port").exists()


def test_a_silent_listener_hears_what_came_unasked(tmp_path: Path) -> None:
    said = texts.spoken(texts.BROWNOUT)
    path = tmp_path / "record.jsonl"
    with Transcript(FakeClock(), path=path) as transcript:
        transcript.record(Direction.RECEIVED, said)
    with replaying(path, tmp_path / "port") as board:
        port = os.open(board.port, os.O_RDONLY | os.O_NOCTTY)
        heard = b""
        while len(heard) < len(said):
            heard += os.read(port, 1024)
        os.close(port)
    assert heard == said


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_recording(tmp_path / "none")
    (tmp_path / "odd").write_text('{"dir": "up", "us": 1, "hex": "00"}\n')
    with pytest.raises(InvalidError, match="is no recording"):
        read_recording(tmp_path / "odd")
    (tmp_path / "empty").write_text('{"transcript": 1}\n')
    with pytest.raises(InvalidError, match="no bytes"):
        read_recording(tmp_path / "empty")

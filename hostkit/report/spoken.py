"""What went over a board's line in a run, decoded once: for the log, and for numbers over time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hostkit.errors import HostkitError
from hostkit.gate.parts import BOOT_TRANSCRIPT, END_TRANSCRIPT
from hostkit.gate.suite import TRANSCRIPT
from hostkit.link import bodies
from hostkit.link.errors import MessageError
from hostkit.link.framing import Frame, FrameDecoder, Piece
from hostkit.link.heads import EVENT, reply_head, request_head
from hostkit.link.messages import FrameEvent, Op, Reply, decode_message
from hostkit.link.transcript import Direction, Mark, read_marked
from hostkit.link.views import describe_payload, describe_piece
from hostkit.report.read import board_folders

BOOT, END = "after the flash", "after the suite"
"""What the parts of the log are called that belong to no test."""

_FILES = {BOOT_TRANSCRIPT: BOOT, TRANSCRIPT: BOOT, END_TRANSCRIPT: END}  # where each begins
_STEP = bytes([Op.STEP])  # as it is encoded
_LATEST_US = 1 << 53  # what a page's script can count to


class Line(NamedTuple):
    """One line for people. ``us``: since the run's first byte; ``part``: the test that it belongs to.

    ``said``: its text, or the payload of the frame that it describes.
    """

    us: int
    direction: Direction
    part: str
    said: str | bytes

    @property
    def text(self) -> str:
        """The line itself. A message is decoded for it, each time: a page has room for some of them alone."""
        return self.said if isinstance(self.said, str) else describe_payload(self.said)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames of live mode that followed each other in one test."""

    part: str
    events: tuple[FrameEvent, ...]

    @property
    def intervals_us(self) -> tuple[int, ...]:
        """Microseconds from frame to frame, where none is missing between them."""
        pairs = zip(self.events, self.events[1:], strict=False)
        return tuple(after.time_us - before.time_us for before, after in pairs if after.seq == before.seq + 1)


@dataclass(frozen=True, slots=True)
class Spoken:
    """``power``: microseconds since the run's first byte, and mA that the board estimated for a frame."""

    lines: tuple[Line, ...]
    stretches: tuple[Stretch, ...]
    power: tuple[tuple[int, int], ...]


def read_spoken(directory: Path) -> Spoken:
    """Read the transcripts of a run, as far as they go; one that is not there says nothing.

    Of boards that shared the suite each is heard in turn.
    """
    listener = _Listener()
    paths = (folder / name for folder in board_folders(directory) for name in _FILES)
    starts = {path: _wall_us(path) for path in paths if path.is_file()}
    first = min(starts.values(), default=0)
    for path, start in starts.items():
        board = "" if path.parent == directory else f"{path.parent.name}: "
        listener.hear(path, start - first, board + _FILES[path.name])
    return listener.spoken()


def _wall_us(path: Path) -> int:
    with path.open(encoding="ascii", errors="replace") as stream:
        try:
            return int(json.loads(stream.readline())["wall_ns"]) // 1000
        except (ValueError, KeyError, TypeError):
            return 0


class _Listener:
    """Collects; decoded is only what has numbers in it, such as the replies to requests for steps."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._power: list[tuple[int, int]] = []
        self._events: list[tuple[str, FrameEvent]] = []
        self._steps: set[bytes] = set()  # ids: a reply alone does not say what it answers
        self._part = ""

    def hear(self, path: Path, shift_us: int, part: str) -> None:
        """Take in one file, which begins in a ``part`` and was begun ``shift_us`` after the first one."""
        self._part = part
        self._steps.clear()  # another line, other ids
        decoders = {direction: FrameDecoder() for direction in Direction}
        us = shift_us
        for entry in read_marked(path):
            us = min(entry.us + shift_us, _LATEST_US)
            if isinstance(entry, Mark):
                self._part = entry.text
            else:
                self._take(us, entry.direction, decoders[entry.direction].feed(entry.data))
        for direction, decoder in decoders.items():  # such as the text of a crash: nothing came after it
            self._take(us, direction, decoder.flush_text())

    def spoken(self) -> Spoken:
        """Return what was heard."""
        return Spoken(tuple(self._lines), tuple(self._stretches()), tuple(self._power))

    def _take(self, us: int, direction: Direction, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Frame):
                self._lines.append(Line(us, direction, self._part, piece.payload))
                self._look(us, piece.payload)
            else:
                self._lines += (Line(us, direction, self._part, text) for text in describe_piece(piece))

    def _look(self, us: int, payload: bytes) -> None:
        if (request := request_head(payload)) is not None:
            id, op = request
            (self._steps.add if op == _STEP else self._steps.discard)(id)
        elif (reply := reply_head(payload)) is not None:
            if reply[0] in self._steps:
                self._count(us, payload)
        elif payload.startswith(EVENT):
            self._count(us, payload)

    def _count(self, us: int, payload: bytes) -> None:
        try:
            message = decode_message(payload)
        except MessageError:
            return
        if isinstance(message, FrameEvent):
            self._events.append((self._part, message))
            self._power.append((us, message.ma))
        elif isinstance(message, Reply):
            with suppress(HostkitError):  # a firmware that answers something else has its own findings
                self._power.append((us, bodies.step(message.body).ma))

    def _stretches(self) -> Iterator[Stretch]:
        current: list[FrameEvent] = []
        part = ""
        for name, event in self._events:
            if current and (name != part or event.seq <= current[-1].seq):
                yield Stretch(part, tuple(current))
                current = []
            part = name
            current.append(event)
        if current:
            yield Stretch(part, tuple(current))

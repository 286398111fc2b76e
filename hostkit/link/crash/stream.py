"""Bytes as a board sends them, frames and noise among the text, to crash reports. Sans-IO."""

from __future__ import annotations

from enum import Enum

from hostkit.link.crash.model import CrashReport
from hostkit.link.crash.reader import CrashReader
from hostkit.link.errors import MessageError
from hostkit.link.framing import MAX_CHUNK, payload_of
from hostkit.link.messages import Reply, decode_message

_REPLY = b"\x85\x01"  # how the one encoding of each begins: an array of five, and the kind
_LONGEST_LINE = 4096  # a backtrace of a hundred calls has 2,300 characters
_KEPT = bytes([0x09, 0x1B, *range(0x20, 0x7F)])
_DROPPED = bytes(set(range(256)) - set(_KEPT) - {0x0A, 0x0D})


class _Chunk(Enum):
    """What the bytes since the last 0x00 are."""

    OPEN = "not known yet"
    TEXT = "text"
    BINARY = "a frame, whole or cut short"


class CrashWatch:
    """Reads a board's bytes; returns each crash once, when its text is complete.

    The reports depend on the bytes alone, not on how they were cut over calls of :meth:`feed`. Frames
    are left out wherever they stand, also inside a line; bytes that are no text are dropped. Memory is
    bounded; nothing raises.
    """

    def __init__(self) -> None:
        """Start between frames, at the start of a line."""
        self._reader = CrashReader()
        self._chunk = b""
        self._kind = _Chunk.OPEN
        self._line = b""
        self.heard = False
        """Whether a reply was among the bytes so far."""

    def feed(self, data: bytes) -> tuple[CrashReport, ...]:
        """Take the next bytes."""
        done: list[CrashReport] = []
        *ended, rest = data.split(b"\0")
        for piece in ended:
            self._take(piece, done)
            self._end_chunk(done)
        self._take(rest, done)
        return tuple(done)

    def settle(self) -> tuple[CrashReport, ...]:
        """Say that nothing more comes for now: return what is under way, as far as it came."""
        done: list[CrashReport] = []
        self._end_chunk(done)
        self._text(b"\n", done)
        done += self._reader.finish()
        return tuple(done)

    @property
    def reading(self) -> bool:
        """True while a report is under way: more of it may come."""
        return self._reader.reading

    def answered(self) -> None:
        """Say that the firmware answered, where its replies do not pass through :meth:`feed`."""
        self._reader.answered()

    def _take(self, data: bytes, done: list[CrashReport]) -> None:
        if not data:
            return
        if self._kind is _Chunk.TEXT:
            self._text(data, done)
            return
        self._chunk += data
        if self._kind is _Chunk.OPEN and len(self._chunk) >= 2:
            # The second byte of any message of link.cddl is not printable.
            begins_as_text = not self._chunk[:2].translate(None, _KEPT + b"\r\n")
            self._kind = _Chunk.TEXT if begins_as_text else _Chunk.BINARY
        if self._kind is _Chunk.TEXT or len(self._chunk) > MAX_CHUNK:
            self._kind = _Chunk.TEXT
            chunk, self._chunk = self._chunk, b""
            self._text(chunk, done)

    def _end_chunk(self, done: list[CrashReport]) -> None:
        chunk, self._chunk, self._kind = self._chunk, b"", _Chunk.OPEN
        if not chunk:
            return
        payload = payload_of(chunk)
        if payload is None:
            self._text(chunk, done)
        elif (self._reader.counting or not self.heard) and _is_reply(payload):  # else it changes nothing
            self.heard = True
            self._reader.answered()

    def _text(self, data: bytes, done: list[CrashReport]) -> None:
        *ended, rest = data.translate(None, _DROPPED).replace(b"\r", b"\n").split(b"\n")
        for piece in ended:
            line, self._line = self._line + piece, b""
            done += self._reader.take(line[:_LONGEST_LINE].decode("ascii"))
        self._line = (self._line + rest)[:_LONGEST_LINE]


def find_crashes(data: bytes) -> tuple[CrashReport, ...]:
    """Return the crashes in all that a board sent, oldest first."""
    watch = CrashWatch()
    return watch.feed(data) + watch.settle()


def _is_reply(payload: bytes) -> bool:
    if not payload.startswith(_REPLY):
        return False
    try:
        return isinstance(decode_message(payload), Reply)
    except MessageError:
        return False

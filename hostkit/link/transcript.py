"""Both directions of a line with microsecond stamps: evidence, and what a person reads after a failure."""

from __future__ import annotations

import json
import re
from binascii import unhexlify
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import IO

from hostkit.clock import Clock
from hostkit.files import atomic_write, disk_error, remembered, strict_json
from hostkit.link.framing import FrameDecoder
from hostkit.link.views import describe_piece, stamp

_DEFAULT_LIMIT = 8 << 20
# An entry as `json_line` writes it, as nearly every line is: the same as JSON, sooner read. Else any line.
_LINE = re.compile(rb'\{"dir": "(rx|tx)", "us": (0|[1-9][0-9]{0,17}), "hex": "([0-9a-f]*)"\}\n|([^\n]*)\n?')
_FILE_LIMIT = 32 << 20  # bytes of the line, twice that and more in the file; a whole suite takes under 1 MB


class Direction(Enum):
    """Seen from the host."""

    SENT = "tx"
    RECEIVED = "rx"

    __hash__ = object.__hash__  # asked for at every entry; an enumeration's own takes its time


_WAYS = {way.value.encode(): way for way in Direction}


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes as one read or write carried them; ``us`` counts from the transcript's start (monotonic)."""

    direction: Direction
    us: int
    data: bytes

    def json_line(self) -> str:
        """Return the entry as one line of JSON, without a newline."""
        return f'{{"dir": "{self.direction.value}", "us": {self.us}, "hex": "{self.data.hex()}"}}'


@dataclass(frozen=True, slots=True)
class Mark:
    """What the entries after it belong to, such as a test; ``us`` as in :class:`Entry`."""

    us: int
    text: str


class Transcript:
    """Keeps the newest ``limit`` bytes in memory, and the first ``file_limit`` in a file where one is given.

    With ``path`` each entry is appended to that file as JSON Lines (buffered; :meth:`close` completes it),
    after a first line that gives the wall-clock start. What goes beyond the file's limit (a firmware that
    floods its port) is counted in a last line, ``{"left_out": bytes}``. Raises :class:`ToolError` when the
    disk refuses.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        path: Path | None = None,
        limit: int = _DEFAULT_LIMIT,
        file_limit: int = _FILE_LIMIT,
    ) -> None:
        """Start the stamps at zero now."""
        self._clock = clock
        self._start_ns = clock.monotonic_ns()
        self._header = json.dumps({"transcript": 1, "wall_ns": clock.wall_ns()})
        self._limit = limit
        self._entries: deque[Entry] = deque()
        self._size = 0
        self.lost_bytes = 0
        self._file_left = file_limit
        self._left_out = 0
        self._path = path
        self._stream: IO[str] | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = path.open("w", encoding="ascii", buffering=1 << 16)
                self._stream.write(self._header + "\n")
            except OSError as error:
                raise disk_error(error, path) from error

    def __enter__(self) -> Transcript:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def record(self, direction: Direction, data: bytes) -> None:
        """Keep bytes that were just sent or received."""
        if not data:
            return
        entry = Entry(direction, (self._clock.monotonic_ns() - self._start_ns) // 1000, data)
        self._entries.append(entry)
        self._size += len(data)
        while self._size > self._limit and len(self._entries) > 1:
            dropped = len(self._entries.popleft().data)
            self._size -= dropped
            self.lost_bytes += dropped
        if self._stream is not None:
            if self._left_out or len(data) > self._file_left:
                self._left_out += len(data)
                return
            self._file_left -= len(data)
        self._append(entry.json_line())

    def mark(self, text: str) -> None:
        """Note, in the file, what the bytes from now on belong to."""
        us = (self._clock.monotonic_ns() - self._start_ns) // 1000
        self._append(json.dumps({"mark": text, "us": us}))

    def entries(self) -> tuple[Entry, ...]:
        """Return what memory still holds, oldest first; :attr:`lost_bytes` counts what it does not."""
        return tuple(self._entries)

    def save(self, path: Path) -> None:
        """Write what memory holds as JSON Lines, atomically."""
        lines = [self._header, *(entry.json_line() for entry in self._entries)]
        atomic_write(path, ("\n".join(lines) + "\n").encode())

    def lines(self) -> Iterator[str]:
        """Return the decoded view, a line for each frame, text or broken piece."""
        return decoded_lines(self._entries)

    def _append(self, line: str) -> None:
        if self._stream is not None and self._path is not None:
            try:
                self._stream.write(line + "\n")
            except OSError as error:
                raise disk_error(error, self._path) from error

    def close(self) -> None:
        """Complete the file; a second call does nothing. Entries after it stay in memory alone."""
        if self._stream is not None and self._path is not None:
            stream, self._stream = self._stream, None
            try:
                with stream:
                    if self._left_out:
                        stream.write(json.dumps({"left_out": self._left_out}) + "\n")
            except OSError as error:
                raise disk_error(error, self._path) from error


@dataclass(frozen=True, slots=True)
class Written:
    """What a transcript's file says. ``left_out``: bytes of the line that went beyond the file's limit.

    ``broken``: the first line, from 1, that is none of a transcript, 0 for none; nothing after it is read.
    The last line may be one: a suite that was ended wrote half of it.
    """

    entries: tuple[Entry | Mark, ...]
    left_out: int = 0
    broken: int = 0
    cut: bool = False  # the broken line is the last one and has no end


def read_entries(path: Path) -> list[Entry]:
    """Return the entries of a transcript file; a last line that a crash cut short is left out."""
    return [entry for entry in read_marked(path) if isinstance(entry, Entry)]


def read_marked(path: Path) -> list[Entry | Mark]:
    """Return the entries of a transcript file and the marks between them."""
    return list(parse_transcript(path.read_bytes()).entries)


@remembered
def parse_transcript(data: bytes) -> Written:
    """Read a transcript file's bytes, up to the first line that makes no sense. Never raises."""
    entries: list[Entry | Mark] = []
    left_out = 0
    for number, found in enumerate(_LINE.finditer(data), 1):
        way, us, sent, line = found.groups()
        try:
            if way:
                entries.append(Entry(_WAYS[way], int(us), unhexlify(sent)))
            elif line or found.start() < len(data):
                left_out = _take(line, entries, left_out)
        except (ValueError, KeyError, TypeError):
            cut = found.end() == len(data) and not data.endswith(b"\n")
            return Written(tuple(entries), left_out, number, cut=cut)
    return Written(tuple(entries), left_out)


def _take(line: bytes, entries: list[Entry | Mark], left_out: int) -> int:
    """Add what a line says; return how many bytes were left out as far as is known."""
    value = strict_json(line)
    if "dir" in value:
        entries.append(Entry(Direction(value["dir"]), _count(value["us"]), bytes.fromhex(value["hex"])))
    elif "mark" in value:
        entries.append(Mark(_count(value["us"]), "".join([value["mark"]])))
    elif "left_out" in value:
        return _count(value["left_out"])
    elif "transcript" not in value:
        raise ValueError("not of a transcript")
    return left_out


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def decoded_lines(entries: Iterator[Entry] | deque[Entry] | list[Entry]) -> Iterator[str]:
    """Decode entries for people: stamp, direction, content."""
    decoders = {direction: FrameDecoder() for direction in Direction}
    for entry in entries:
        arrow = ">" if entry.direction is Direction.SENT else "<"
        for piece in decoders[entry.direction].feed(entry.data):
            for line in describe_piece(piece):
                yield f"{stamp(entry.us)} {arrow} {line}"

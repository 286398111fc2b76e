"""A line that loses, doubles, cuts, joins and breaks frames, put between a host and any board.

It works on whole frames, so what it does depends on the seed and on what is sent, not on how a port or a
scheduler cuts the bytes into pieces.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from hostkit.link.errors import PortGoneError
from hostkit.link.transport import Transport

_BLOCK = 64  # bytes of a full-speed USB packet
_MOST_GARBAGE = 40  # bytes before one frame
_LONGEST = 8192  # bytes without a zero: no frame is so long


class Hit(Enum):
    """What can befall a frame."""

    DROPPED = "dropped"
    DUPLICATED = "duplicated"
    CORRUPTED = "corrupted"
    GARBAGE = "garbage before it"
    SPLIT = "split"
    MERGED = "merged"
    HELD = "held back"
    CUT = "cut short"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What befalls the frames of one direction; chances are 0.0..1.0 a frame. The default is nothing."""

    drop: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0  # one bit of it is flipped, that of a zero at its ends too
    garbage: float = 0.0  # random bytes come before it
    split: bool = False  # it comes in pieces of 1..7 bytes
    merge: bool = False  # whatever is under way at once comes in one piece
    hold64: bool = False  # a frame of exactly 64*k bytes is held until another one follows


CALM = Disturbance()
"""Nothing befalls anything."""


class OneWay:
    """One direction of a disturbed line. Pure: a frame in, pieces out. ``hits`` counts what was done."""

    def __init__(self, disturbance: Disturbance, seed: str) -> None:
        """Draw chances from ``seed``."""
        self._does = disturbance
        self._random = random.Random(seed)
        self._held = b""
        self.hits: Counter[Hit] = Counter()

    @property
    def merges(self) -> bool:
        """True if pieces that are under way at once are to be joined."""
        return self._does.merge

    def calm(self) -> bytes:
        """Do nothing from now on; return what was held back."""
        self._does = CALM
        held, self._held = self._held, b""
        return held

    def carry(self, frame: bytes) -> list[bytes]:
        """Return the pieces that arrive of a frame, with what was held back before it."""
        does, draw = self._does, self._random.random
        if not frame:
            return []
        if draw() < does.drop:
            self.hits[Hit.DROPPED] += 1
            return []
        if draw() < does.corrupt:
            self.hits[Hit.CORRUPTED] += 1
            frame = self._flipped(frame)
        if draw() < does.duplicate:
            self.hits[Hit.DUPLICATED] += 1
            frame += frame
        if draw() < does.garbage:
            self.hits[Hit.GARBAGE] += 1
            frame = self._random.randbytes(self._random.randint(1, _MOST_GARBAGE)) + frame
        return self._cut_up(self._after_hold(frame))

    def _flipped(self, frame: bytes) -> bytes:
        broken = bytearray(frame)
        broken[self._random.randrange(len(frame))] ^= 1 << self._random.randrange(8)
        return bytes(broken)

    def _after_hold(self, data: bytes) -> bytes:
        data, self._held = self._held + data, b""
        if self._does.hold64 and len(data) % _BLOCK == 0:
            self.hits[Hit.HELD] += 1
            self._held = data
            return b""
        return data

    def _cut_up(self, data: bytes) -> list[bytes]:
        if not data:
            return []
        if not self._does.split:
            return [data]
        self.hits[Hit.SPLIT] += 1
        pieces = []
        while data:
            size = self._random.randint(1, 7)
            pieces.append(data[:size])
            data = data[size:]
        return pieces


class FrameCutter:
    """Cuts a stream into whole frames with their zeros, and what stands between them."""

    def __init__(self) -> None:
        """Start between frames."""
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """Return what is complete: bytes, and whether they are a frame."""
        found = []
        data = self._rest + data
        while data:
            start = data.find(0)
            if start:  # text, which nothing ends
                size = len(data) if start < 0 else start
                found.append((data[:size], False))
                data = data[size:]
                continue
            end = data.find(0, 1)
            if end < 0 and len(data) <= _LONGEST:
                break
            size = len(data) if end < 0 else max(1, end + (end > 1))
            found.append((data[:size], end > 1))
            data = data[size:]
        self._rest = data
        return found

    def flush(self) -> bytes:
        """Return what has no end yet, and forget it."""
        rest, self._rest = self._rest, b""
        return rest


class DisturbedTransport:
    """A :class:`Transport` through a disturbed line. Closing it leaves the port open for its owner."""

    def __init__(self, inner: Transport, to_board: OneWay, to_host: OneWay) -> None:
        """Disturb both directions of an open transport."""
        self._inner = inner
        self.to_board = to_board
        self.to_host = to_host
        self._cutter = FrameCutter()
        self._outbox: list[bytes] = []
        self._inbox: deque[bytes] = deque()
        self._cut: tuple[int, Callable[[], object]] | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._inner.name

    def read(self, timeout_s: float) -> bytes:
        """Return the next piece that arrived; see :class:`Transport`. May come back early with nothing."""
        self._check_open()
        self._send()
        if not self._inbox:
            data = self._cut_short(self._inner.read(timeout_s))
            while self.to_host.merges and data and (more := self._inner.read(0)):
                data += more
            if not data and timeout_s > 0 and not self._inbox:
                return self._cutter.flush()
            self._sort(data)
        return self._inbox.popleft() if self._inbox else b""

    def write(self, data: bytes) -> None:
        """Send a frame, or what arrives of it; see :class:`Transport`."""
        self._check_open()
        self._outbox += self.to_board.carry(data)
        if not self.to_board.merges:
            self._send()

    def close(self) -> None:
        """Take no more; the port stays open, as it has another owner."""
        self._closed = True

    def cut_next(self, after: int, then: Callable[[], object]) -> None:
        """Let the next ``after`` bytes from the board pass, call ``then``, and lose what came with them."""
        self._cut = (after, then)

    def calm(self) -> None:
        """Do nothing to the line any more, and let go what was held back."""
        self._outbox.append(self.to_board.calm())
        self._send()
        self._inbox.append(self.to_host.calm())

    def _send(self) -> None:
        pieces, self._outbox = [piece for piece in self._outbox if piece], []
        if self.to_board.merges and len(pieces) > 1:
            self.to_board.hits[Hit.MERGED] += 1
            pieces = [b"".join(pieces)]
        for piece in pieces:
            self._inner.write(piece)

    def _cut_short(self, data: bytes) -> bytes:
        """Act on :meth:`cut_next`: on the bytes as they come, so that a slow board is met in mid-frame."""
        if self._cut is None or not data:
            return data
        after, then = self._cut
        passed = data[:after]
        self._inbox.append(passed)
        self._cut = (after - len(passed), then)
        if len(passed) == after:
            self._cut = None
            self.to_host.hits[Hit.CUT] += 1
            then()
        return b""

    def _sort(self, data: bytes) -> None:
        pieces: list[bytes] = []
        for piece, is_frame in self._cutter.feed(data):
            pieces += self.to_host.carry(piece) if is_frame else [piece]
        if self.to_host.merges and len(pieces) > 1:
            self.to_host.hits[Hit.MERGED] += 1
            pieces = [b"".join(pieces)]
        self._inbox.extend(pieces)

    def _check_open(self) -> None:
        if self._closed:
            raise PortGoneError(f"{self.name} is closed", hint="open it again")

"""A line in memory with faults that tests switch on, and a small firmware to put at its other end."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hostkit.clock import Clock
from hostkit.link.errors import PortGoneError

_BLOCK = 64


@dataclass(slots=True)
class LineFaults:
    """What happens to the writes of one end; chances are 0.0..1.0 a write. Change fields at any time."""

    drop: float = 0.0  # the write is lost
    duplicate: float = 0.0  # it arrives twice
    corrupt: float = 0.0  # one bit of it is flipped
    split: bool = False  # it arrives in pieces of 1..7 bytes, one a read
    merge: bool = False  # one read returns everything that has arrived, whatever the writes were
    hold64: bool = False  # a write of exactly 64*k bytes waits for the next write


class MemoryTransport:
    """One end of a line in memory; passes the same contract suite as a real port.

    Waiting lets the clock's time pass, so that with a ``FakeClock`` nothing ever waits. Without faults each
    read returns one write of the other end.
    """

    def __init__(self, clock: Clock, name: str, *, seed: int = 0) -> None:
        """Make an end that is not connected yet; use :meth:`pair`."""
        self._clock = clock
        self._name = name
        self._random = random.Random(seed)
        self._inbox: deque[bytes] = deque()
        self._held = b""
        self._peer: MemoryTransport | None = None
        self._closed = False
        self.faults = LineFaults()
        self.on_bytes: Callable[[bytes], None] | None = None
        self.on_read: Callable[[], None] = lambda: None  # before each piece that is read
        self.reads = 0

    @property
    def now_us(self) -> int:
        """The time by the line's clock, for firmware that has none of its own."""
        return self._clock.monotonic_ns() // 1000

    @classmethod
    def pair(cls, clock: Clock, *, seed: int = 0) -> tuple[MemoryTransport, MemoryTransport]:
        """Return the host's end and the board's end of one line; ``seed`` decides which writes faults hit."""
        host, board = cls(clock, "memory://host", seed=seed), cls(clock, "memory://board", seed=seed + 1)
        host._peer, board._peer = board, host
        return host, board

    @property
    def name(self) -> str:
        """The end's name."""
        return self._name

    def read(self, timeout_s: float) -> bytes:
        """Return the next piece that has arrived; else let ``timeout_s`` pass and look once more."""
        self._check()
        self.reads += 1
        if not self._inbox and timeout_s > 0:
            self._clock.sleep(timeout_s)
        if not self._inbox:
            if self._peer is None or self._peer._closed:
                raise PortGoneError(f"{self._name} vanished while it was in use", hint="it was unplugged")
            return b""
        self.on_read()
        if self._peer is not None and self._peer.faults.merge:
            everything = b"".join(self._inbox)
            self._inbox.clear()
            return everything
        return self._inbox.popleft()

    def write(self, data: bytes) -> None:
        """Send bytes through this end's faults."""
        self._check()
        peer = self._peer
        if peer is None or peer._closed:
            raise PortGoneError(f"{self._name} vanished while it was in use", hint="it was unplugged")
        for piece in self._disturb(bytes(data)):
            if peer.on_bytes is not None:
                peer.on_bytes(piece)
            else:
                peer._inbox.append(piece)

    def close(self) -> None:
        """Close this end; the other one sees its port vanish once it has read what was sent."""
        self._closed = True

    def unplug(self) -> None:
        """Close both ends at once."""
        self._closed = True
        if self._peer is not None:
            self._peer._closed = True

    def _check(self) -> None:
        if self._closed:
            raise PortGoneError(f"{self._name} is closed", hint="open it again")

    def _disturb(self, data: bytes) -> list[bytes]:
        faults, chance = self.faults, self._random.random
        if not data or chance() < faults.drop:
            return []
        if chance() < faults.corrupt:
            broken = bytearray(data)
            broken[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
            data = bytes(broken)
        copies = 2 if chance() < faults.duplicate else 1
        data, self._held = self._held + data * copies, b""
        if faults.hold64 and len(data) % _BLOCK == 0:
            self._held = data
            return []
        return self._pieces(data) if faults.split else [data]

    def _pieces(self, data: bytes) -> list[bytes]:
        pieces = []
        while data:
            size = self._random.randint(1, 7)
            pieces.append(data[:size])
            data = data[size:]
        return pieces

"""A session on a transport: requests run to their end, everything else is kept for who asks."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from typing import Any

from hostkit.clock import Clock
from hostkit.link.cbor import encode_value
from hostkit.link.errors import DeviceError, LinkLostError, LinkTimeoutError
from hostkit.link.framing import Broken, Text
from hostkit.link.messages import FrameEvent, Reply, Status, op_name
from hostkit.link.session import (
    Answered,
    Incoming,
    Patience,
    Rebooted,
    Send,
    Session,
    TimedOut,
    Waiting,
)
from hostkit.link.transcript import Direction, Transcript
from hostkit.link.transport import Transport
from hostkit.link.views import text_lines
from hostkit.words import counted

_KEPT = 20_000  # unread events, logs and pieces that are kept before the oldest go
_FLOOD = 1_000_000  # bytes while one request waits: no boot log and no panic is so long
_KEPT_TEXT = 16_384  # characters of device text kept for messages


class Exchange:
    """Owns a transport. Memory is bounded: the oldest unread events and notes go first.

    ``resends`` and ``reboots`` count over the whole life of the exchange; ``text`` is the newest text that
    the board printed outside of frames, at most 16 KiB; ``heard`` counts all of its characters so far.
    """

    def __init__(self, transport: Transport, clock: Clock, transcript: Transcript | None) -> None:
        """Talk over an open transport; nothing is sent yet."""
        self.transport = transport
        self.clock = clock
        self._transcript = transcript
        self._session = Session(first_id=1 + secrets.randbelow(0xFFFFFFFF))
        self._passed: deque[Incoming] = deque(maxlen=_KEPT)  # what events() stepped over
        self._unread: deque[Incoming] = deque(maxlen=_KEPT)
        self._noise = 0
        self.text = ""
        self.heard = 0
        self.resends = 0
        self.reboots = 0

    @property
    def nonce(self) -> int | None:
        """The boot nonce seen last."""
        return self._session.nonce

    def know(self, nonce: int | None) -> None:
        """Take over the nonce that another client of the board saw last."""
        self._session.know(nonce)

    def ask(self, op: int, args: tuple[Any, ...], patience: Patience) -> Reply:
        """Run one request to its end; return an ok reply.

        Raises :class:`DeviceError`, :class:`LinkTimeoutError`, :class:`LinkLostError`, or what the transport
        raises.
        """
        now_ns = self.clock.monotonic_ns
        self._pump(0)  # what lies in the buffer came before the request
        self._noise = 0
        self._session.begin(op, args, patience, now_ns())
        while True:
            match self._session.poll(now_ns()):
                case Send(data):
                    self.write(data)
                case Waiting(until_ns):
                    self._pump(max(0, until_ns - now_ns()) / 1e9)
                case Answered(reply, sends):
                    self.resends += sends - 1
                    if reply.status is not Status.OK:
                        raise DeviceError(op_name(op), reply.status, _detail(reply.body))
                    return reply
                case Rebooted(old, new):
                    raise LinkLostError(f"before or during {op_name(op)}", old, new)
                case TimedOut(sends, waited_ns):
                    raise self._timeout(op_name(op), sends, waited_ns / 1e9)

    def receive(self, timeout_s: float) -> tuple[Incoming, ...]:
        """Return what came unasked, waiting for the first; empty when nothing came within ``timeout_s``."""
        deadline_ns = self.clock.monotonic_ns() + round(timeout_s * 1e9)
        while not self._passed and not self._unread:
            left_ns = deadline_ns - self.clock.monotonic_ns()
            self._pump(max(0, left_ns) / 1e9)
            if left_ns <= 0:
                break
        taken = (*self._passed, *self._unread)
        self._passed.clear()
        self._unread.clear()
        return taken

    def events(self, timeout_s: float) -> Iterator[FrameEvent]:
        """Yield frame events; end when none comes for ``timeout_s``."""
        deadline_ns = self.clock.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            while self._unread:
                item = self._unread.popleft()
                if isinstance(item, FrameEvent):
                    yield item
                    deadline_ns = self.clock.monotonic_ns() + round(timeout_s * 1e9)
                else:
                    self._passed.append(item)
            left_ns = deadline_ns - self.clock.monotonic_ns()
            if left_ns <= 0:
                return
            self._pump(left_ns / 1e9)

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.transport.write(data)
        if self._transcript is not None:
            self._transcript.record(Direction.SENT, data)

    def _timeout(self, name: str, sends: int, waited_s: float) -> LinkTimeoutError:
        seen = (
            f"{counted(self._noise, 'byte')} came that were no reply"
            if self._noise
            else "the line was silent"
        )
        last = [*text_lines(self.text)][-1:]
        hint = f"the board last printed: {last[0]}" if last else "is this the right port, and is it running?"
        if self._noise >= _FLOOD:
            seen = f"{self._noise / 1e6:.0f} MB came that were no reply: the firmware floods the port"
            hint = f"it prints without end, such as: {last[0]}" if last else "it sends without end"
        times = "once" if sends == 1 else f"{sends} times"
        return LinkTimeoutError(
            f"no answer to {name} on {self.transport.name} within {waited_s:.1f} s (sent {times}; {seen})",
            hint=hint,
        )

    def _pump(self, timeout_s: float) -> None:
        """Read once and sort what came."""
        data = self.transport.read(timeout_s)
        if data:
            self._noise += len(data)
            if self._transcript is not None:
                self._transcript.record(Direction.RECEIVED, data)
            self._session.feed(data)
        elif timeout_s > 0:
            self._session.idle()
        for item in self._session.take():
            self._sort(item)

    def _sort(self, item: Incoming) -> None:
        if isinstance(item, Text | Broken):
            self.text = (self.text + item.text)[-_KEPT_TEXT:]
            self.heard += len(item.text)
        elif isinstance(item, Rebooted):
            self.reboots += 1
        self._unread.append(item)


def _detail(body: Any) -> str:
    return body if isinstance(body, str) else "" if body is None else encode_value(body).hex()

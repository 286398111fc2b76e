"""One request at a time over a line that loses, doubles and breaks frames. Sans-IO; time is passed in.

A request is repeated with its own id after a time-out or a NAK, so a board executes it once. Replies to
other ids are ignored. Every message carries the boot nonce: a change is told once, at the request that it
spoils or at the next one, and never passes unnoticed. Only a request that says so accepts a new nonce.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Frame, FrameDecoder, Text, encode_frame
from hostkit.link.messages import (
    FrameEvent,
    Log,
    Nak,
    Reply,
    Request,
    decode_message,
    encode_message,
)

_OLD_NONCES = 8  # how many boots back a late message is still told from a new boot


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame with a sound CRC whose content is no message that a board may send."""

    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A reply that nothing waits for: a duplicate, or late."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Rebooted:
    """The boot nonce changed."""

    old: int
    new: int


Incoming = FrameEvent | Log | Nak | Text | Broken | Malformed | Stray | Rebooted


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is decided before ``until_ns``, unless bytes come in."""

    until_ns: int


@dataclass(frozen=True, slots=True)
class Send:
    """Write ``data`` now, then poll again."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to the open request; ``sends`` counts how often the request went out."""

    reply: Reply
    sends: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No reply within the time allowed."""

    sends: int
    waited_ns: int


Outcome = Waiting | Send | Answered | TimedOut | Rebooted


@dataclass(frozen=True, slots=True)
class Patience:
    """Wait ``sends`` times ``attempt_ns`` in all; send at most ``sends`` times.

    ``accepts_reboot``: a new boot nonce before or during the request is what the caller wants to know (hello)
    or asked for (reboot), no error.
    """

    attempt_ns: int
    sends: int
    accepts_reboot: bool = False


@dataclass(slots=True)
class _Open:
    request: Request
    wire: bytes
    patience: Patience
    began_ns: int
    resend_ns: int
    sends: int = 0
    due: bool = True
    reply: Reply | None = None


class Session:
    """The host's side of the protocol: :meth:`begin`, then :meth:`poll` and :meth:`feed` until it ends."""

    def __init__(self, first_id: int) -> None:
        """Number requests from ``first_id`` (1..2^32-1).

        Draw it at random: a board answers an id that an earlier host used last from its memory.
        """
        self._decoder = FrameDecoder()
        self._next_id = first_id
        self._open: _Open | None = None
        self._nonce: int | None = None
        self._old_nonces: deque[int] = deque(maxlen=_OLD_NONCES)
        self._untold: Rebooted | None = None
        self._incoming: list[Incoming] = []

    @property
    def nonce(self) -> int | None:
        """The boot nonce that the board gave last; None before its first message."""
        return self._nonce

    def know(self, nonce: int | None) -> None:
        """Take over what another client of the board saw last: another nonce is a restart from now on."""
        self._nonce = nonce

    def begin(self, op: int, args: tuple[Any, ...], patience: Patience, now_ns: int) -> Request:
        """Open a request; one that is still open is given up. Raises for what the link cannot carry."""
        request = Request(self._next_id, op, args)
        wire = encode_frame(encode_message(request))
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        self._open = _Open(request, wire, patience, now_ns, now_ns)
        if patience.accepts_reboot:
            self._untold = None
        return request

    def feed(self, data: bytes) -> None:
        """Take bytes that came in."""
        for piece in self._decoder.feed(data):
            if isinstance(piece, Frame):
                self._take(piece.payload)
            else:
                self._incoming.append(piece)
                if isinstance(piece, Broken):
                    self._repeat_soon()

    def idle(self) -> None:
        """Say that the line is silent: a text that has no end yet is given out."""
        self._incoming.extend(piece for piece in self._decoder.flush_text() if not isinstance(piece, Frame))

    def take(self) -> list[Incoming]:
        """Return everything but awaited replies, in order of arrival, and forget it."""
        taken, self._incoming = self._incoming, []
        return taken

    def poll(self, now_ns: int) -> Outcome:
        """Say what to do next. After Answered, TimedOut or Rebooted the request is closed."""
        current = self._open
        if current is None:
            raise RuntimeError("poll() without begin()")
        if self._untold is not None:
            told, self._untold, self._open = self._untold, None, None
            return told
        if current.reply is not None:
            self._open = None
            return Answered(current.reply, current.sends)
        patience = current.patience
        end_ns = current.began_ns + patience.attempt_ns * patience.sends
        if now_ns >= end_ns:
            self._open = None
            return TimedOut(current.sends, now_ns - current.began_ns)
        may_send = current.sends < patience.sends
        at_once = current.due and (not current.sends or current.sends + 1 < patience.sends)
        if may_send and (at_once or now_ns >= current.resend_ns):
            current.due = False
            current.sends += 1
            current.resend_ns = now_ns + patience.attempt_ns
            return Send(current.wire)
        return Waiting(min(current.resend_ns, end_ns) if may_send else end_ns)

    def _take(self, payload: bytes) -> None:
        try:
            message = decode_message(payload)
        except MessageError as error:
            self._incoming.append(Malformed(payload, error.message))
            return
        if isinstance(message, Request):
            self._incoming.append(Malformed(payload, "a board sends no requests (is the line looped back?)"))
            return
        if message.nonce in self._old_nonces:
            return  # said before the last reboot
        self._see_nonce(message.nonce)
        if isinstance(message, Reply):
            self._take_reply(message)
            return
        if isinstance(message, Nak):
            self._repeat_soon()
        self._incoming.append(message)

    def _repeat_soon(self) -> None:
        """Send the open request again without waiting: it, or its reply, was broken on the way.

        The last send is kept for the time-out, so that noise cannot use them all up at once.
        """
        if self._open is not None and self._open.sends:
            self._open.due = True

    def _take_reply(self, reply: Reply) -> None:
        current = self._open
        if current is None or current.reply is not None or reply.id != current.request.id:
            self._incoming.append(Stray(reply))
        else:
            current.reply = reply

    def _see_nonce(self, nonce: int) -> None:
        if self._nonce is not None and nonce != self._nonce:
            rebooted = Rebooted(self._nonce, nonce)
            self._old_nonces.append(self._nonce)
            self._incoming.append(rebooted)
            current = self._open
            if current is None or not current.patience.accepts_reboot:
                self._untold = Rebooted(self._untold.old, nonce) if self._untold else rebooted
        self._nonce = nonce

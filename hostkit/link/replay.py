"""A recording in the place of a board. Sans-IO: bytes and time in, bytes out.

It does not invent: a request that the recording does not have gets no answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Frame, FrameDecoder, Text, encode_frame
from hostkit.link.messages import Reply, Request, decode_message, encode_message
from hostkit.link.transcript import Entry
from hostkit.link.turns import Turn, same_request

_BANNER = (b"\n", b"\r\n", b"\r")


@dataclass(frozen=True, slots=True)
class Due:
    """Bytes to be sent at a time of the player's clock."""

    at_us: int
    data: bytes


class Player:
    """Plays a recording: first what came unasked, then to each request what was answered to its like.

    A request is looked for from where the recording stands, then from its start, so that a test may ask in
    another order. Ids of replies are those of the requests, everything else is as recorded.
    """

    def __init__(self, turns: Sequence[Turn], now_us: int, *, fast: bool = False) -> None:
        """Begin at ``now_us``. ``fast``: without the recorded pauses."""
        self._turns = list(turns)
        self._fast = fast
        self._decoder = FrameDecoder()
        self._place = 1
        self._due: deque[Due] = deque()
        self.unknown = 0
        """How much was asked that the recording does not have."""
        first = self._turns[0] if self._turns else None
        if first is not None:
            for entry in first.received:
                self._plan(now_us, entry.us, entry.data)

    @property
    def deadline_us(self) -> int | None:
        """When :meth:`take` has something next, None while nothing is under way."""
        return self._due[0].at_us if self._due else None

    def take(self, now_us: int) -> bytes:
        """Return what is due by now."""
        out = bytearray()
        while self._due and self._due[0].at_us <= now_us:
            out += self._due.popleft().data
        return bytes(out)

    def feed(self, data: bytes, now_us: int) -> None:
        """Take bytes from the host."""
        if data in _BANNER and self._decoder.between:  # not a byte of a frame that came in pieces
            self._answer_text(data, now_us)
            return
        for piece in self._decoder.feed(data):
            request = _request(piece)
            if request is None:
                self.unknown += 1
            else:
                self._answer(request, now_us)

    def _answer_text(self, data: bytes, now_us: int) -> None:
        turn = self._find(lambda turn: turn.request is None and turn.sent == data)
        if turn is not None:
            for entry in turn.received:
                self._plan(now_us, entry.us - turn.us, entry.data)

    def _answer(self, request: Request, now_us: int) -> None:
        turn = self._find(lambda turn: same_request(turn.request, request))
        if turn is None or turn.request is None:
            return
        for at_us, data in _renumbered(turn, turn.request.id, request.id):
            self._plan(now_us, at_us - turn.us, data)

    def _find(self, fits: Callable[[Turn], bool]) -> Turn | None:
        order = [*range(self._place, len(self._turns)), *range(1, self._place)]
        found: int | None = next((number for number in order if fits(self._turns[number])), None)
        if found is None:
            self.unknown += 1
            return None
        self._place = found + 1
        turn: Turn = self._turns[found]
        return turn

    def _plan(self, now_us: int, after_us: int, data: bytes) -> None:
        at = now_us if self._fast else now_us + max(0, after_us)
        last = self._due[-1].at_us if self._due else at
        self._due.append(Due(max(at, last), data))


def _request(piece: object) -> Request | None:
    if not isinstance(piece, Frame):
        return None
    try:
        message = decode_message(piece.payload)
    except MessageError:
        return None
    return message if isinstance(message, Request) else None


def _renumbered(turn: Turn, old: int, new: int) -> Iterator[tuple[int, bytes]]:
    """Return what was received in a turn, with the id of its reply replaced."""
    decoder = FrameDecoder()
    last: Entry | None = None
    for entry in turn.received:
        last = entry
        for piece in decoder.feed(entry.data):
            yield entry.us, _bytes_of(piece, old, new)
    if last is not None:
        for piece in decoder.flush_text():
            yield last.us, _bytes_of(piece, old, new)


def _bytes_of(piece: Frame | Text | Broken, old: int, new: int) -> bytes:
    if isinstance(piece, Text):
        return piece.data
    if isinstance(piece, Broken):
        return b"\0" + piece.data + b"\0"
    try:
        message = decode_message(piece.payload)
    except MessageError:
        return encode_frame(piece.payload)
    if isinstance(message, Reply) and message.id == old:
        return encode_frame(encode_message(replace(message, id=new)))
    return encode_frame(piece.payload)

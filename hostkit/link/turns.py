"""A transcript as what was asked and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hostkit.link.errors import MessageError
from hostkit.link.framing import Frame, FrameDecoder
from hostkit.link.messages import Request, decode_message
from hostkit.link.transcript import Direction, Entry, Mark


@dataclass(slots=True)
class Turn:
    """What the host sent in one go, at ``us``, and everything that came until it sent something else.

    ``request`` None: the bytes are no request (a broken frame, text), or nothing was sent yet. A request
    that was sent again is one turn with its first. ``mark``: the mark (a test) that it belongs to.
    """

    us: int
    sent: bytes
    request: Request | None
    mark: str = ""
    received: list[Entry] = field(default_factory=list)


def turns_of(entries: Iterable[Entry | Mark]) -> Iterator[Turn]:
    """Return the turns of a transcript, oldest first; the first one is what came before anything was sent."""
    decoder = FrameDecoder()
    current = Turn(0, b"", None)
    mark = ""
    for entry in entries:
        if isinstance(entry, Mark):
            mark = entry.text
        elif entry.direction is Direction.RECEIVED:
            current.received.append(entry)
        else:
            requests = list(_requests(decoder.feed(entry.data)))
            request = requests[0] if len(requests) == 1 else None
            if request is not None and request == current.request:
                continue
            yield current
            current = Turn(entry.us, entry.data, request, mark)
    yield current


def _requests(pieces: Iterable[object]) -> Iterator[Request]:
    for piece in pieces:
        if isinstance(piece, Frame):
            try:
                message = decode_message(piece.payload)
            except MessageError:
                continue
            if isinstance(message, Request):
                yield message


def same_request(one: Request | None, two: Request | None) -> bool:
    """Tell whether two requests ask the same, whatever their ids."""
    if one is None or two is None:
        return one is two
    return (one.op, one.args) == (two.op, two.args)

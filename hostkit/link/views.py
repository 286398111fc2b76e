"""Messages and pieces as lines for people: one place, so that monitor and transcript read alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Frame, Piece, Text
from hostkit.link.messages import (
    FrameEvent,
    Log,
    Message,
    Nak,
    Reply,
    Request,
    Status,
    decode_message,
    op_name,
)
from hostkit.link.session import Incoming, Malformed, Rebooted, Stray

_LONGEST = 240


def stamp(us: int) -> str:
    """Return microseconds as seconds with six decimals, aligned."""
    return f"{us // 1_000_000:5d}.{us % 1_000_000:06d}"


def describe_value(value: Any) -> str:
    """Return a CBOR value for people; bytes as hex, long values cut."""
    if type(value) is int:
        return str(value)
    if isinstance(value, bytes):
        shown = value.hex(" ", -4)
        return _cut(f"{len(value)} bytes {shown}" if value else "0 bytes")
    if isinstance(value, dict):
        return _listed("{", (f"{key}: {describe_value(item)}" for key, item in value.items()), "}")
    if isinstance(value, list | tuple):
        return _listed("[", map(describe_value, value), "]")
    return _cut(str(value))


def describe_message(message: Message) -> str:
    """Return one line for one message."""
    match message:
        case Request(id, op, args):
            return f"#{id} {op_name(op)}" + (f" {describe_value(args)}" if args else "")
        case Reply(id, _, Status.OK, body):
            return f"#{id} ok" + ("" if body is None else f" {describe_value(body)}")
        case Reply(id, _, status, body):
            return f"#{id} {status.label}: {describe_value(body)}"
        case FrameEvent():
            return (
                f"frame {message.seq} at {message.time_us} us: render {message.render_us} us, "
                f"transmit {message.transmit_us} us, crc {message.crc:08x}, {message.ma} mA, "
                f"dropped {message.dropped}"
            )
        case Log(_, level, time_us, text):
            return f"log {level.label} at {time_us} us: {_clean(text)}"
        case Nak(_, reason, lost):
            return f"nak {reason.name.lower().replace('_', '-')}, {lost} broken frames since boot"


def describe_payload(payload: bytes) -> str:
    """Return one line for what a frame carries, which may be no message."""
    try:
        return describe_message(decode_message(payload))
    except MessageError as error:
        return f"malformed message ({error.message}), {describe_value(payload)}"


def describe_piece(piece: Piece) -> Iterator[str]:
    """Return the lines of one piece of a byte stream."""
    match piece:
        case Text():
            yield from text_lines(piece.text)
        case Broken(reason, data):
            label = reason.name.lower().replace("_", "-")
            yield f"broken frame ({label}), {len(data)} bytes {_cut(data.hex())}"
            yield from text_lines(piece.text)
        case Frame(payload):
            yield describe_payload(payload)


def describe_incoming(item: Incoming) -> Iterator[str]:
    """Return the lines of one thing that came unasked."""
    match item:
        case Text() | Broken():
            yield from describe_piece(item)
        case Malformed(payload, reason):
            yield f"malformed message ({reason}), {describe_value(payload)}"
        case Stray(reply):
            yield f"unasked reply {describe_message(reply)}"
        case Rebooted(old, new):
            yield f"the board restarted (boot nonce {old:#010x} became {new:#010x})"
        case _:
            yield describe_message(item)


def text_lines(text: str) -> Iterator[str]:
    """Return the lines of device text without blank ones and without terminal control characters."""
    for line in text.splitlines():
        if line.strip():
            yield _clean(line)


def _clean(text: str) -> str:
    """Replace control characters: what a device prints must not drive the reader's terminal."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _listed(begin: str, items: Iterable[str], end: str) -> str:
    """Return items between two brackets, cut; those that could not be shown are not even described."""
    shown: list[str] = []
    length = 0
    for item in items:
        shown.append(item)
        length += len(item)
        if length > _LONGEST:
            break
    return _cut(begin + ", ".join(shown) + end)


def _cut(shown: str) -> str:
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."

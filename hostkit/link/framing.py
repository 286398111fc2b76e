"""COBS frames with a CRC-32 inside a byte stream that also carries text. Sans-IO.

A message is ``0x00 COBS(payload || CRC-32) 0x00``; see ``firmware/protocol/link.cddl``. What lies between
two 0x00 and is no valid frame is text when it is printable, else a broken frame.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntEnum

from cobs import cobs

from hostkit.errors import HostkitError

MTU = 2048
"""Largest payload in bytes, in either direction (link.cddl)."""

_CRC_SIZE = 4
MAX_CHUNK = MTU + _CRC_SIZE + (MTU + _CRC_SIZE) // 254 + 1
"""Longest run of bytes between two 0x00 that can still be a frame: payload, CRC and COBS overhead."""

_LEAST_TEXT = 8  # shorter printable ends of a broken chunk are chance
_TEXT_BYTES = bytes([0x08, 0x09, 0x0A, 0x0D, 0x1B, *range(0x20, 0x7F)])


class Reason(IntEnum):
    """Why a frame was refused; the numbers of ``reason`` in link.cddl."""

    BAD_CRC = 0
    BAD_COBS = 1
    BAD_CBOR = 2
    TOO_LONG = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose CRC-32 holds; ``payload`` is what the CRC covered."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """Printable bytes outside of a frame, as they came; a long text comes in several pieces."""

    data: bytes

    @property
    def text(self) -> str:
        """The bytes as UTF-8."""
        return self.data.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Broken:
    """A chunk that is neither frame nor text; ``data`` keeps at most :data:`MAX_CHUNK` bytes of it."""

    reason: Reason
    data: bytes

    @property
    def text(self) -> str:
        """The printable end of the chunk, such as the boot text that cut a frame short; often empty."""
        start = len(self.data)
        while start and self.data[start - 1] in _TEXT_BYTES:
            start -= 1
        return self.data[start:].decode("ascii") if len(self.data) - start >= _LEAST_TEXT else ""


Piece = Frame | Text | Broken


class FrameTooLongError(HostkitError):
    """A payload is larger than the link carries."""


def encode_frame(payload: bytes) -> bytes:
    """Return the bytes on the wire for one payload.

    Raises :class:`FrameTooLongError` for more than :data:`MTU` bytes.
    """
    if len(payload) > MTU:
        raise FrameTooLongError(
            f"a message of {len(payload)} bytes is longer than the link carries ({MTU})",
            hint="send less in one request",
        )
    checked = payload + zlib.crc32(payload).to_bytes(_CRC_SIZE, "little")
    encoded: bytes = cobs.encode(checked)
    return b"\0" + encoded + b"\0"


def is_text(data: bytes) -> bool:
    """Tell whether bytes are printable: ASCII with the usual control characters, or UTF-8 beyond ASCII."""
    odd = data.translate(None, _TEXT_BYTES)
    if not odd:
        return True
    if min(odd) < 0x80:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _classify(chunk: bytes) -> Piece:
    reason = Reason.BAD_CRC
    try:
        checked = cobs.decode(chunk)
    except cobs.DecodeError:
        reason = Reason.BAD_COBS
    else:
        payload = checked[:-_CRC_SIZE]
        crc = int.from_bytes(checked[-_CRC_SIZE:], "little")
        if len(checked) > _CRC_SIZE and zlib.crc32(payload) == crc:
            return Frame(payload) if len(payload) <= MTU else Broken(Reason.TOO_LONG, chunk)
    return Text(chunk) if is_text(chunk) else Broken(reason, chunk)


def payload_of(chunk: bytes) -> bytes | None:
    """Return the payload of what stood between two 0x00, None where that is no whole frame."""
    piece = _classify(chunk) if len(chunk) <= MAX_CHUNK else None
    return piece.payload if isinstance(piece, Frame) else None


class FrameDecoder:
    """Cuts a byte stream into frames, text and broken pieces.

    The pieces depend on the bytes alone, not on how they were split over calls of :meth:`feed`. Memory is
    bounded by :data:`MAX_CHUNK` whatever comes in; nothing raises.
    """

    def __init__(self) -> None:
        """Start between frames."""
        self._rest = b""
        self._cut = False  # the rest continues a text that was already given out: it cannot be a frame
        self._skipping = False  # inside an overlong chunk that was already reported

    @property
    def between(self) -> bool:
        """True while no piece has begun that is not ended yet."""
        return not self._rest and not self._skipping

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes; return the pieces that they complete, in order."""
        pieces: list[Piece] = []
        *ended, rest = (self._rest + data).split(b"\0")
        for chunk in ended:
            if self._cut or self._skipping or len(chunk) > MAX_CHUNK:
                self._end(self._shorten(chunk, pieces), pieces)
            elif chunk:
                pieces.append(_classify(chunk))
        self._rest = self._shorten(rest, pieces) if rest else rest
        return pieces

    def flush_text(self) -> list[Piece]:
        """Give out what has come of a text that is not ended yet; call it when the line is idle.

        A frame under way is never given out as text: the second byte of any message of link.cddl is no
        printable one, and a lone first byte is kept.
        """
        if self._skipping or not is_text(self._rest) or len(self._rest) < (1 if self._cut else 2):
            return []
        text = Text(self._rest)
        self._rest = b""
        self._cut = True
        return [text]

    def _shorten(self, chunk: bytes, pieces: list[Piece]) -> bytes:
        """Give out the head of a chunk that is too long to be a frame; return what is still undecided."""
        while not self._skipping and len(chunk) > MAX_CHUNK:
            head, chunk = chunk[:MAX_CHUNK], chunk[MAX_CHUNK:]
            if is_text(_whole_characters(head)):
                split = len(_whole_characters(head))
                pieces.append(Text(head[:split]))
                chunk = head[split:] + chunk
                self._cut = True
            else:
                pieces.append(Broken(Reason.TOO_LONG, head))
                self._skipping = True
        return b"" if self._skipping else chunk

    def _end(self, chunk: bytes, pieces: list[Piece]) -> None:
        """Give out the chunk that a 0x00 ended."""
        if chunk and self._cut:
            pieces.append(Text(chunk) if is_text(chunk) else Broken(Reason.TOO_LONG, chunk))
        elif chunk:
            pieces.append(_classify(chunk))
        self._cut = False
        self._skipping = False


def _whole_characters(data: bytes) -> bytes:
    """Return ``data`` without the UTF-8 character that its end cuts in two (at most three bytes)."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if needed > back else data
    return data

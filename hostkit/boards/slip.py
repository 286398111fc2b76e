"""SLIP framing (RFC 1055) as Espressif's loaders use it: pure, whole buffers at a time."""

from __future__ import annotations

END = b"\xc0"
_ESC = b"\xdb"
_ESC_END = b"\xdb\xdc"
_ESC_ESC = b"\xdb\xdd"

DEFAULT_LIMIT = 1 << 17
"""Longest packet kept, bytes on the wire: the largest block of any loader is 16 KiB, at worst all escaped."""


def encode(packet: bytes) -> bytes:
    """Return ``packet`` as one frame: an END on either side, END and ESC inside escaped."""
    return END + packet.replace(_ESC, _ESC_ESC).replace(END, _ESC_END) + END


def unescape(body: bytes) -> bytes | None:
    """Undo the escapes of one frame's body; None when an ESC is followed by anything but its two codes."""
    if _ESC not in body:
        return body
    if body.count(_ESC) != body.count(_ESC_END) + body.count(_ESC_ESC):
        return None
    return body.replace(_ESC_END, END).replace(_ESC_ESC, _ESC)


class Decoder:
    """Cuts a byte stream into packets.

    Empty frames are nothing (two ENDs in a row are usual), broken escapes and frames longer than
    ``limit`` are dropped and counted in ``dropped``: a loader that is shouted at stays silent.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Start outside of any frame."""
        self._limit = limit
        self._open = bytearray()
        self._overflowed = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they came, in pieces of any size; return the packets that they complete."""
        first, *rest = data.split(END)
        self._keep(first)
        if not rest:
            return []
        bodies = [bytes(self._open), *rest[:-1]]
        overflowed, self._overflowed = self._overflowed, False
        self._open = bytearray()
        self._keep(rest[-1])
        packets = []
        for index, body in enumerate(bodies):
            packet = None if index == 0 and overflowed else unescape(body)
            if packet is None:
                self.dropped += 1
            elif packet:
                packets.append(packet)
        return packets

    def _keep(self, piece: bytes) -> None:
        if self._overflowed:
            return
        if len(self._open) + len(piece) > self._limit:
            self._overflowed = True
            self._open = bytearray()
            return
        self._open += piece

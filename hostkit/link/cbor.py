"""The part of CBOR that ``link.cddl`` uses, in the deterministic encoding of RFC 8949 4.2.1. Sans-IO.

Allowed are integers of 64 bits, byte and text strings, arrays, maps with text keys, true, false and null.
cbor2 builds the values; a scan before it keeps everything else away from it: tags (whose decoders raise
whatever they like, and can be made to hang), floats, indefinite lengths, numbers longer than needed, keys
out of order or twice.
"""

from __future__ import annotations

from typing import Any

import cbor2

from hostkit.link.errors import MessageError

_DEEPEST = 16  # link.cddl nests five deep
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_FALSE, _NULL = 20, 22
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
_WHOLE = frozenset([*range(24), *range(0x20, 0x38), 0xF4, 0xF5, 0xF6])  # values that are one byte and no more
_U32 = 0x1A  # a CRC-32, an id or a nonce has four bytes as a rule
_NO_MAP = None


def encode_value(value: Any) -> bytes:
    """Return the one encoding of a value. Raises :class:`MessageError` for what the link cannot carry."""
    try:
        data = cbor2.dumps(value, canonical=True)
    except (cbor2.CBOREncodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise MessageError(f"not a value that the link can carry: {error}") from error
    _refuse_foreign(data)
    return data


def decode_value(data: bytes) -> Any:
    """Return the value that ``data`` is the deterministic encoding of; else raise :class:`MessageError`."""
    _refuse_foreign(data)
    try:
        return cbor2.loads(data)
    except cbor2.CBORDecodeError as error:  # text that is not UTF-8
        raise MessageError(f"not CBOR: {error}") from error


def _refuse_foreign(data: bytes) -> None:
    """Raise unless ``data`` is exactly one value of the allowed part, deterministically encoded.

    Every message of a line comes through here, most of them arrays of numbers, so that what goes on in the
    loop is kept in plain variables: of the innermost array or map that is open, how much of it is to come
    (``left``; a map counts keys and values), and the last key where it is a map.
    """
    at, end = 0, len(data)
    left, last_key = 1, _NO_MAP
    around: list[tuple[int, bytes | None]] = []
    while True:
        while not left:
            if not around:
                if at != end:
                    raise MessageError(f"{end - at} bytes follow the value")
                return
            left, last_key = around.pop()
        is_key = last_key is not _NO_MAP and left % 2 == 0
        left -= 1
        start = at
        if at < end and not is_key:
            if data[at] in _WHOLE:
                at += 1
                continue
            if data[at] == _U32 and at + 5 <= end and (data[at + 1] or data[at + 2]):
                at += 5
                continue
        major, argument, at = _head(data, at)
        if major in (_BYTES, _TEXT):
            at += argument
            if at > end:
                raise MessageError("not CBOR: it ends early")
        if is_key:
            last_key = _key_after(last_key, major, data[start:at])
        if major in (_ARRAY, _MAP):
            around.append((left, last_key))
            if len(around) >= _DEEPEST:
                raise MessageError(f"nested deeper than {_DEEPEST}")
            left, last_key = (argument, _NO_MAP) if major == _ARRAY else (argument * 2, b"")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return major type, argument, and where the head ends."""
    if at >= len(data):
        raise MessageError("not CBOR: it ends early")
    major, argument = data[at] >> 5, data[at] & 31
    at += 1
    if major == _TAG:
        raise MessageError("a CBOR tag, which link.cddl does not use")
    if major == _SIMPLE:
        if not _FALSE <= argument <= _NULL:
            raise MessageError("a CBOR float or simple value, which link.cddl does not use")
        return major, argument, at
    if argument < 24:
        return major, argument, at
    width = _WIDTHS.get(argument)
    if width is None:
        raise MessageError("an indefinite length, which is not the deterministic encoding")
    argument = int.from_bytes(data[at : at + width], "big")
    at += width
    if at > len(data):
        raise MessageError("not CBOR: it ends early")
    if argument < _LEAST[width]:
        raise MessageError("a number longer than needed, which is not the deterministic encoding")
    return major, argument, at


def _key_after(last: bytes | None, major: int, key: bytes) -> bytes:
    """Return a map's key, if it may follow the last one."""
    if major != _TEXT:
        raise MessageError("a map key that is not text")
    if key <= (last or b""):
        raise MessageError("map keys out of order or twice, which is not the deterministic encoding")
    return key

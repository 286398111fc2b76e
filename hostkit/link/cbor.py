"""The part of CBOR that ``link.cddl`` uses, in the deterministic encoding of RFC 8949 4.2.1. Sans-IO.

Allowed are integers of 64 bits, byte and text strings, arrays, maps with text keys, true, false and null.
cbor2 builds the values; a scan before it keeps everything else away from it: tags (whose decoders raise
whatever they like, and can be made to hang), floats, indefinite lengths, numbers longer than needed, keys
out of order or twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cbor2

from hostkit.link.errors import MessageError

_DEEPEST = 16  # link.cddl nests five deep
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_FALSE, _NULL = 20, 22
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}


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


@dataclass(slots=True)
class _Open:
    """An array or map under way; a map counts keys and values."""

    left: int
    is_map: bool
    last_key: bytes = b""


def _refuse_foreign(data: bytes) -> None:
    """Raise unless ``data`` is exactly one value of the allowed part, deterministically encoded."""
    at = 0
    stack = [_Open(1, False)]
    while stack:
        top = stack[-1]
        if not top.left:
            stack.pop()
            continue
        is_key = top.is_map and top.left % 2 == 0
        top.left -= 1
        start = at
        major, argument, at = _head(data, at)
        if major in (_BYTES, _TEXT):
            at += argument
            if at > len(data):
                raise MessageError("not CBOR: it ends early")
        elif major in (_ARRAY, _MAP):
            stack.append(_Open(argument * (1 + (major == _MAP)), major == _MAP))
            if len(stack) > _DEEPEST:
                raise MessageError(f"nested deeper than {_DEEPEST}")
        if is_key:
            _check_key(top, major, data[start:at])
    if at != len(data):
        raise MessageError(f"{len(data) - at} bytes follow the value")


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


def _check_key(top: _Open, major: int, key: bytes) -> None:
    if major != _TEXT:
        raise MessageError("a map key that is not text")
    if key <= top.last_key:
        raise MessageError("map keys out of order or twice, which is not the deterministic encoding")
    top.last_key = key

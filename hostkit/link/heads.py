"""How a message begins, without the rest being decoded: for who looks for a few among very many. Sans-IO.

What begins like a message need not be one: that only :func:`hostkit.link.messages.decode_message` says. But
whatever it takes begins as here, as every message has one encoding. Numbers are given as they are encoded,
which tells them apart as well; :func:`number` decodes one.
"""

from __future__ import annotations

import re

EVENT = b"\x83\x02"
"""How the event of a live frame begins: an array of three, and the kind of message."""

_NUMBER = rb"([\x00-\x17]|\x18.|\x19..|\x1a.{4}|\x1b.{8})"
_REQUEST = re.compile(rb"\x84\x00" + _NUMBER + _NUMBER, re.DOTALL)
_REPLY = re.compile(rb"\x85\x01" + _NUMBER + _NUMBER, re.DOTALL)


def request_head(payload: bytes) -> tuple[bytes, bytes] | None:
    """Return id and operation of what may be a request, None of what is none."""
    found = _REQUEST.match(payload)
    return None if found is None else (found[1], found[2])


def reply_head(payload: bytes) -> tuple[bytes, bytes] | None:
    """Return the request's id and the boot nonce of what may be a reply, None of what is none."""
    found = _REPLY.match(payload)
    return None if found is None else (found[1], found[2])


def number(encoded: bytes) -> int:
    """Return the number that is encoded as a part of a head."""
    return int.from_bytes(encoded[1:], "big") if len(encoded) > 1 else encoded[0]

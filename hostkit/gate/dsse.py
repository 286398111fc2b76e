"""DSSE envelopes: bytes with a signature over exactly them and their type. Pure but for the signing itself.

The format is the Dead Simple Signing Envelope 1.0 of the in-toto project. What is signed is not the
payload but its pre-authentication encoding, so that nothing signed as one type can pass as another.
``cryptography`` is imported where something is signed or checked, never at start-up.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from hostkit.errors import InvalidError
from hostkit.files import pretty_json, strict_json

_FIELDS = {"payload", "payloadType", "signatures"}


class EnvelopeError(InvalidError):
    """Bytes are no envelope, or its signature does not hold (exit 4)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and one Ed25519 signature by the key that ``key_id`` names."""

    payload: bytes
    payload_type: str
    key_id: str
    signature: bytes

    def to_json(self) -> bytes:
        """Return the envelope as it is written: the one way that :func:`read_envelope` takes."""
        return pretty_json(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [{"keyid": self.key_id, "sig": base64.b64encode(self.signature).decode()}],
            }
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: what a signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def read_envelope(data: bytes) -> Envelope:
    """Return what an envelope holds; its signature is not checked here.

    Raises :class:`EnvelopeError` for anything but the very bytes that :meth:`Envelope.to_json` writes: so
    no bit of the file can be changed without its being noticed, those that base64 does not use included.
    """
    try:
        value = strict_json(data)
        if not isinstance(value, dict) or value.keys() != _FIELDS:
            raise ValueError(f"its fields are not {', '.join(sorted(_FIELDS))}")
        (signature,) = value["signatures"]
        envelope = Envelope(
            _decoded(value["payload"]),
            _text(value["payloadType"]),
            _text(signature["keyid"]),
            _decoded(signature["sig"]),
        )
        if envelope.to_json() != data:
            raise ValueError("it is not written as envelopes are")
    except (ValueError, TypeError, KeyError) as error:
        raise EnvelopeError(
            f"no envelope with one signature: {error}", hint="it was edited, or cut"
        ) from error
    return envelope


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error

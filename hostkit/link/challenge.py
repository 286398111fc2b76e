"""A question that a recording cannot answer, and what the answer to it must be. Sans-IO.

The host draws the question; the running image digests it together with its own build id, MAC and boot
nonce (``digest`` in ``firmware/protocol/link.cddl``). Whoever has all of it can compute it again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from hostkit.link.errors import MessageError
from hostkit.link.fields import sequence, text

LEAST_BYTES, QUESTION_BYTES = 16, 32
"""What link.cddl allows; hostkit asks with the most."""

DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question with what a board answered. ``question`` and ``digest`` in hex, as evidence keeps them."""

    question: str
    digest: str
    build: str
    mac: str
    nonce: int  # the boot nonce of the reply

    @property
    def expected(self) -> str:
        """The digest that belongs to question, build, MAC and nonce; "" where they are none at all."""
        try:
            question, octets = bytes.fromhex(self.question), bytes.fromhex(self.mac.replace(":", ""))
            if not LEAST_BYTES <= len(question) <= QUESTION_BYTES:
                return ""
            return digest_of(question, self.build, octets, self.nonce).hex()
        except (ValueError, OverflowError):
            return ""

    @property
    def holds(self) -> bool:
        """True when the answer is right for its question: it was computed after that was asked."""
        return bool(self.digest) and self.digest == self.expected


def digest_of(question: bytes, build: str, mac: bytes, nonce: int) -> bytes:
    """Return what a board must answer. ``mac`` has 6 octets; ``nonce`` is below 2^32."""
    return hashlib.sha256(question + build.encode() + mac + nonce.to_bytes(4, "little")).digest()


def answered(body: Any, question: bytes, nonce: int) -> Challenge:
    """Parse the reply to challenge. Raises :class:`MessageError` for what link.cddl does not describe."""
    digest, build, mac = sequence(body, "challenge", 3)
    if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
        raise MessageError(f"challenge digest: expected a byte string of {DIGEST_BYTES}")
    build, mac = text(build, "challenge build"), text(mac, "challenge mac")
    return Challenge(question.hex(), digest.hex(), build, mac, nonce)

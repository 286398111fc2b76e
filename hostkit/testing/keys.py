"""Signers for tests: each seed is a key of its own, the same every time."""

from __future__ import annotations

from hostkit.gate.keys import Signer


def a_signer(seed: int = 1) -> Signer:
    """Return a signer whose key is kept nowhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), f"the test key {seed}")

"""What a bundle states, and who of the trusted signed it."""

from __future__ import annotations

from collections.abc import Sequence

from hostkit.gate.dsse import Envelope, EnvelopeError, read_envelope
from hostkit.gate.folder import Folder
from hostkit.gate.keys import PublicKey
from hostkit.gate.seal import SEAL
from hostkit.gate.statement import Statement, read_statement


def signed_statement(folder: Folder, trusted: Sequence[PublicKey]) -> tuple[Statement, PublicKey]:
    """Return what a bundle states and who of the trusted signed it. Raises :class:`InvalidError`."""
    if SEAL not in folder.files:
        raise EnvelopeError("it is not there: nothing is signed", hint="run the gate again")
    envelope = read_envelope(folder.files[SEAL])
    key = signer_of(envelope, trusted)
    return read_statement(envelope), key


def signer_of(envelope: Envelope, trusted: Sequence[PublicKey]) -> PublicKey:
    """Return the trusted key that signed an envelope. Raises :class:`EnvelopeError` when none did."""
    for key in trusted:
        if key.key_id == envelope.key_id:
            key.check(envelope)
            return key
    known = ", ".join(key.key_id[:16] for key in trusted) or "none"
    raise EnvelopeError(
        f"the key {envelope.key_id[:16] or '(none)'} that it names is not trusted here ({known})",
        hint="trust a key with `hostkit keys trust FILE`, or run the gate again",
    )

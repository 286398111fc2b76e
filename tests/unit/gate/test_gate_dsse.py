"""DSSE envelopes: the specification's own vector, and no bit that does not count."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from hostkit.gate.dsse import EnvelopeError, pae, read_envelope
from hostkit.testing.keys import a_signer

SIGNED = a_signer().sign("application/x", b'{"a": 1}')
DATA = SIGNED.to_json()


def test_what_is_signed_is_the_encoding_that_the_specification_shows() -> None:
    shown = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == shown


def test_an_envelope_is_read_as_it_was_written_and_its_signature_holds() -> None:
    assert read_envelope(DATA) == SIGNED
    a_signer().public.check(read_envelope(DATA))


def test_a_program_of_others_reads_it_by_the_names_of_the_specification() -> None:
    value = json.loads(DATA)
    (signature,) = value["signatures"]
    payload = base64.b64decode(value["payload"])
    key = load_pem_public_key(a_signer().public.pem().encode())
    key.verify(  # type: ignore[call-arg, union-attr]
        base64.b64decode(signature["sig"]),
        b"DSSEv1 %d %s %d %s" % (len(value["payloadType"]), b"application/x", len(payload), payload),
    )


@pytest.mark.parametrize("position", range(len(DATA)))
def test_every_bit_of_an_envelope_counts(position: int) -> None:
    for bit in range(8):
        flipped = bytearray(DATA)
        flipped[position] ^= 1 << bit
        with pytest.raises(EnvelopeError):
            a_signer().public.check(read_envelope(bytes(flipped)))


@given(st.binary() | st.sampled_from([b"[" * 9000, b"{}", b"null", b'{"payload": 1}']))
def test_bytes_that_are_no_envelope_are_said_to_be_none(data: bytes) -> None:
    with pytest.raises(EnvelopeError, match="no envelope with one signature"):
        read_envelope(data)


def test_two_signatures_fields_of_more_and_other_spacing_are_refused() -> None:
    value = json.loads(DATA)
    twice = value | {"signatures": value["signatures"] * 2}
    for other in (twice, value | {"more": 1}, value | {"signatures": []}):
        with pytest.raises(EnvelopeError):
            read_envelope(json.dumps(other, sort_keys=True, indent=2).encode() + b"\n")
    with pytest.raises(EnvelopeError, match="not written as envelopes are"):
        read_envelope(json.dumps(value).encode())


def test_another_key_is_named_and_an_envelope_that_only_says_the_name_is_refused() -> None:
    other = a_signer(2).sign("application/x", b'{"a": 1}')
    with pytest.raises(EnvelopeError, match="it names the key") as caught:
        a_signer().public.check(other)
    assert "--key FILE" in caught.value.hint
    claimed = read_envelope(other.to_json().replace(other.key_id.encode(), SIGNED.key_id.encode()))
    with pytest.raises(EnvelopeError, match="not by the test key 1"):
        a_signer().public.check(claimed)
    retyped = read_envelope(DATA.replace(b"application/x", b"application/y"))
    with pytest.raises(EnvelopeError, match="not by the test key 1"):
        a_signer().public.check(retyped)

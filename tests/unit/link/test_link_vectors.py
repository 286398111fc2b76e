"""The golden vectors that C++ and Python share."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from cobs import cobs

from hostkit.link.challenge import Challenge
from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Frame, FrameDecoder, Reason, Text, encode_frame
from hostkit.link.messages import decode_message, encode_message, encode_value

VECTORS = json.loads(
    (Path(__file__).parents[3] / "firmware" / "protocol" / "vectors" / "link.json").read_text()
)


def plain(value: Any) -> Any:
    """Undo the JSON spelling of byte strings and maps."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return (
            bytes.fromhex(value["hex"])
            if "hex" in value
            else {key: plain(item) for key, item in value["map"].items()}
        )
    return value


def named(section: str) -> Any:
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda vector: vector["name"])


def test_the_vectors_cover_every_part() -> None:
    parts = ("crc32", "cobs", "sha256", "challenges", "messages", "broken", "streams")
    assert {len(VECTORS[part]) > 2 for part in parts} == {True}


@pytest.mark.parametrize(("data", "crc"), VECTORS["crc32"])
def test_crc_vectors_hold(data: str, crc: int) -> None:
    assert zlib.crc32(bytes.fromhex(data)) == crc


@pytest.mark.parametrize(("decoded", "encoded"), VECTORS["cobs"])
def test_cobs_vectors_hold(decoded: str, encoded: str) -> None:
    assert cobs.encode(bytes.fromhex(decoded)).hex() == encoded
    assert cobs.decode(bytes.fromhex(encoded)).hex() == decoded


@pytest.mark.parametrize(("data", "digest"), VECTORS["sha256"])
def test_sha_vectors_hold(data: str, digest: str) -> None:
    assert hashlib.sha256(bytes.fromhex(data)).hexdigest() == digest


@pytest.mark.parametrize("vector", VECTORS["challenges"])
def test_a_challenge_vector_is_what_the_host_expects(vector: dict[str, Any]) -> None:
    said = Challenge(*(vector[key] for key in ("question", "digest", "build", "mac", "nonce")))
    assert said.holds
    assert said.expected == vector["digest"]


@named("messages")
def test_a_message_vector_encodes_and_decodes(vector: dict[str, Any]) -> None:
    cbor, wire = bytes.fromhex(vector["cbor"]), bytes.fromhex(vector["wire"])
    assert encode_value(plain(vector["decoded"])) == cbor
    assert zlib.crc32(cbor) == vector["crc"]
    assert encode_frame(cbor) == wire
    assert FrameDecoder().feed(wire) == [Frame(cbor)]
    assert encode_message(decode_message(cbor)) == cbor


@named("broken")
def test_a_broken_vector_is_refused_for_its_reason(vector: dict[str, Any]) -> None:
    (piece,) = FrameDecoder().feed(bytes.fromhex(vector["wire"]))
    if vector["nak"] == "bad-cbor":
        assert isinstance(piece, Frame)
        with pytest.raises(MessageError):
            decode_message(piece.payload)
    else:
        assert isinstance(piece, Broken)
        assert piece.reason is Reason[vector["nak"].upper().replace("-", "_")]


@named("streams")
def test_a_stream_vector_falls_into_its_pieces(vector: dict[str, Any]) -> None:
    wanted = [
        Text(piece["text"].encode())
        if "text" in piece
        else Frame(cobs.decode(bytes.fromhex(piece["frame"]))[:-4])
        for piece in vector["pieces"]
    ]
    assert FrameDecoder().feed(bytes.fromhex(vector["wire"])) == wanted

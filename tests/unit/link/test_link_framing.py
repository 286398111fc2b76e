"""Framing: any split of any stream gives the same pieces, and nothing broken passes for a frame."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from cobs import cobs
from hypothesis import example, given
from hypothesis import strategies as st

from hostkit.link.framing import (
    MAX_CHUNK,
    MTU,
    Broken,
    Frame,
    FrameDecoder,
    FrameTooLongError,
    Piece,
    Reason,
    Text,
    encode_frame,
    is_text,
)

payloads = st.binary(min_size=1, max_size=300)
stretches = st.one_of(
    payloads.map(encode_frame),
    st.binary(max_size=80),
    st.sampled_from([b"\0", b"\0\0", b"rst:0x1 (POWERON_RESET)\r\n", b"\xe6\xbc\xa2\n", b"\xff" * 40]),
    st.builds(
        lambda text, n: text * n, st.sampled_from([b"A", b"\x85\x01", "é".encode()]), st.integers(1, 5000)
    ),
)
streams = st.lists(stretches, max_size=6).map(b"".join)


def pieces_of(data: bytes, cuts: list[int]) -> list[Piece]:
    decoder = FrameDecoder()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        pieces += decoder.feed(data[start:end])
    return pieces + decoder.feed(b"\0")


@given(payloads)
@example(bytes(MTU))
@example(b"\xff" * MTU)
def test_a_frame_comes_back_as_it_was(payload: bytes) -> None:
    assert FrameDecoder().feed(encode_frame(payload)) == [Frame(payload)]


@given(payloads)
def test_a_frame_holds_no_zero_inside_and_one_at_each_end(payload: bytes) -> None:
    wire = encode_frame(payload)
    assert wire[0] == wire[-1] == 0
    assert 0 not in wire[1:-1]
    assert cobs.decode(wire[1:-1]) == payload + zlib.crc32(payload).to_bytes(4, "little")


@given(streams, st.lists(st.integers(0, 1 << 16), max_size=8))
def test_any_split_of_any_stream_gives_the_same_pieces(data: bytes, cuts: list[int]) -> None:
    assert pieces_of(data, cuts) == pieces_of(data, [])


@given(streams)
def test_a_stream_fed_byte_by_byte_gives_the_same_pieces(data: bytes) -> None:
    data = data[:1500]
    assert pieces_of(data, list(range(len(data)))) == pieces_of(data, [])


@given(streams, payloads)
def test_a_frame_survives_whatever_stood_before_it(noise: bytes, payload: bytes) -> None:
    assert pieces_of(noise + encode_frame(payload), [])[-1] == Frame(payload)


@given(payloads, st.data())
def test_a_flipped_bit_never_yields_another_payload(payload: bytes, data: st.DataObject) -> None:
    wire = bytearray(encode_frame(payload))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    frames = [piece for piece in pieces_of(bytes(wire), []) if isinstance(piece, Frame)]
    assert frames in (
        [],
        [Frame(payload)],
    )  # the second: a delimiter of the pair was hit, the other one serves


@given(payloads, st.data())
def test_a_lost_or_doubled_byte_never_yields_another_payload(payload: bytes, data: st.DataObject) -> None:
    wire = encode_frame(payload)
    at = data.draw(st.integers(1, len(wire) - 2))
    changed = wire[:at] + wire[at:][:1] * (2 * data.draw(st.booleans())) + wire[at + 1 :]
    frames = [piece for piece in pieces_of(changed, []) if isinstance(piece, Frame)]
    assert frames in ([], [Frame(payload)])


@given(streams)
def test_the_decoder_keeps_no_more_than_one_chunk(data: bytes) -> None:
    decoder = FrameDecoder()
    for start in range(0, len(data), 997):
        decoder.feed(data[start : start + 997])
        assert len(decoder._rest) <= MAX_CHUNK


def test_a_flood_without_delimiters_is_told_once_and_then_skipped() -> None:
    decoder = FrameDecoder()
    pieces = [piece for _ in range(50) for piece in decoder.feed(b"\x85\x01" * 5000)]
    assert [piece.reason for piece in pieces if isinstance(piece, Broken)] == [Reason.TOO_LONG]
    assert decoder.feed(b"\0" + encode_frame(b"after")) == [Frame(b"after")]


def test_a_flood_of_text_is_given_out_in_pieces_and_nothing_of_it_is_lost() -> None:
    flood = b"0123456789abcdef" * 2000
    decoder = FrameDecoder()
    texts = [piece.data for piece in decoder.feed(flood) + decoder.feed(b"\0") if isinstance(piece, Text)]
    assert b"".join(texts) == flood
    assert max(map(len, texts)) <= MAX_CHUNK


def test_a_long_text_is_never_cut_inside_a_character() -> None:
    flood = "a" + "漢" * 3000
    decoder = FrameDecoder()
    pieces = decoder.feed(flood.encode()) + decoder.feed(b"\0")
    assert all(isinstance(piece, Text) for piece in pieces)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Text)) == flood


def test_text_between_frames_is_text() -> None:
    stream = encode_frame(b"\x85a") + b"Guru Meditation\r\n" + encode_frame(b"\x85b")
    assert FrameDecoder().feed(stream) == [Frame(b"\x85a"), Text(b"Guru Meditation\r\n"), Frame(b"\x85b")]


def test_boot_text_after_half_a_reply_can_be_read_from_the_broken_piece() -> None:
    half = encode_frame(b"\x85" + bytes(range(1, 60)))[:30]
    (broken,) = FrameDecoder().feed(half + b"ets Jul 29 2019\r\n\0")
    assert isinstance(broken, Broken)
    assert broken.text.endswith("ets Jul 29 2019\r\n")


def test_a_printable_end_of_a_few_bytes_is_no_text() -> None:
    assert Broken(Reason.BAD_CRC, b"\xff\x01abc").text == ""


def test_text_under_way_is_given_out_when_the_line_is_idle() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b"waiting for downl") == []
    assert decoder.flush_text() == [Text(b"waiting for downl")]
    assert decoder.feed(b"oad\r\n\0") == [Text(b"oad\r\n")]


def test_what_continues_a_flushed_text_is_never_a_frame() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"text")
    decoder.flush_text()
    assert decoder.feed(encode_frame(b"\x85\x01")[1:]) != [Frame(b"\x85\x01")]


@given(st.integers(0, 400))
def test_a_frame_under_way_is_never_flushed_as_text(cut: int) -> None:
    # 0x83..0x85 open every message of link.cddl
    wire = encode_frame(b"\x85" + b"printable text " * 20)
    decoder = FrameDecoder()
    decoder.feed(wire[:cut])
    assert decoder.flush_text() == []
    frames = decoder.feed(wire[cut:])
    assert Frame(b"\x85" + b"printable text " * 20) in frames or cut >= len(wire)


def test_a_payload_over_the_mtu_is_refused_in_words() -> None:
    with pytest.raises(FrameTooLongError) as caught:
        encode_frame(bytes(MTU + 1))
    assert "2049 bytes" in caught.value.message
    assert caught.value.hint == "send less in one request"


def test_a_received_payload_over_the_mtu_is_broken_though_its_crc_holds() -> None:
    payload = bytes(MTU + 1)
    wire = cobs.encode(payload + zlib.crc32(payload).to_bytes(4, "little"))
    (piece,) = FrameDecoder().feed(wire + b"\0")
    assert isinstance(piece, Broken)
    assert piece.reason is Reason.TOO_LONG


@pytest.mark.parametrize(
    ("data", "printable"),
    [
        (b"", True),
        (b"line\r\n\ttab \x1b[0m", True),
        ("Übertragung 漢".encode(), True),
        (b"\x00", False),
        (b"\x07bell", False),
        (b"half a character \xe6\xbc", False),
        (b"\xff\xfe", False),
        ("é\x01".encode(), False),
    ],
)
def test_text_is_what_a_terminal_could_show(data: bytes, printable: bool) -> None:
    assert is_text(data) is printable

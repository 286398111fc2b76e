from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.slip import Decoder, encode


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(data[start : start + size])
        start += size
    return [*pieces, data[start:]]


@given(st.lists(st.binary(min_size=1)), st.lists(st.integers(0, 40)))
def test_packets_survive_any_cutting_of_the_stream(packets: list[bytes], sizes: list[int]) -> None:
    decoder = Decoder()
    stream = b"".join(encode(packet) for packet in packets)
    assert [found for piece in cut(stream, sizes) for found in decoder.feed(piece)] == packets
    assert decoder.dropped == 0


def test_the_delimiter_and_the_escape_are_escaped() -> None:
    assert encode(b"\xc0\xdb\x01") == b"\xc0\xdb\xdc\xdb\xdd\x01\xc0"


def test_empty_frames_are_nothing() -> None:
    assert Decoder().feed(b"\xc0\xc0\xc0\x01\xc0") == [b"\x01"]


def test_a_broken_escape_drops_its_frame_and_no_other() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xc0\xdb\x01\xc0" + encode(b"next") + b"\xc0\xdb\xc0") == [b"next"]
    assert decoder.dropped == 2


def test_a_frame_beyond_the_limit_is_dropped_and_costs_no_memory() -> None:
    decoder = Decoder(limit=100)
    for _ in range(50):
        assert decoder.feed(b"x" * 90) == []
        assert len(decoder._open) <= 100
    assert decoder.feed(b"\xc0" + encode(b"next")) == [b"next"]
    assert decoder.dropped == 1


@given(st.lists(st.binary()))
def test_no_bytes_make_it_raise_and_it_always_recovers(pieces: list[bytes]) -> None:
    decoder = Decoder(limit=64)
    for piece in pieces:
        decoder.feed(piece)
    assert decoder.feed(b"\xc0" + encode(b"sane"))[-1:] == [b"sane"]

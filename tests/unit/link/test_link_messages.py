"""Messages: one encoding each, and hostile bytes raise the codec's own error alone."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostkit.link.cbor import encode_value
from hostkit.link.errors import MessageError
from hostkit.link.framing import Reason
from hostkit.link.messages import (
    FrameEvent,
    Level,
    Log,
    Message,
    Nak,
    Op,
    Reply,
    Request,
    Status,
    Tap,
    decode_message,
    encode_message,
    op_name,
)

u32 = st.integers(1, 0xFFFFFFFF)
u64 = st.integers(0, (1 << 64) - 1)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Request, u32, st.integers(0, 300), st.lists(values, max_size=4).map(tuple)),
    st.builds(Reply, u32, u32, st.sampled_from(Status), values),
    st.builds(FrameEvent, u32, u64, u64, u64, u64, st.integers(0, 0xFFFFFFFF), u64, u64),
    st.builds(Log, u32, st.sampled_from(Level), u64, st.text(max_size=60)),
    st.builds(Nak, u32, st.sampled_from(Reason), u64),
)


@given(messages)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=80))
@example(b"\x81" * 2000)  # nesting
@example(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff")  # an array of 2^64 items
@example(b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff")  # a byte string of 2^63 bytes
@example(b"\xc0\x60")  # tag 0: a date that is none
@example(b"\xd8\x1e\x82\x01\x00")  # tag 30: the fraction 1/0
@example(b"\xd8\x23\x61(")  # tag 35: a pattern that is none
@example(b"\xd8\x1c\x81\xd8\x1d\x00")  # tags 28 and 29: an array that holds itself
@example(b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01")  # tag 4: a decimal of 2^63 digits
@example(b"\xa1\xa0\x00")  # a map as a key
@example(b"\x62\xff\xff")  # text that is not UTF-8
def test_hostile_bytes_raise_nothing_but_the_codecs_own_error(data: bytes) -> None:
    try:
        message = decode_message(data)
    except MessageError:
        return
    assert encode_message(message) == data


@given(messages, st.data())
def test_a_message_with_changed_bytes_is_another_message_or_an_error(
    message: Message, data: st.DataObject
) -> None:
    raw = bytearray(encode_message(message))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_message(bytes(raw))
    except MessageError:
        return
    assert encode_message(decoded) == bytes(raw)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not CBOR"),
        (b"\x80", "a message is a CBOR array"),
        (b"\xa0", "a message is a CBOR array"),
        (cbor2.dumps([5]), "no such kind of message: 5"),
        (cbor2.dumps([True, 1]), "no such kind of message: True"),
        (cbor2.dumps([0, 1, 0]), "request: 2 fields where 3 belong"),
        (cbor2.dumps([0, 0, 0, []]), "request id: 0 is never used"),
        (cbor2.dumps([0, 1 << 32, 0, []]), "request id: expected an unsigned integer of 32 bits"),
        (cbor2.dumps([0, 1, 0, {}]), "request args: expected an array"),
        (cbor2.dumps([1, 1, 0, 0, None]), "reply nonce: 0 is never used"),
        (cbor2.dumps([1, 1, 1, 99, None]), "reply status: 99 is not in link.cddl"),
        (cbor2.dumps([2, 1, [1, 2]]), "event: expected an array of 7"),
        (
            cbor2.dumps([2, 1, [1, 2, 3, 4, 1 << 32, 6, 7]]),
            "event crc: expected an unsigned integer of 32 bits",
        ),
        (cbor2.dumps([2, 1, [1, 2, 3, 4, 5, 6, -1]]), "event dropped: expected an unsigned integer"),
        (cbor2.dumps([3, 1, 9, 0, "x"]), "log level: 9 is not in link.cddl"),
        (cbor2.dumps([3, 1, 0, 0, b"x"]), "log text: expected text, got b'x'"),
        (cbor2.dumps([4, 1, 4, 0]), "nak reason: 4 is not in link.cddl"),
        (b"\x84\x00\x18\x01\x00\x80", "deterministic"),  # 1 in two bytes
        (b"\x9f\x00\x01\x00\x80\xff", "deterministic"),  # an array without a length
        (b"\x84\x00\x01\x00\x80\x00", "bytes follow"),
        (b"\x84\x01\x01\x01\x00", "reply: 3 fields where 4 belong"),
        (b"\x85\x01\x01\x01\x00\xa1\x00\x00", "a map key that is not text"),
        (b"\x85\x01\x01\x01\x00\xfb" + bytes(8), "a CBOR float"),
        (b"\x85\x01\x01\x01\x00\xc0\x60", "a CBOR tag"),
        (b"\x85\x01\x01\x01\x00\x61\xff", "not CBOR"),
        (b"\x85\x01\x01\x01\x00\x58", "it ends early"),
        (b"\x85\x01\x01\x01\x00\x59\x01", "it ends early"),
        (b"\x85\x01\x01\x01\x00\x45abc", "it ends early"),
        (b"\x81" * 40, "nested deeper than 16"),
        (b"\x85\x01\x01\x01\x00\xa2\x61b\x00\x61a\x00", "deterministic"),  # keys out of order
        (b"\x85\x01\x01\x01\x00\xa2\x61a\x00\x61a\x00", "deterministic"),  # a key twice
    ],
)
def test_a_wrong_message_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(data)
    assert words in caught.value.message


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(encode_value([3, 1, 0, 0, ["x" * 500]]))
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    "value", [object(), 1 << 64, -(1 << 64) - 1, 0.5, {1: 2}, {1, 2}], ids=lambda value: type(value).__name__
)
def test_a_value_that_the_link_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(MessageError):
        encode_message(Request(1, 0, (value,)))


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(MessageError):
        encode_value(endless)


def test_numbers_are_those_of_the_contract() -> None:
    operations = "hello echo patterns describe configure output audio mode reset-state step run read"
    refusals = "unknown-op bad-args not-found wrong-mode out-of-range id-reused internal"
    assert " ".join(op.label for op in Op) == f"{operations} stats reboot save challenge"
    assert " ".join(tap.label for tap in Tap) == "linear gamma limited frame symbols wire"
    assert " ".join(status.label for status in Status) == f"ok {refusals}"
    assert [*map(int, Op)] == [*range(16)]


def test_an_operation_without_a_name_is_named_by_its_number() -> None:
    assert op_name(Op.RESET_STATE) == "reset-state"
    assert op_name(99) == "op 99"

"""How messages begin: every message is found by its head, with the numbers that decoding it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.link.framing import Reason
from hostkit.link.heads import EVENT, number, reply_head, request_head
from hostkit.link.messages import (
    FrameEvent,
    Level,
    Log,
    Message,
    Nak,
    Reply,
    Request,
    Status,
    encode_message,
)

U32 = st.integers(1, 0xFFFFFFFF)
U64 = st.integers(0, (1 << 64) - 1)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Request, U32, U64, st.just(())),
    st.builds(Reply, U32, U32, st.sampled_from(Status), st.none() | st.binary(max_size=9)),
    st.builds(FrameEvent, U32, U64, U64, U64, U64, U32, U64, U64),
    st.builds(Log, U32, st.sampled_from(Level), U64, st.text(max_size=9)),
    st.builds(Nak, U32, st.sampled_from(Reason), U64),
)


@given(MESSAGES)
def test_a_head_says_what_the_whole_message_says(message: Message) -> None:
    payload = encode_message(message)
    request, reply = request_head(payload), reply_head(payload)
    assert request is None or isinstance(message, Request)
    assert reply is None or isinstance(message, Reply)
    assert payload.startswith(EVENT) == isinstance(message, FrameEvent)
    if isinstance(message, Request):
        assert request is not None
        assert [number(each) for each in request] == [message.id, message.op]
    elif isinstance(message, Reply):
        assert reply is not None
        assert [number(each) for each in reply] == [message.id, message.nonce]


@pytest.mark.parametrize("number_of", [request_head, reply_head])
@given(st.binary(max_size=12))
def test_other_bytes_raise_nothing(number_of, data: bytes) -> None:
    number_of(data)
    number_of(b"\x84\x00" + data)
    number_of(b"\x85\x01" + data)


def test_a_head_that_is_cut_off_is_none() -> None:
    whole = encode_message(Reply(1 << 20, 1 << 30, Status.OK))
    assert reply_head(whole[:12]) is not None
    assert [reply_head(whole[:size]) for size in range(12)] == [None] * 12

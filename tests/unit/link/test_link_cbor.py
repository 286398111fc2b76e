"""CBOR values: the encoding is that of cbor2, and nothing else is taken."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostkit.link.cbor import decode_value, encode_value
from hostkit.link.errors import MessageError
from hostkit.link.messages import Op

_EDGES = [0, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 64) - 1]
_NUMBERS = st.integers(-(1 << 64), (1 << 64) - 1) | st.sampled_from(
    [*_EDGES, *(-1 - each for each in _EDGES)]
)
_LEAVES = st.none() | st.booleans() | _NUMBERS | st.binary(max_size=40) | st.text(max_size=20)
VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=40,
)


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def _typed(value: Any) -> Any:
    """Return a value that is equal only to one of the same types: 1 == True, in Python."""
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return type(value), value


@given(VALUES)
@example(b"x" * 70_000)
@example([0] * 300)
@example(_nested(14))
def test_a_value_is_encoded_as_cbor2_does_and_comes_back(value: Any) -> None:
    data = encode_value(value)
    assert data == cbor2.dumps(value, canonical=True)
    assert _typed(decode_value(data)) == _typed(value)


def test_tuples_and_enumerations_are_encoded_as_what_they_hold() -> None:
    assert encode_value((1, (Op.STEP,))) == encode_value([1, [9]]) == bytes.fromhex("82018109")
    assert encode_value(bytearray(b"ab")) == encode_value(b"ab")


@pytest.mark.parametrize(
    "value",
    [
        1 << 64,
        -1 - (1 << 64),
        [1, 0.5],
        [1, object()],
        {1: 2},
        "\ud800",
        ["\ud800"],
        _nested(15),
        _nested(2000),
        {"a": _nested(14)},
    ],
    ids=range(10),
)
def test_what_the_link_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(MessageError):
        encode_value(value)


@given(VALUES, st.data())
def test_changed_bytes_are_refused_or_are_what_cbor2_makes_of_their_value(
    value: Any, data: st.DataObject
) -> None:
    raw = bytearray(encode_value(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        found = decode_value(bytes(raw))
    except MessageError:
        return
    assert cbor2.dumps(found, canonical=True) == raw

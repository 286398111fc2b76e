"""Challenges: what a right answer is, and that every part of it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.link.challenge import Challenge
from hostkit.link.client import Link
from hostkit.link.errors import DeviceError
from hostkit.link.messages import Status
from hostkit.testing.clock import FakeClock
from hostkit.testing.gate import right_answer
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware

BUILD, MAC = "ab" * 32, "02:00:00:00:00:01"


def right(question: bytes, nonce: int = 7) -> Challenge:
    return right_answer(question, BUILD, MAC, nonce)


def test_a_short_question_is_none_however_right_its_answer() -> None:
    assert right(bytes(16)).holds
    assert not right(bytes(15)).holds
    assert not right(bytes(33)).holds


@given(st.binary(min_size=16, max_size=32), st.integers(1, (1 << 32) - 1))
def test_the_answer_to_a_question_holds(question: bytes, nonce: int) -> None:
    assert right(question, nonce=nonce).holds


@given(st.binary(min_size=16, max_size=32), st.binary(min_size=16, max_size=32))
def test_the_answer_to_another_question_does_not_hold(asked: bytes, other: bytes) -> None:
    replayed = replace(right(other), question=asked.hex())
    assert replayed.holds == (asked == other)


@pytest.mark.parametrize(
    "changed",
    [
        {"build": "ac" * 32},
        {"mac": "02:00:00:00:00:02"},
        {"nonce": 8},
        {"digest": "00" * 32},
        {"digest": ""},
        {"question": "zz"},
        {"question": ""},
        {"mac": "no mac"},
        {"nonce": 1 << 40},
        {"nonce": -1},
    ],
    ids=str,
)
def test_no_part_of_an_answer_can_be_swapped(changed: dict[str, object]) -> None:
    assert not replace(right(bytes(32)), **changed).holds  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 15, 33])
def test_a_question_of_another_length_is_refused(size: int) -> None:
    clock = FakeClock()
    host, line = MemoryTransport.pair(clock)
    FakeFirmware(line).boot()
    with pytest.raises(DeviceError) as caught:
        Link(host, clock).challenge(bytes(size))
    assert caught.value.status is Status.OUT_OF_RANGE


def test_the_answer_names_who_gave_it_in_which_boot() -> None:
    clock = FakeClock()
    host, line = MemoryTransport.pair(clock)
    firmware = FakeFirmware(line, build=BUILD)
    firmware.boot()
    said = Link(host, clock).challenge(bytes(range(32)))
    assert (said.build, said.mac, said.nonce) == (BUILD, firmware.mac, firmware.nonce)
    assert said.question == bytes(range(32)).hex()
    assert said.holds

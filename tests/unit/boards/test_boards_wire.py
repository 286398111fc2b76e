"""Faults and pacing of the serial line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.virtual.faults import Fault, FaultRequest, NoisyWire, parse_fault
from hostkit.boards.virtual.pacing import PacedLine
from hostkit.boards.virtual.wire import Wire
from hostkit.errors import UsageError

SECOND = 1_000_000_000


def noisy(fault: Fault, amount: float, seed: int = 1) -> NoisyWire:
    wire = NoisyWire(seed)
    wire.set(FaultRequest(fault, amount))
    return wire


@given(st.lists(st.binary()))
def test_a_clean_wire_changes_nothing(pieces: list[bytes]) -> None:
    wire = NoisyWire(0)
    assert b"".join(wire.carry(piece) for piece in pieces) == b"".join(pieces)


@pytest.mark.parametrize("fault", [Fault.CORRUPT, Fault.DROP, Fault.DUPLICATE])
@given(st.binary(min_size=1, max_size=400), st.lists(st.integers(1, 50)))
def test_the_same_seed_does_the_same_damage_however_the_stream_is_cut(
    fault: Fault, data: bytes, sizes: list[int]
) -> None:
    whole = noisy(fault, 20).carry(data)
    wire, out, start = noisy(fault, 20), b"", 0
    for size in sizes:
        out += wire.carry(data[start : start + size])
        start += size
    assert out + wire.carry(data[start:]) == whole


def test_corruption_flips_about_the_asked_share_of_bytes() -> None:
    data = bytes(100_000)
    out = noisy(Fault.CORRUPT, 5).carry(data)
    changed = sum(a != b for a, b in zip(data, out, strict=True))
    assert 4000 < changed < 6000
    assert all(bin(byte).count("1") <= 1 for byte in out)


def test_dropping_all_leaves_nothing() -> None:
    assert noisy(Fault.DROP, 100).carry(b"abc") == b""


def test_duplicating_all_doubles_every_byte() -> None:
    assert noisy(Fault.DUPLICATE, 100).carry(b"abc") == b"aabbcc"


def test_zero_percent_switches_a_fault_off() -> None:
    wire = noisy(Fault.DROP, 100)
    wire.set(FaultRequest(Fault.DROP, 0))
    assert wire.faults == {}
    assert wire.carry(b"abc") == b"abc"


def test_other_seeds_do_other_damage() -> None:
    data = bytes(1000)
    assert noisy(Fault.CORRUPT, 5, seed=1).carry(data) != noisy(Fault.CORRUPT, 5, seed=2).carry(data)


def test_hold64_keeps_back_what_ends_on_a_block_until_more_comes() -> None:
    wire = noisy(Fault.HOLD64, 1)
    assert wire.carry(bytes(63)) == bytes(63)
    assert wire.carry(bytes(128)) == b""
    assert wire.carry(b"x") == bytes(128) + b"x"


def test_what_was_held_back_comes_free_when_the_fault_ends() -> None:
    wire = noisy(Fault.HOLD64, 1)
    wire.carry(bytes(64))
    assert wire.set(FaultRequest(Fault.CLEAR)) == bytes(64)
    assert wire.faults == {}


@pytest.mark.parametrize(
    ("word", "amount", "message"),
    [
        ("corupt", None, "there is no fault 'corupt'"),
        ("corrupt", None, "needs a percentage"),
        ("drop", 101.0, "needs a percentage"),
        ("drop", float("nan"), "needs a percentage"),
        ("unplug", 3.0, "takes no amount"),
    ],
)
def test_an_impossible_fault_is_refused_with_a_hint(word: str, amount: float | None, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_fault(word, amount)
    assert caught.value.hint


def test_an_unpaced_line_delivers_at_once() -> None:
    line = PacedLine()
    line.push(b"abc", 5)
    assert line.pull(5) == b"abc"
    assert line.deadline_ns is None


def test_a_paced_line_takes_ten_bits_a_byte() -> None:
    line = PacedLine(9600)
    line.push(bytes(960), 0)
    assert line.pull(0) == b""
    assert len(line.pull(SECOND // 2)) == 480
    assert len(line.pull(SECOND)) == 480
    assert line.deadline_ns is None


def test_a_paced_line_is_not_taken_byte_by_byte_however_often_it_is_looked_at() -> None:
    line = PacedLine(2_000_000)
    line.push(bytes(2000), 0)
    pieces = [line.pull(now) for now in range(0, SECOND // 90, 5_000)]
    sizes = [len(piece) for piece in pieces if piece]
    assert sum(sizes) == 2000
    assert len(sizes) == 5


def test_an_idle_paced_line_saves_up_no_time() -> None:
    line = PacedLine(9600)
    line.push(b"a", 0)
    line.pull(SECOND)
    line.push(bytes(960), 10 * SECOND)
    assert line.pull(10 * SECOND) == b""
    assert len(line.pull(11 * SECOND)) == 960


@given(st.integers(300, 3_000_000), st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=10))
def test_following_the_deadlines_delivers_everything_in_order_and_not_too_early(
    baud: int, pieces: list[bytes]
) -> None:
    line, out, now = PacedLine(baud), b"", 0
    for piece in pieces:
        line.push(piece, now)
    while (due := line.deadline_ns) is not None:
        assert due >= now
        now = due
        out += line.pull(now)
        assert len(out) * 10 * SECOND <= (now + 1) * baud + 10 * SECOND
    assert out == b"".join(pieces)
    exact = len(out) * 10 * SECOND // baud
    assert exact <= now <= exact + len(out) * 12 + 10


def test_a_wire_damages_both_directions_and_says_so() -> None:
    wire = Wire(seed=3, paced=False)
    wire.set_fault(FaultRequest(Fault.DROP, 100), 0)
    assert wire.from_host(b"abc", 0) == b""
    wire.send(b"abc", 0)
    assert wire.to_host(0) == b""
    assert wire.faults == {"drop": 100}


def test_hold64_is_a_fault_of_the_way_to_the_host_only() -> None:
    wire = Wire(seed=3, paced=False)
    wire.set_fault(FaultRequest(Fault.HOLD64), 0)
    assert wire.from_host(bytes(64), 0) == bytes(64)
    wire.send(bytes(64), 0)
    assert wire.to_host(0) == b""
    wire.set_fault(FaultRequest(Fault.CLEAR), 0)
    assert wire.to_host(0) == bytes(64)


def test_a_paced_wire_has_the_speed_of_the_port() -> None:
    wire = Wire(seed=0, paced=True)
    wire.set_baud(9600)
    assert wire.from_host(bytes(96), 0) == b""
    assert wire.waiting == 96
    assert wire.deadline_ns is not None
    assert len(wire.from_host(b"", SECOND // 10)) == 96

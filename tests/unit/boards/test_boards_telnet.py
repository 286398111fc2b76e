from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.virtual.telnet import Setting, TelnetPort

IAC, SB, SE = b"\xff", b"\xfa", b"\xf0"


def sub(*values: int) -> bytes:
    body = bytes(values).replace(IAC, IAC + IAC)
    return IAC + SB + b"\x2c" + body + IAC + SE


@given(st.binary(), st.lists(st.integers(0, 10)))
def test_serial_data_survives_escaping_and_any_cutting(data: bytes, sizes: list[int]) -> None:
    port, wire, out, start = TelnetPort(), TelnetPort.escape(data), b"", 0
    for size in sizes:
        out += port.feed(wire[start : start + size])[0]
        start += size
    assert out + port.feed(wire[start:])[0] == data


def test_the_baud_rate_is_taken_and_confirmed() -> None:
    port = TelnetPort()
    _, answer, _ = port.feed(sub(1, 0, 14, 16, 0))
    assert port.baud == 921_600
    assert answer == sub(101, 0, 14, 16, 0)


def test_a_baud_rate_of_zero_only_asks() -> None:
    port = TelnetPort(115_200)
    assert port.feed(sub(1, 0, 0, 0, 0))[1] == sub(101, 0, 1, 0xC2, 0)
    assert port.baud == 115_200


def test_dtr_and_rts_move_the_lines_in_order_and_are_confirmed() -> None:
    port = TelnetPort()
    _, answer, settings = port.feed(sub(5, 8) + sub(5, 11) + sub(5, 9))
    assert settings == [
        Setting(lines=(True, False)),
        Setting(lines=(True, True)),
        Setting(lines=(False, True)),
    ]
    assert answer == sub(105, 8) + sub(105, 11) + sub(105, 9)


def test_the_lines_can_be_asked_for() -> None:
    port = TelnetPort()
    port.feed(sub(5, 8))
    assert port.feed(sub(5, 7) + sub(5, 10))[1] == sub(105, 8) + sub(105, 12)


def test_a_purge_is_told_and_confirmed() -> None:
    _, answer, settings = TelnetPort().feed(sub(12, 3))
    assert settings == [Setting(purge=True)]
    assert answer == sub(112, 3)


def test_framing_is_confirmed_as_asked_and_eight_bits_without_being_asked() -> None:
    assert TelnetPort().feed(sub(2, 7))[1] == sub(102, 7)
    assert TelnetPort().feed(sub(2, 0))[1] == sub(102, 8)


def test_options_that_the_port_has_are_agreed_once() -> None:
    port = TelnetPort()
    assert port.feed(b"\xff\xfd\x00")[1] == b"\xff\xfb\x00"
    assert port.feed(b"\xff\xfd\x00")[1] == b""


def test_unknown_options_are_declined() -> None:
    assert TelnetPort().feed(b"\xff\xfd\x18\xff\xfb\x18")[1] == b"\xff\xfc\x18\xff\xfe\x18"


def test_an_endless_subnegotiation_is_cut_off() -> None:
    port = TelnetPort()
    for _ in range(1000):
        port.feed(b"\xff\xfa" + b"x" * 100)
    assert port._sub is None or len(port._sub) <= 64


@given(
    st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([IAC, IAC + SE, IAC + SB, sub(), sub(1), sub(5)]))
    )
)
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    port = TelnetPort()
    for piece in pieces:
        _, answer, _ = port.feed(piece)
        assert len(answer) <= 16 * len(piece) + 64

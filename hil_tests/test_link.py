"""The link carries every byte, and says so when it does not."""

import json
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from hostkit.link.errors import DeviceError
from hostkit.link.framing import Text, encode_frame
from hostkit.link.messages import Mode, Nak, Op, Request, Status, Tap, encode_message
from hostkit.link.session import Stray

pytestmark = pytest.mark.rung("linked")

VECTORS = json.loads(
    (Path(__file__).parents[1] / "firmware/protocol/vectors/link.json").read_text(encoding="utf-8")
)
BROKEN = {vector["name"]: vector for vector in VECTORS["broken"]}
SIZES = (0, 1, 2, 3, 31, 62, 63, 64, 65, 66, 127, 128, 129, 191, 192, 193, 253, 254, 255, 256, 257, 511, 512)
ID = 0x7FFF_0001


def unasked(link, kind):
    """Return the first message of a kind that comes without being asked for."""
    for _ in range(20):
        for item in link.receive(0.1):
            if isinstance(item, kind):
                return item
    return None


def refusal(link, op, *args):
    with pytest.raises(DeviceError) as caught:
        link.request(op, args, lambda body: body)
    return caught.value.status


def said(value):
    """Return an operation or its arguments as a test's id."""
    return value.name.lower() if isinstance(value, Op) else ",".join(map(repr, value))


@pytest.mark.parametrize("size", SIZES, ids="{}B".format)
def test_an_echo_of_any_size_comes_back(link, size):
    data = bytes((i * 7 + size) & 0xFF for i in range(size))
    assert link.echo(data) == data


def test_every_byte_value_comes_back(link):
    assert link.echo(bytes(range(256))) == bytes(range(256))
    for value in range(256):
        assert link.echo(bytes([value]) * 3) == bytes([value]) * 3


@pytest.mark.parametrize("value", [0x00, 0x01, 0x0A, 0x0D, 0x11, 0x13, 0xFF], ids="{:#04x}".format)
def test_long_runs_of_a_byte_that_lines_like_to_eat_come_back(link, value):
    assert link.echo(bytes([value]) * 512) == bytes([value]) * 512


def test_the_round_trip_is_measured(link, measure):
    resends = link.resends
    times = []
    for _ in range(50):
        began = perf_counter()
        link.echo(b"12345678")
        times.append(perf_counter() - began)
    measure("echo round trip, median", median(times) * 1e6, "us")
    measure("echo round trip, worst", max(times) * 1e6, "us")
    assert link.resends == resends


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_is_answered_by_a_nak_and_nothing_else_breaks(link, name):
    broken = BROKEN[name]
    before = link.stats().frames_broken
    link.raw(bytes.fromhex(broken["wire"]))
    nak = unasked(link, Nak)
    assert nak is not None, "no NAK came"
    assert nak.reason.name.lower().replace("_", "-") == broken["nak"]
    assert link.stats().frames_broken == before + 1 == nak.lost
    assert link.echo(b"still here") == b"still here"


def answer(link, message):
    """Send a message as it is; return what comes back, a reply or a NAK."""
    link.raw(encode_frame(message))
    return unasked(link, Stray | Nak)


def test_a_request_as_long_as_the_mtu_is_read(board, link):
    """And as long as its frame can get, having no zero; one byte more is among the broken frames."""
    short = encode_message(Request(ID + 2, Op.CHALLENGE, (b"\x55" * 256,)))
    fill = b"\x55" * (256 + board.identity.mtu - len(short))
    long = encode_message(Request(ID + 2, Op.CHALLENGE, (fill,)))
    assert len(long) == board.identity.mtu
    came = answer(link, long)
    assert isinstance(came, Stray), f"refused: {came}"
    assert came.reply.status is Status.OUT_OF_RANGE


def test_256_frames_are_drawn_at_once_and_not_one_more(link):
    link.configure("solid")
    assert len(link.run(0, 1000, 256)) == 256
    assert refusal(link, Op.RUN, 0, 1000, 257, int(Tap.FRAME)) is Status.OUT_OF_RANGE


def test_text_between_frames_does_no_harm(link):
    before = link.stats().frames_broken
    link.raw(b"\r\nAT+GMR\r\nhelp\r\n")
    assert link.echo(b"still here") == b"still here"
    assert link.stats().frames_broken == before


def test_a_bare_newline_gets_a_banner_for_people(link):
    link.receive(0)
    link.raw(b"\n")
    banner = unasked(link, Text)
    assert banner is not None, "the board stays mute"
    assert "led-controller" in banner.text


def test_a_repeated_request_is_executed_once(link):
    wire = encode_frame(encode_message(Request(ID, Op.STEP, (16_000,))))
    before = link.stats()
    link.raw(wire)
    first = unasked(link, Stray)
    link.raw(wire)
    second = unasked(link, Stray)
    assert first is not None, "no reply came"
    assert first == second
    after = link.stats()
    assert after.frames == before.frames + 1
    assert after.repeats > before.repeats, "a repeated request is not counted"


def test_an_id_with_another_content_is_refused(link):
    link.raw(encode_frame(encode_message(Request(ID + 1, Op.ECHO, (b"a",)))))
    assert unasked(link, Stray).reply.status is Status.OK
    link.raw(encode_frame(encode_message(Request(ID + 1, Op.ECHO, (b"b",)))))
    assert unasked(link, Stray).reply.status is Status.ID_REUSED


@pytest.mark.parametrize("op", [16, 99, 255, 70_000], ids="op{}".format)
def test_an_unknown_operation_is_refused(link, op):
    assert refusal(link, op) is Status.UNKNOWN_OP


@pytest.mark.parametrize(
    ("op", "args"),
    [
        (Op.HELLO, (1,)),
        (Op.ECHO, ()),
        (Op.ECHO, ("text",)),
        (Op.ECHO, (b"", b"")),
        (Op.CONFIGURE, ("solid", -1, {})),
        (Op.CONFIGURE, ("solid", 1 << 32, {})),
        (Op.CONFIGURE, ("solid", 0, [])),
        (Op.CONFIGURE, ("solid", 0, {"colour": "red"})),
        (Op.OUTPUT, (255,)),
        (Op.AUDIO, (0, 0, [0] * 7)),
        (Op.AUDIO, (65_536, 0, [0] * 8)),
        (Op.MODE, (2, 0)),
        (Op.STEP, ("now",)),
        (Op.RUN, (0, 0, 1)),
        (Op.READ, (3, 0, 0, None)),
        (Op.CHALLENGE, ("who are you?",)),
    ],
    ids=said,
)
def test_wrong_arguments_are_refused(link, op, args):
    assert refusal(link, op, *args) is Status.BAD_ARGS


@pytest.mark.parametrize(
    ("op", "args"),
    [
        (Op.DESCRIBE, ("no-such",)),
        (Op.CONFIGURE, ("no-such", 0, {})),
        (Op.RUN, (0, 0, 1, 6)),
        (Op.READ, (6, 0, 0, 1)),
        (Op.READ, (3, 9, 0, 1)),
    ],
    ids=said,
)
def test_what_does_not_exist_is_not_found(link, op, args):
    assert refusal(link, op, *args) is Status.NOT_FOUND


@pytest.mark.parametrize(
    ("op", "args"),
    [
        (Op.RUN, (0, 1, 0, 3)),
        (Op.RUN, (0, 1, 257, 3)),
        (Op.READ, (3, 0, 481, 0)),
        (Op.READ, (3, 0, 0, 481)),
        (Op.READ, (3, 0, 480, 1)),
    ],
    ids=said,
)
def test_what_is_too_much_is_out_of_range(link, op, args):
    link.step(0)
    assert refusal(link, op, *args) is Status.OUT_OF_RANGE


def test_stepping_is_refused_in_live_mode(link):
    link.mode(Mode.LIVE, 30)
    assert refusal(link, Op.STEP, 0) is Status.WRONG_MODE
    assert refusal(link, Op.RUN, 0, 1, 1, 3) is Status.WRONG_MODE

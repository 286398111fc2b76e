"""What people type, as requests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import ExitCode, UsageError
from hostkit.link.cbor import encode_value
from hostkit.link.commands import Typed, all_usages, parse_command, usage
from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Reason, Text
from hostkit.link.messages import Op, Reply, Status
from hostkit.link.session import Malformed, Rebooted, Stray
from hostkit.link.views import describe_incoming


@pytest.mark.parametrize(
    ("line", "op", "args"),
    [
        ("hello", Op.HELLO, ()),
        ("  STEP 1000 ", Op.STEP, (1000,)),
        ("step 0x3e8", Op.STEP, (1000,)),
        ("echo", Op.ECHO, (b"",)),
        ("echo hello world", Op.ECHO, (b"hello world",)),
        ("echo 0x00ff", Op.ECHO, (b"\x00\xff",)),
        ("describe lava", Op.DESCRIBE, ("lava",)),
        ("configure lava", Op.CONFIGURE, ("lava", 0, {})),
        ("configure lava 7 speed=3", Op.CONFIGURE, ("lava", 7, {"speed": 3})),
        ("configure solid colour=#ff8000", Op.CONFIGURE, ("solid", 0, {"colour": 0xFF8000})),
        ("output 96", Op.OUTPUT, (96, 0)),
        ("output 96 2000", Op.OUTPUT, (96, 2000)),
        ("audio 1 2 3 4 5 6 7 8 9 10", Op.AUDIO, (1, 2, [3, 4, 5, 6, 7, 8, 9, 10])),
        ("mode live", Op.MODE, (1, 0)),
        ("mode test 60", Op.MODE, (0, 60)),
        ("reset-state", Op.RESET_STATE, ()),
        ("run 0 16667 200", Op.RUN, (0, 16667, 200, 3)),
        ("run 0 16667 200 linear", Op.RUN, (0, 16667, 200, 0)),
        ("read symbols 1 0 1900", Op.READ, (4, 1, 0, 1900)),
        (f"challenge 0x{'0f' * 16}", Op.CHALLENGE, (b"\x0f" * 16,)),
    ],
)
def test_a_command_becomes_a_request(line: str, op: Op, args: tuple[Any, ...]) -> None:
    assert parse_command(line) == Typed(op, args)


@pytest.mark.parametrize("line", ["", "   ", "# a remark", "#"])
def test_blank_lines_and_remarks_are_no_commands(line: str) -> None:
    assert parse_command(line) is None


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("stp 1", "there is no command 'stp'", "did you mean 'step'?"),
        ("xyzzy", "there is no command 'xyzzy'", "there are: hello, echo"),
        ("step", "step takes other arguments", "type: step TIME-US"),
        ("hello you", "hello takes other arguments", "type: hello"),
        ("step soon", "step: 'soon' is no number", "type: step TIME-US"),
        ("mode fast", "mode: 'fast' is none of test, live", "type: mode test | live [FPS]"),
        ("run 0 1 2 pixels", "'pixels' is none of linear", "type: run"),
        ("configure lava speed", "configure: 'speed' is no number", "NAME=VALUE"),
        ("configure lava 1 speed", "configure: 'speed' is no name=value", "NAME=VALUE"),
        ("configure lava 1 =3", "configure: '=3' is no name=value", "NAME=VALUE"),
        ("echo 0xf", "no whole number of bytes", "type: echo"),
        ("challenge hello", "'hello' is no bytes in hex", "type: challenge 0xHEX"),
    ],
)
def test_a_wrong_command_is_answered_with_what_was_meant(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(line)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_every_operation_can_be_typed() -> None:
    assert [line.split()[0] for line in all_usages()] == [op.label for op in Op]
    assert usage(Op.HELLO) == "hello"


@given(st.text(max_size=60))
def test_any_line_is_a_command_that_the_link_can_carry_or_a_clean_error(line: str) -> None:
    try:
        command = parse_command(line)
        encode_value([] if command is None else list(command.args))
    except (UsageError, MessageError):
        return


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        (Text(b"a\r\nb\r\n"), ["a", "b"]),
        (Broken(Reason.BAD_COBS, b"\x01"), ["broken frame (bad-cobs), 1 bytes 01"]),
        (Malformed(b"\xff", "not CBOR"), ["malformed message (not CBOR), 1 bytes ff"]),
        (Stray(Reply(4, 1, Status.OK)), ["unasked reply #4 ok"]),
        (Rebooted(1, 2), ["the board restarted (boot nonce 0x00000001 became 0x00000002)"]),
    ],
)
def test_what_comes_unasked_is_told_in_lines(item: Any, lines: list[str]) -> None:
    assert [*describe_incoming(item)] == lines

"""The messages of ``firmware/protocol/link.cddl`` as records, and their CBOR. Sans-IO.

Encoding is deterministic (RFC 8949 4.2.1). Decoding takes nothing else: bytes that are not the one
encoding of a message raise :class:`MessageError`, and nothing else is ever raised for hostile bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from hostkit.link.cbor import decode_value, encode_value
from hostkit.link.errors import MessageError
from hostkit.link.fields import sequence, text, uint
from hostkit.link.framing import Reason


class _Label(IntEnum):
    @property
    def label(self) -> str:
        """The name that link.cddl uses."""
        return self.name.lower().replace("_", "-")


class Op(_Label):
    """Operations; the numbers of ``op`` in link.cddl."""

    HELLO = 0
    ECHO = 1
    PATTERNS = 2
    DESCRIBE = 3
    CONFIGURE = 4
    OUTPUT = 5
    AUDIO = 6
    MODE = 7
    RESET_STATE = 8
    STEP = 9
    RUN = 10
    READ = 11
    STATS = 12
    REBOOT = 13
    SAVE = 14
    CHALLENGE = 15


_OP_NAMES = {op.value: op.label for op in Op}


class Status(_Label):
    """How a request ended; the numbers of ``status`` in link.cddl."""

    OK = 0
    UNKNOWN_OP = 1
    BAD_ARGS = 2
    NOT_FOUND = 3
    WRONG_MODE = 4
    OUT_OF_RANGE = 5
    ID_REUSED = 6
    INTERNAL = 7


class Tap(_Label):
    """Where a frame is read in the colour pipeline; the numbers of ``tap`` in link.cddl."""

    LINEAR = 0
    GAMMA = 1
    LIMITED = 2
    FRAME = 3
    SYMBOLS = 4
    WIRE = 5


class Mode(_Label):
    """Whether time is stepped by the host or runs free."""

    TEST = 0
    LIVE = 1


class Level(_Label):
    """Severity of a log message."""

    ERROR = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3


@dataclass(frozen=True, slots=True)
class Request:
    """Host to board. ``op`` may be a number that no :class:`Op` has; ``args`` must be CBOR values."""

    id: int
    op: int
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """Board to host. ``body`` is decoded CBOR, typed by :mod:`hostkit.link.bodies`."""

    id: int
    nonce: int
    status: Status
    body: Any = None


@dataclass(frozen=True, slots=True)
class FrameEvent:
    """One frame sent in live mode. Times in microseconds, ``crc`` over the 8-bit frame of both strips."""

    nonce: int
    seq: int
    time_us: int
    render_us: int
    transmit_us: int
    crc: int
    ma: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Log:
    """A line of the firmware's log; ``time_us`` counts from its boot."""

    nonce: int
    level: Level
    time_us: int
    text: str


@dataclass(frozen=True, slots=True)
class Nak:
    """The board received a broken frame; ``lost`` counts them since boot, this one included."""

    nonce: int
    reason: Reason
    lost: int


Message = Request | Reply | FrameEvent | Log | Nak


def op_name(op: int) -> str:
    """Return an operation's name in link.cddl, or ``op N`` for a number that it does not have."""
    return _OP_NAMES.get(op) or f"op {op}"


def encode_message(message: Message) -> bytes:
    """Return the deterministic CBOR of a message. Raises :class:`MessageError` for a value CBOR has not."""
    match message:
        case Request(id, op, args):
            items: list[Any] = [0, id, int(op), list(args)]
        case Reply(id, nonce, status, body):
            items = [1, id, nonce, int(status), body]
        case FrameEvent():
            items = [2, message.nonce, [getattr(message, name) for name in FrameEvent.__slots__[1:]]]
        case Log(nonce, level, time_us, text):
            items = [3, nonce, int(level), time_us, text]
        case Nak(nonce, reason, lost):
            items = [4, nonce, int(reason), lost]
    return encode_value(items)


def decode_message(data: bytes) -> Message:
    """Return the message that ``data`` encodes. Raises :class:`MessageError`, never anything else."""
    value = decode_value(data)
    if not isinstance(value, list) or not value:
        raise MessageError("a message is a CBOR array")
    kind, fields = value[0], value[1:]
    if type(kind) is not int or not 0 <= kind < len(_DECODERS):
        raise MessageError(f"no such kind of message: {kind!r}")
    name, count, decoder = _DECODERS[kind]
    if len(fields) != count:
        raise MessageError(f"{name}: {len(fields)} fields where {count} belong")
    return decoder(fields)


_E = TypeVar("_E", bound=IntEnum)


def _member(value: Any, where: str, enum: type[_E]) -> _E:
    number = uint(value, where)
    try:
        return enum(number)
    except ValueError:
        raise MessageError(f"{where}: {number} is not in link.cddl") from None


def _identifier(value: Any, where: str) -> int:
    number = uint(value, where, 32)
    if number == 0:
        raise MessageError(f"{where}: 0 is never used")
    return number


def _request(fields: list[Any]) -> Message:
    id_, op, args = fields
    return Request(
        _identifier(id_, "request id"), uint(op, "request op"), tuple(sequence(args, "request args"))
    )


def _reply(fields: list[Any]) -> Message:
    id_, nonce, status, body = fields
    return Reply(
        _identifier(id_, "reply id"),
        _identifier(nonce, "reply nonce"),
        _member(status, "reply status", Status),
        body,
    )


def _event(fields: list[Any]) -> Message:
    nonce, values = fields
    names = FrameEvent.__slots__[1:]
    numbers = [
        uint(value, f"event {name}", 32 if name == "crc" else 64)
        for name, value in zip(names, sequence(values, "event", len(names)), strict=True)
    ]
    return FrameEvent(_identifier(nonce, "event nonce"), *numbers)


def _log(fields: list[Any]) -> Message:
    nonce, level, time_us, line = fields
    return Log(
        _identifier(nonce, "log nonce"),
        _member(level, "log level", Level),
        uint(time_us, "log time"),
        text(line, "log text"),
    )


def _nak(fields: list[Any]) -> Message:
    nonce, reason, lost = fields
    return Nak(
        _identifier(nonce, "nak nonce"), _member(reason, "nak reason", Reason), uint(lost, "nak count")
    )


_DECODERS: tuple[tuple[str, int, Callable[[list[Any]], Message]], ...] = (
    ("request", 3, _request),
    ("reply", 4, _reply),
    ("event", 2, _event),
    ("log", 4, _log),
    ("nak", 3, _nak),
)

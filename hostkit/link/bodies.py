"""The bodies of replies in ``firmware/protocol/link.cddl`` as records. Sans-IO.

Each parser takes decoded CBOR and raises :class:`MessageError` naming the field for anything else than
what link.cddl describes: a missing or unknown key, a wrong type, a number out of range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from hostkit.link.errors import MessageError
from hostkit.link.fields import sequence, text, uint
from hostkit.link.messages import Mode

PROTOCOL = 1
"""The value of "proto" that this host speaks."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One LED strip: its pin, its number of LEDs, its colour order on the wire ("GRB")."""

    gpio: int
    leds: int
    order: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a board says of itself; field names and words as in link.cddl. ``nonce`` is the boot nonce."""

    project: str
    version: str
    commit: str
    dirty: bool
    build: str
    profile: str
    chip: str
    port: str
    mac: str
    features: tuple[str, ...]
    boots: int
    reset: str
    mtu: int
    tick_ns: int
    reset_us: int
    strips: tuple[Strip, ...]
    uptime_us: int
    nonce: int


class ParameterType(IntEnum):
    """What kind of number a parameter is; a colour is 0xRRGGBB."""

    INTEGER = 0
    COLOUR = 1
    CHOICE = 2
    FLAG = 3


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pattern; ``low`` and ``high`` are inclusive."""

    name: str
    type: ParameterType
    low: int
    high: int
    default: int
    unit: str


@dataclass(frozen=True, slots=True)
class Description:
    """A pattern as it describes itself."""

    name: str
    audio_driven: bool
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Configured:
    """Parameters as applied; ``clamped`` names those out of range, unknown ones with a leading "?"."""

    parameters: Mapping[str, int]
    clamped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """Brightness 0..255 and current limit in mA (0: none), as applied."""

    brightness: int
    limit_ma: int


@dataclass(frozen=True, slots=True)
class ModeState:
    """Mode and frame rate as applied."""

    mode: Mode
    fps: int


@dataclass(frozen=True, slots=True)
class Step:
    """One rendered frame: CRC-32 of its 8-bit tap over both strips, estimated current in mA."""

    crc: int
    ma: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters since boot; ``heap_min`` and ``stack_free`` in bytes, ``allocations`` from the heap."""

    frames: int
    dropped: int
    events_lost: int
    frames_broken: int
    requests: int
    repeats: int
    heap_min: int
    allocations: int
    stack_free: int
    uptime_us: int
    naks: int


def _integer(value: Any, where: str) -> int:
    if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
        raise MessageError(f"{where}: expected an integer of 64 bits")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise MessageError(f"{where}: expected true or false")
    return value


def _digits(value: Any, where: str, counts: tuple[int, ...]) -> str:
    shown = text(value, where)
    if len(shown) not in counts or any(digit not in "0123456789abcdef" for digit in shown):
        wanted = " or ".join(str(count) for count in counts)
        raise MessageError(f"{where}: expected {wanted} lower-case hex digits, got {shown[:80]!r}")
    return shown


def _keys(body: Any, where: str, wanted: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise MessageError(f"{where}: expected a map")
    missing, unknown = wanted - set(body), set(body) - wanted
    if missing or unknown:
        named = [f"no {key!r}" for key in sorted(missing)]
        named += [f"unknown {key!r}" for key in sorted(map(str, unknown))]
        raise MessageError(f"{where}: {', '.join(named)}")
    return body


_IDENTITY_KEYS = frozenset(
    {field.name.replace("_", "-") for field in fields(Identity)} - {"nonce"} | {"proto"}
)
_STATS_KEYS = frozenset(field.name.replace("_", "-") for field in fields(Stats))


def identity(body: Any, nonce: int) -> Identity:
    """Parse the reply to hello."""
    given = _keys(body, "identity", _IDENTITY_KEYS)
    if uint(given["proto"], "identity proto") != PROTOCOL:
        raise MessageError(f"identity proto: this host speaks {PROTOCOL}, the board {given['proto']}")
    strips = sequence(given["strips"], "identity strips")
    return Identity(
        project=text(given["project"], "identity project"),
        version=text(given["version"], "identity version"),
        commit=_digits(given["commit"], "identity commit", (0, 40)),
        dirty=_flag(given["dirty"], "identity dirty"),
        build=_digits(given["build"], "identity build", (64,)),
        profile=text(given["profile"], "identity profile"),
        chip=text(given["chip"], "identity chip"),
        port=text(given["port"], "identity port"),
        mac=text(given["mac"], "identity mac"),
        features=texts(given["features"], "identity features"),
        boots=uint(given["boots"], "identity boots"),
        reset=text(given["reset"], "identity reset"),
        mtu=uint(given["mtu"], "identity mtu"),
        tick_ns=uint(given["tick-ns"], "identity tick-ns"),
        reset_us=uint(given["reset-us"], "identity reset-us"),
        strips=tuple(_strip(strip) for strip in strips),
        uptime_us=uint(given["uptime-us"], "identity uptime-us"),
        nonce=nonce,
    )


def _strip(value: Any) -> Strip:
    gpio, leds, order = sequence(value, "identity strip", 3)
    return Strip(uint(gpio, "strip gpio"), uint(leds, "strip leds"), text(order, "strip order"))


def texts(body: Any, where: str) -> tuple[str, ...]:
    """Parse an array of text strings."""
    return tuple(text(item, where) for item in sequence(body, where))


def description(body: Any) -> Description:
    """Parse the reply to describe."""
    name, audio, parameters = sequence(body, "description", 3)
    return Description(
        text(name, "description name"),
        _flag(audio, "description audio-driven"),
        tuple(_parameter(item) for item in sequence(parameters, "description parameters")),
    )


def _parameter(value: Any) -> Parameter:
    name, kind, low, high, default, unit = sequence(value, "parameter", 6)
    number = uint(kind, "parameter type")
    if number not in ParameterType._value2member_map_:
        raise MessageError(f"parameter type: {number} is not in link.cddl")
    return Parameter(
        text(name, "parameter name"),
        ParameterType(number),
        _integer(low, "parameter min"),
        _integer(high, "parameter max"),
        _integer(default, "parameter default"),
        text(unit, "parameter unit"),
    )


def configured(body: Any) -> Configured:
    """Parse the reply to configure."""
    parameters, clamped = sequence(body, "configured", 2)
    if not isinstance(parameters, dict):
        raise MessageError("configured parameters: expected a map")
    applied = {text(k, "parameter name"): _integer(v, "parameter value") for k, v in parameters.items()}
    return Configured(applied, texts(clamped, "configured clamped"))


def output(body: Any) -> Output:
    """Parse the reply to output."""
    brightness, limit = sequence(body, "output", 2)
    return Output(uint(brightness, "output brightness", 8), uint(limit, "output limit", 32))


def mode_state(body: Any) -> ModeState:
    """Parse the reply to mode."""
    mode, fps = sequence(body, "mode", 2)
    number = uint(mode, "mode")
    if number not in Mode._value2member_map_:
        raise MessageError(f"mode: {number} is not in link.cddl")
    return ModeState(Mode(number), uint(fps, "mode fps", 32))


def step(body: Any) -> Step:
    """Parse the reply to step."""
    crc, ma = sequence(body, "step", 2)
    return Step(uint(crc, "step crc", 32), uint(ma, "step ma", 32))


def crcs(body: Any) -> tuple[int, ...]:
    """Parse the reply to run."""
    return tuple(uint(item, "run crc", 32) for item in sequence(body, "run"))


def data(body: Any) -> bytes:
    """Parse a byte string."""
    if not isinstance(body, bytes):
        raise MessageError("expected a byte string")
    return body


def stats(body: Any) -> Stats:
    """Parse the reply to stats."""
    given = _keys(body, "stats", _STATS_KEYS)
    return Stats(**{key.replace("-", "_"): uint(value, f"stats {key}") for key, value in given.items()})


def nothing(body: Any) -> None:
    """Parse a reply that has no body."""
    if body is not None:
        raise MessageError("expected null")

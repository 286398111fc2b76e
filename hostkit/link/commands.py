"""Commands as people type them (``step 1000``, ``configure lava 7 speed=3``) as requests. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Any

from hostkit.errors import UsageError
from hostkit.link.messages import Mode, Op, Tap

Parser = Callable[[Sequence[str]], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Typed:
    """One command: an operation and its arguments, ready for a request."""

    op: Op
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How an operation is typed: what follows its name, how many words, and what they mean."""

    usage: str
    least: int
    most: int
    parse: Parser


def parse_command(line: str) -> Typed | None:
    """Return the command on a line, None for a blank line or a comment (``#``).

    Numbers may be decimal, 0x… or a colour #rrggbb. Raises :class:`UsageError` with the usage or the
    nearest name.
    """
    words = line.split()
    if not words or words[0] == "#" or line.lstrip().startswith("# "):
        return None
    names = {op.label: op for op in Op}
    op = names.get(words[0].lower())
    if op is None:
        near = get_close_matches(words[0].lower(), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise UsageError(f"there is no command {words[0]!r}", hint=hint)
    shape = _SHAPES[op]
    given = words[1:]
    if not shape.least <= len(given) <= shape.most:
        raise UsageError(f"{op.label} takes other arguments", hint=f"type: {usage(op)}")
    try:
        return Typed(op, shape.parse(given))
    except ValueError as error:
        raise UsageError(f"{op.label}: {error}", hint=f"type: {usage(op)}") from error


def usage(op: Op) -> str:
    """Return how an operation is typed."""
    return f"{op.label} {_SHAPES[op].usage}".rstrip()


def all_usages() -> list[str]:
    """Return how every operation is typed, in the order of link.cddl."""
    return [usage(op) for op in Op]


def _number(word: str) -> int:
    text = "0x" + word[1:] if word.startswith("#") else word
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{word!r} is no number") from None


def _choice(word: str, enum: type[IntEnum]) -> int:
    names = {member.name.lower(): int(member) for member in enum}
    if word.lower() not in names:
        raise ValueError(f"{word!r} is none of {', '.join(names)}")
    return names[word.lower()]


def _numbers(words: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_number(word) for word in words)


def _echo(words: Sequence[str]) -> tuple[Any, ...]:
    if len(words) == 1 and words[0].startswith("0x"):
        try:
            return (bytes.fromhex(words[0][2:]),)
        except ValueError:
            raise ValueError(f"{words[0]!r} is no whole number of bytes in hex") from None
    return (" ".join(words).encode(),)


def _challenge(words: Sequence[str]) -> tuple[Any, ...]:
    if not words[0].startswith("0x"):
        raise ValueError(f"{words[0]!r} is no bytes in hex")
    return _echo(words)


def _configure(words: Sequence[str]) -> tuple[Any, ...]:
    name, *rest = words
    seed = _number(rest.pop(0)) if rest and "=" not in rest[0] else 0
    parameters = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise ValueError(f"{word!r} is no name=value")
        parameters[key] = _number(value)
    return name, seed, parameters


def _output(words: Sequence[str]) -> tuple[Any, ...]:
    brightness, limit = _numbers([*words, "0"][:2])
    return brightness, limit


def _audio(words: Sequence[str]) -> tuple[Any, ...]:
    level, beat, *bands = _numbers(words)
    return level, beat, bands


def _mode(words: Sequence[str]) -> tuple[Any, ...]:
    return _choice(words[0], Mode), _number([*words, "0"][1])


def _run(words: Sequence[str]) -> tuple[Any, ...]:
    tap = _choice(words[3], Tap) if len(words) > 3 else int(Tap.FRAME)
    return (*_numbers(words[:3]), tap)


def _read(words: Sequence[str]) -> tuple[Any, ...]:
    return (_choice(words[0], Tap), *_numbers(words[1:]))


_NOTHING = _Shape("", 0, 0, tuple)
_SHAPES: dict[Op, _Shape] = {
    Op.HELLO: _NOTHING,
    Op.ECHO: _Shape("TEXT | 0xHEX", 0, 400, _echo),
    Op.PATTERNS: _NOTHING,
    Op.DESCRIBE: _Shape("PATTERN", 1, 1, tuple),
    Op.CONFIGURE: _Shape("PATTERN [SEED] [NAME=VALUE ...]", 1, 34, _configure),
    Op.OUTPUT: _Shape("BRIGHTNESS [LIMIT-MA]", 1, 2, _output),
    Op.AUDIO: _Shape("LEVEL BEAT BAND1 ... BAND8", 10, 10, _audio),
    Op.MODE: _Shape("test | live [FPS]", 1, 2, _mode),
    Op.RESET_STATE: _NOTHING,
    Op.STEP: _Shape("TIME-US", 1, 1, _numbers),
    Op.RUN: _Shape("START-US STEP-US COUNT [TAP]", 3, 4, _run),
    Op.READ: _Shape("TAP STRIP OFFSET COUNT", 4, 4, _read),
    Op.STATS: _NOTHING,
    Op.REBOOT: _NOTHING,
    Op.SAVE: _NOTHING,
    Op.CHALLENGE: _Shape("0xHEX (16 to 32 bytes)", 1, 1, _challenge),
}

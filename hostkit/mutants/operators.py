"""Generic faults: the small slips of a programmer, at every place of a source where one can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hostkit.mutants.places import Brace, Code
from hostkit.mutants.tokens import Kind


class Operator(Enum):
    """Kinds of slips."""

    RELATION = "relation"  # < becomes >=, == becomes !=
    BOUNDARY = "boundary"  # < becomes <=
    ARITHMETIC = "arithmetic"  # + becomes -, << becomes >>
    LOGIC = "logic"  # && becomes ||, true becomes false
    NEGATION = "negation"  # the condition of an if or a while, the other way round
    CONSTANT = "constant"  # a number, one more or one less
    TABLE = "table"  # the same in a table
    DELETION = "deletion"  # of a statement
    RETURN = "return"  # zero, empty or the other truth value is returned


@dataclass(frozen=True, slots=True)
class Change:
    """One slip: ``old`` at ``offset`` of the source becomes ``new``."""

    operator: Operator
    offset: int
    old: str
    new: str


_RELATION = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
_BOUNDARY = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}
_ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "%": "/",
    "<<": ">>",
    ">>": "<<",
    "&": "|",
    "|": "&",
    "^": "&",
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "|=": "&=",
    "&=": "|=",
    "^=": "|=",
    "++": "--",
    "--": "++",
}
_LOGIC = {"&&": "||", "||": "&&", "true": "false", "false": "true"}
_UNSPACED = frozenset({"++", "--"})
_INTEGER = re.compile(r"(0[xX]|0[bB])?([0-9a-fA-F']+?)([uUlLzZ]*)")
_ASSIGN = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="})
_NOT_A_CALL = frozenset(
    (
        *(
            "return",
            "if",
            "for",
            "while",
            "switch",
            "case",
            "default",
            "else",
            "do",
            "goto",
            "using",
            "delete",
        ),
        *("static_assert", "const", "constexpr", "static", "auto", "struct", "class", "enum", "union"),
        *("typename", "template", "namespace", "public", "private", "protected", "extern", "throw"),
    )
)
_EMPTY = frozenset({"{}", "0", "0u", "nullptr", "true", "false"})


def changes_of(source: str) -> tuple[Change, ...]:
    """Return every slip that can be made in a source file, in the order of the places. Total.

    Not in directives, comments and strings, and not where only the compiler looks (static assertions, the
    sizes of declared arrays).
    """
    code = Code(source)
    found = {
        (change.offset, change.old, change.new): change
        for index in range(len(code.tokens))
        if not code.places[index].asserted
        for change in (*_signs(code, index), *_numbers(code, index), *_statements(code, index))
    }
    return tuple(sorted(found.values(), key=lambda c: (c.offset, c.operator.value, c.new)))


def _signs(code: Code, index: int) -> Iterator[Change]:
    token = code.tokens[index]
    if code.places[index].brace is Brace.SCOPE and token.kind is Kind.SIGN and not _in_value(code, index):
        return
    for operator, table in (
        (Operator.RELATION, _RELATION),
        (Operator.BOUNDARY, _BOUNDARY),
        (Operator.ARITHMETIC, _ARITHMETIC),
        (Operator.LOGIC, _LOGIC),
    ):
        new = table.get(token.text)
        if new is not None and (token.kind is Kind.NAME or token.text in _UNSPACED or code.spaced(index)):
            yield Change(operator, token.offset, token.text, new)


def _in_value(code: Code, index: int) -> bool:
    """Does a token outside of bodies stand behind an =, in a value? `operator=` does not count."""
    for back in range(index - 1, -1, -1):
        word = code.word(back)
        if word in (";", "{", "}"):
            return False
        if word == "=":
            return code.word(back - 1) != "operator"
    return False


def _numbers(code: Code, index: int) -> Iterator[Change]:
    token, place = code.tokens[index], code.places[index]
    match = _INTEGER.fullmatch(token.text) if token.kind is Kind.NUMBER else None
    if match is None or _is_array_size(code, index) or _is_pure(code, index):
        return
    prefix, digits, suffix = match[1] or "", match[2].replace("'", ""), match[3]
    base = {"0x": 16, "0b": 2}.get(prefix.lower(), 10)
    try:
        value = int(digits, base)
    except ValueError:  # hexadecimal digits without 0x
        return
    operator = Operator.TABLE if place.table else Operator.CONSTANT
    for changed in (value + 1, value - 1):
        if changed >= 0:
            yield Change(operator, token.offset, token.text, prefix + _digits(changed, base, digits) + suffix)


def _digits(value: int, base: int, like: str) -> str:
    if base == 16:
        return format(value, "x" if like == like.lower() else "X").rjust(len(like), "0")
    return format(value, "b").rjust(len(like), "0") if base == 2 else str(value)


def _is_pure(code: Code, index: int) -> bool:
    """Is it the 0 of a pure virtual function?"""
    return code.word(index - 1) == "=" and code.word(index - 2) in (")", "const", "noexcept", "override")


def _is_array_size(code: Code, index: int) -> bool:
    """Is it the N of `type name[N]`? More room changes nothing, and less is undefined."""
    opened = index - 1
    while opened > 0 and code.word(opened) not in ("[", "]", ";", "{", "}", "(", ","):
        opened -= 1
    if code.word(opened) != "[":
        return False
    while code.word(opened - 1) == "]":  # of several dimensions
        opened = code.opener.get(opened - 1, 1)
    name, kind = code.tokens[opened - 1], code.word(opened - 2)
    is_type = bool(re.fullmatch(r"\w+|[*&>]", kind)) and kind not in _NOT_A_CALL
    return name.kind is Kind.NAME and is_type


def _statements(code: Code, index: int) -> Iterator[Change]:
    place = code.places[index]
    if place.brace is not Brace.BODY:
        return
    word = code.word(index)
    if word in ("if", "while") and code.word(index + 1) == "(":
        yield from _negation(code, index + 1)
    if place.parentheses or not _begins_statement(code, index):
        return
    last = _end_of_statement(code, index)
    if last is None:
        return
    if word == "return":
        yield from _return(code, index, last)
    elif word in ("break", "continue") or _acts(code, index, last):
        yield Change(Operator.DELETION, code.tokens[index].offset, code.text(index, last), ";")


def _negation(code: Code, opened: int) -> Iterator[Change]:
    closed = code.partner.get(opened)
    if closed is None or closed == opened + 1:
        return
    words = [token.text for token in code.tokens[opened + 1 : closed]]
    if ";" in words or "=" in words:  # a declaration as the condition
        return
    condition = code.text(opened + 1, closed - 1)
    yield Change(Operator.NEGATION, code.tokens[opened + 1].offset, condition, f"!({condition})")


def _begins_statement(code: Code, index: int) -> bool:
    before = code.word(index - 1)
    return before in (";", "{", "}", ":", "else") and code.word(index) not in ("{", "}", ";")


def _end_of_statement(code: Code, index: int) -> int | None:
    """Return the index of the ; that ends a plain statement, None where a block comes first."""
    at = index
    while at < len(code.tokens):
        word = code.word(at)
        if word == ";":
            return at
        if word == "}":
            return None
        at = code.partner.get(at, at) + 1 if word in ("(", "[", "{") else at + 1
    return None


def _acts(code: Code, index: int, last: int) -> bool:
    """Is it an assignment, a step or a call, and no declaration?"""
    first = code.tokens[index]
    if first.text in ("++", "--", "*"):
        return True
    if first.kind is not Kind.NAME or first.text in _NOT_A_CALL:
        return False
    at = index + 1
    while code.word(at) in ("::", ".", "->") and at + 1 < last:
        at += 2
    while code.word(at) in ("[", "("):
        called = code.word(at) == "("
        at = code.partner.get(at, last) + 1
        if called and code.word(at) in (";", ","):
            return True
        while code.word(at) in (".", "->"):
            at += 2
    return code.word(at) in _ASSIGN or code.word(at) in ("++", "--")


def _return(code: Code, index: int, last: int) -> Iterator[Change]:
    if last == index + 1:
        return
    value = code.text(index + 1, last - 1)
    if value not in _EMPTY:
        yield Change(Operator.RETURN, code.tokens[index + 1].offset, value, "{}")

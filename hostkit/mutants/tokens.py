"""C++ source as tokens: just enough to change code and nothing else. No text is ever lost.

The pieces are those of [lex.pptoken]; a preprocessing directive is one piece, as is a comment. What is cut
off (a comment, a string) goes on to where a compiler would notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a piece of source is."""

    SPACE = "space"
    COMMENT = "comment"
    DIRECTIVE = "directive"  # from # to the end of its line, continued lines too
    STRING = "string"
    CHARACTER = "character"
    NUMBER = "number"
    NAME = "name"  # keywords too
    SIGN = "sign"  # operators and punctuation, the longest that fits


CODE = frozenset({Kind.STRING, Kind.CHARACTER, Kind.NUMBER, Kind.NAME, Kind.SIGN})
"""What a compiler sees after the preprocessor."""


@dataclass(frozen=True, slots=True)
class Token:
    """One piece: ``text`` at ``offset`` (characters from the start)."""

    kind: Kind
    text: str
    offset: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + len(self.text)


_PIECE = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))
  | (?P<string>(?:u8|[uUL])?R"(?P<mark>[^()\\\s"]{0,16})\(.*?(?:\)(?P=mark)"|\Z)
             |(?:u8|[uUL])?"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\\?\Z))
  | (?P<character>(?:u8|[uUL])?'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\\?\Z))
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'?\w|\.)*)
  | (?P<name>[^\W\d]\w*)
  | (?P<sign><<=|>>=|<=>|->\*|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"#(?:\\\r?\n|/\*.*?(?:\*/|\Z)|[^\n])*", re.DOTALL)


def tokens_of(source: str) -> tuple[Token, ...]:
    """Cut source into pieces whose texts, put together, are the source. Total: never raises."""
    found: list[Token] = []
    at, fresh_line = 0, True  # nothing but space and comments since the line began
    while at < len(source):
        if fresh_line and source[at] == "#":
            match = _DIRECTIVE.match(source, at)
            kind = Kind.DIRECTIVE
        else:
            match = _PIECE.match(source, at)
            kind = Kind(match.lastgroup) if match else Kind.SIGN
        text = match[0] if match else source[at]
        found.append(Token(kind, text, at))
        at += len(text)
        if kind is Kind.SPACE:
            fresh_line = fresh_line or "\n" in text
        elif kind is not Kind.COMMENT:
            fresh_line = False
    return tuple(found)


def code_of(source: str) -> tuple[Token, ...]:
    """Return the tokens without space, comments and directives."""
    return tuple(token for token in tokens_of(source) if token.kind in CODE)

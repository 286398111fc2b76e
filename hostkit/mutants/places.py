"""Where in a source file a token stands: in a function's body, a table, a static assertion.

No parser: the braces are told apart by what comes before them, which is enough for code in one style. What
is told wrong makes a mutant that does not compile, and that is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hostkit.mutants.tokens import Kind, Token, code_of

_SCOPES = frozenset({"namespace", "class", "struct", "union", "enum", "extern"})
_BODY_AFTER = frozenset({")", "const", "override", "final", "noexcept", "else", "do", "try"})
_BLOCK_AFTER = frozenset({";", "{", "}", ":"})
_PAIRS = {"(": ")", "[": "]", "{": "}"}
TABLE_SIZE = 16
"""Numbers in one pair of braces from which on they are a table: data, not code."""


class Brace(Enum):
    """What a pair of braces holds."""

    SCOPE = "scope"  # of a namespace, a class, an enum
    BODY = "body"  # statements
    VALUE = "value"  # an initialiser


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token stands."""

    brace: Brace
    parentheses: int  # how many are open around it, since the last brace
    table: bool
    asserted: bool  # in a static_assert: the compiler looks at it, no board ever does


class Code:
    """The tokens of one file that a compiler sees, with the place of each."""

    def __init__(self, source: str) -> None:
        """Read a whole file."""
        self.source = source
        self.tokens = code_of(source)
        self.partner = _partners(self.tokens)
        self.opener = {closed: opened for opened, closed in self.partner.items()}
        self.places = self._places()

    def text(self, first: int, last: int) -> str:
        """Return the source from token ``first`` to token ``last``, both included."""
        return self.source[self.tokens[first].offset : self.tokens[last].end]

    def word(self, index: int) -> str:
        """Return a token's text, "" outside of the file."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def spaced(self, index: int) -> bool:
        """Is there space on both sides of a token? In this style only binary operators have it."""
        token = self.tokens[index]
        before, after = self.source[token.offset - 1 : token.offset], self.source[token.end : token.end + 1]
        return before.isspace() and after.isspace()

    def _places(self) -> tuple[Place, ...]:
        places: list[Place] = []
        open_: list[tuple[Brace, int, bool, bool]] = [(Brace.SCOPE, 0, False, False)]
        for index, token in enumerate(self.tokens):
            brace, parentheses, table, asserted = open_[-1]
            if token.text in ("}", ")", "]") and len(open_) > 1:
                open_.pop()
                brace, parentheses, table, asserted = open_[-1]
            places.append(Place(brace, parentheses, table, asserted))
            if token.text == "{":
                inner = self._kind_of_brace(index, brace)
                open_.append((inner, 0, inner is Brace.VALUE and self._is_table(index), asserted))
            elif token.text in ("(", "["):
                checked = asserted or self.word(index - 1) == "static_assert"
                open_.append((brace, parentheses + 1, table, checked))
        return tuple(places)

    def _kind_of_brace(self, index: int, around: Brace) -> Brace:
        before = self.word(index - 1)
        if around is Brace.BODY:
            is_body = before in _BODY_AFTER or before in _BLOCK_AFTER
            return Brace.BODY if is_body else Brace.VALUE
        if self._opens_scope(index):
            return Brace.SCOPE
        if before in _BODY_AFTER or (before == "}" and around is Brace.SCOPE):
            return Brace.BODY
        return Brace.VALUE

    def _opens_scope(self, index: int) -> bool:
        """Look back to the start of the declaration for the keyword of a scope."""
        for back in range(index - 1, -1, -1):
            word = self.tokens[back].text
            if word in ("{", "}", ";", ")", "="):
                return False
            if word in _SCOPES:
                return True
        return False

    def _is_table(self, index: int) -> bool:
        numbers, depth = 0, 0
        for token in self.tokens[index + 1 : self.partner.get(index, len(self.tokens))]:
            depth += (token.text == "{") - (token.text == "}")
            numbers += depth == 0 and token.kind is Kind.NUMBER
        return numbers >= TABLE_SIZE


def _partners(tokens: tuple[Token, ...]) -> dict[int, int]:
    """Return for each opening bracket the index of the one that closes it."""
    open_: list[int] = []
    partner: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.text in _PAIRS:
            open_.append(index)
        elif open_ and token.text == _PAIRS[tokens[open_[-1]].text]:
            partner[open_.pop()] = index
    return partner

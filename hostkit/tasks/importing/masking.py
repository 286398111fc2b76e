"""Whatever looks like a credential, masked before anything else sees the text. Pure.

Unsure counts as a secret: a masked word costs a look, a printed one costs a key.
"""

from __future__ import annotations

import re
from math import log2

MASK = "<masked>"

_NAMED = re.compile(
    r"""(?ix)
    (?P<before>
      (?: passw(?:or)?d | passwd | passphrase | pwd | secret | token | api[_-]?key | access[_-]?key
        | private[_-]?key | client[_-]?secret | credentials? | auth[_-]?key )
      [\w.-]{0,40} ["'`*]{0,4} \s{0,8} (?: := | => | [:=] ) [*\s]{0,8}
      (?: (?: bearer | basic ) \s+ )? ["'`]? )
    (?P<value> [^\s"'`,;|<>(){}\[\]]{4,} )"""
)
_FLAG = re.compile(
    r"(?i)(?P<before>--?(?:password|passwd|token|secret|api-key)[= ]\s*[\"']?)"
    r"(?P<value>[^\s\"'`<>-][^\s\"'`<>]{3,})"
)
_URL = re.compile(r"(?P<before>://[^\s:/@]{0,200}:)(?P<value>[^\s@/]{1,400})(?=@)", re.IGNORECASE)
_BEARER = re.compile(r"(?i)(?P<before>\b(?:bearer|basic)\s+)(?P<value>[A-Za-z0-9._~+/=-]{12,})")
_SHAPES = re.compile(
    r"""(?x)
    (?P<before>(?<![A-Za-z0-9]))
    (?P<value>
        (?:AKIA|ASIA)[0-9A-Z]{16}
      | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
      | xox[abeprs]-[A-Za-z0-9-]{10,} | sk-[A-Za-z0-9_-]{16,} | [sr]k_(?:live|test)_[A-Za-z0-9]{12,}
      | AIza[A-Za-z0-9_-]{30,} | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{30,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?
    )"""
)
_LONG = re.compile(r"(?P<before>(?<![\w/.+=-]))(?P<value>[A-Za-z0-9+_-]{28,}={0,2})(?![\w/.])")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_HINT = re.compile(
    r"(?i)pass|pwd|secret|token|key|cred|auth|bearer|basic|://|AKIA|ASIA|gh[pousr]_|glpat|xox|sk[-_]|rk_|AIza|npm_|pypi-"
    r"|eyJ|[A-Za-z0-9+_-]{28}"
)
_HARMLESS = re.compile(
    r"""(?ix) (?: \$\{?\w+\}? | x{3,} | \*+ | \.{3,} | none | null | true | false | todo | tbd
    | required | optional | string | str | text | bytes | varchar.* | see | your.* | example.*
    | <.* | env\b.* ) [.,:]*"""
)


def mask_line(line: str) -> tuple[str, bool]:
    """Return a line with every secret in it masked, and whether there was one."""
    if not _HINT.search(line):
        return line, False
    masked = line
    for pattern in (_URL, _SHAPES, _BEARER, _FLAG, _NAMED):
        masked = pattern.sub(_masked, masked)
    masked = _LONG.sub(_masked_if_random, masked)
    return masked, masked != line


def mask_lines(lines: list[str]) -> tuple[list[str], list[int]]:
    """Return lines with their secrets masked, private keys as a whole; and their lines, from 1."""
    found: list[int] = []
    result: list[str] = []
    inside = False
    for number, line in enumerate(lines, 1):
        if inside:
            end = _KEY_END.search(line)
            inside = end is None
            masked, hit = (line[: len(line) - len(line.lstrip())] + MASK, True) if inside else (MASK, True)
            if end is not None:
                masked += mask_line(line[end.end() :])[0]
        else:
            masked, hit = mask_line(line)
            begin = _KEY_BEGIN.search(masked)
            if begin:
                end = _KEY_END.search(masked, begin.end())
                masked = masked[: begin.start()] + MASK + (masked[end.end() :] if end else "")
                inside, hit = end is None, True
        result.append(masked)
        if hit:
            found.append(number)
    return result, found


def _masked(match: re.Match[str]) -> str:
    if _HARMLESS.fullmatch(match["value"]):
        return match[0]
    return match["before"] + MASK


def _masked_if_random(match: re.Match[str]) -> str:
    """Mask letters of both cases mixed with digits that no word of a language is; names and hashes stay."""
    value = match["value"]
    mixed = all(re.search(pattern, value) for pattern in ("[a-z]", "[A-Z]", "[0-9]"))
    return match["before"] + MASK if mixed and _bits(value) > 3.8 else match[0]


def _bits(text: str) -> float:
    """Return the entropy of a text's letters, in bits a letter."""
    shares = [text.count(letter) / len(text) for letter in set(text)]
    return -sum(share * log2(share) for share in shares)

"""Text such as «T1, T4-T6 and all of Group B» to references. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

ID = r"(?:[A-Za-z]{1,6}[-_]?\d+(?:\.\d+)*[a-z]?|\d+(?:\.\d+)+|\d+)"
"""``T1``, ``T001``, ``US-12``, ``1.1``, ``7``."""

STRONG_ID = r"(?:[A-Z]{1,4}-?\d+(?:\.\d+)*[a-z]?)"
"""An id that nothing else in a document looks like: capitals and digits."""

ARROW = re.compile(r"\s*(?:→|⟶|➔|➜|➡|⇒|=+>|-+>)\s*")

_EMPTY = re.compile(
    r"(?i)\W*|\W*(?:none|nothing|no|n/?a|nil|null|no dependenc(?:y|ies)|no prerequisites?"
    r"|not applicable|independent)"
    r"\b(?:\W(?!.*[a-z]\d).*)?"
)
_RANGE = re.compile(rf"(?i)(?:tasks?\s+)?({ID})\s*(?:-|–|—|\.\.+|…|\bto\b|\bthrough\b)\s*({ID})")
_ONE = re.compile(rf"(?i)(?:tasks?\s+|#)?({ID})(?=$|[\s:.,;)(–—\]-])")
_GROUP = re.compile(
    r"(?i)(?:(?:all|everything|every task|tasks|all tasks)\s+)?(?:(?:of|in|from)\s+)?"
    r"(group|phase|batch|wave|stage|track)[ _-]?([A-Za-z0-9.]+)\b(?:\s+tasks?)?.*"
)
_ALL = re.compile(r"(?i)(?:all|every)\s+(?:the\s+|of the\s+)?(.*?)\s*(?:tasks?|items?|work)\b.*")
_SPLIT = re.compile(r"\s*[,;&+]\s*|\s+and\s+|\s*<br\s*/?>\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)(\d+)([a-z]?)")
_WIDEST = 500


@dataclass(frozen=True, slots=True)
class Ids:
    """Tasks by their ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOfGroup:
    """All tasks of a group, named as in the text: «group b»."""

    name: str


@dataclass(frozen=True, slots=True)
class AllWith:
    """All tasks with a word, as in «all API tasks»; without one, all that stand before."""

    word: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Text that names no task."""

    text: str


Reference = Ids | AllOfGroup | AllWith | Unread


def plain(text: str) -> str:
    """Return text without the marks of Markdown around words."""
    return re.sub(r"\*\*|__|`|~~", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)).strip()


def is_empty(text: str) -> bool:
    """Does it say that there is nothing: none, n/a, a dash, not a word?"""
    return _EMPTY.fullmatch(plain(text)) is not None


def references(text: str) -> tuple[Reference, ...]:
    """Return what a text refers to, in its order. Empty for none, dashes and the like."""
    text = plain(text).strip("[]() .")
    if is_empty(text):
        return ()
    return tuple(_reference(part.strip()) for part in _SPLIT.split(text) if not is_empty(part))


def refers(text: str) -> bool:
    """Does a text begin with what it refers to, or say that there is nothing? «T1: why», «all of Group B»."""
    text = plain(text).strip("[]() .")
    return any(
        (is_empty(text), _RANGE.match(text), _ONE.match(text), _GROUP.fullmatch(text), _ALL.fullmatch(text))
    )


def group_key(name: str) -> str:
    """Return what a group is known by: «Group A», «GROUP_A» and «group-a» are one."""
    words = re.sub(r"[\W_]+", " ", plain(name)).strip().lower()
    found = re.match(r"(group|phase|batch|wave|stage|track) ?([a-z0-9.]+)", words)
    return f"{found[1]} {found[2]}" if found else words


def _reference(text: str) -> Reference:
    found = _RANGE.match(text)
    if found and (ids := _between(found[1], found[2])):
        return Ids(ids)
    found = _GROUP.fullmatch(text)
    if found:
        return AllOfGroup(f"{found[1].lower()} {found[2].lower()}")
    found = _ALL.fullmatch(text)
    if found:
        word = found[1].strip().lower()
        return AllWith(
            "" if word in ("", "previous", "prior", "earlier", "other", "preceding", "above") else word
        )
    found = _ONE.match(text)
    if found:
        return Ids((found[1],))
    inner = re.findall(rf"\b{STRONG_ID}\b", text)
    return Ids(tuple(inner)) if inner else Unread(text)


def _between(first: str, last: str) -> tuple[str, ...]:
    """Return the ids from first to last, or () when they are no range: T4 to T6, 1.1 to 1.3, T008 to T014."""
    one, other = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if not one or not other:
        return ()
    prefix = other[1] or one[1]  # T4-6
    low, high = int(one[2][-18:]), int(other[2][-18:])
    if prefix.lower() != one[1].lower() or not 0 <= high - low <= _WIDEST or one[3] or other[3]:
        return ()
    width = len(one[2]) if one[2].startswith("0") else 0
    return tuple(f"{one[1]}{number:0{width}d}" for number in range(low, high + 1))

"""One line of prose, list or tree: does it begin a task, name a group, claim a path or a sum? Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hostkit.tasks.importing.labels import hours_of
from hostkit.tasks.importing.references import ARROW, ID, STRONG_ID, Ids, is_empty, plain, references

_TASK = re.compile(
    rf"(?i:(?P<word>task)[\s#]+)?(?:(?P<strong>{STRONG_ID})|(?P<number>{ID}))(?P<mark>\s*[:.)\]–—-]+(?=\s|$)|(?=\s|$))"
    r"\s*(?P<rest>.*)"
)
_TAG = re.compile(r"^\[([A-Za-z]{1,6}\d*|[Ss]tory[^\]]*)\]\s*")
_PARENS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_DEPENDS = re.compile(
    r"(?i)(?:depends(?: up)?on|depends on|depends|dependenc(?:y|ies)|deps|requires|needs|blocked by|after"
    r"|prerequisites?)\s*:?\s+(.*)"
)
_TAIL = re.compile(r"(?i)\s+[–—-]+\s+(depends on .*)$")
_GROUP = re.compile(
    r"(?i)(?P<kind>group|phase|batch|wave|stage|track)[ _-]?(?P<name>[a-z]|\d+(?:\.\d+)?)\b\s*"
    r"(?P<when>\([^)]*\))?\s*(?:[:–—-]+\s*(?P<rest>.*))?"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The beginning of a task; ``needs`` None: not a word about them. ``sure``: no section number."""

    id: str
    title: str
    sure: bool
    hours: str = ""
    needs: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A line that names a group."""

    name: str
    title: str
    members: str
    claims: tuple[str, ...]


def entry(text: str, *, box: bool = False) -> Entry | None:
    """Return the task that a text begins, without its list mark; ``box``: a check box stood before it."""
    found = _TASK.fullmatch(plain(text))
    if not found:
        return None
    name = found["strong"] or found["number"]
    marked = bool(found["mark"].strip())
    sure = bool(found["word"]) or box or (bool(found["strong"]) and (marked or name.startswith(("T", "t"))))
    if not sure and not found["number"]:
        return None
    rest, tags = found["rest"], list[str]()
    while tag := _TAG.match(rest):
        tags.append(tag[1])
        rest = rest[tag.end() :]
    title, hours, needs = _inside(rest)
    return Entry(name, title or name, sure, hours, needs, tuple(tags))


def _inside(rest: str) -> tuple[str, str, str | None]:
    """Take hours and needs that stand in parentheses out of a title."""
    hours, needs = "", None
    tail = _TAIL.search(rest)
    if tail:
        rest = f"{rest[: tail.start()]} ({tail[1]})"
    kept, last = [], 0
    for found in _PARENS.finditer(rest):
        inner = found[1].strip()
        depends = _DEPENDS.fullmatch(inner)
        if depends:
            needs = depends[1]
        elif inner and is_empty(inner) and re.search(r"(?i)depend|prereq|independent|none", inner):
            needs = ""
        elif hours_of(inner) is not None and len(inner) < 40:
            hours = inner
        else:
            continue
        kept.append(rest[last : found.start()])
        last = found.end()
    kept.append(rest[last:])
    return re.sub(r"\s+", " ", "".join(kept)).strip(" :–—-"), hours, needs


def group_line(text: str, *, heading: bool) -> GroupLine | None:
    """Return the group that a line names. Outside of headings it must name its tasks, else it is prose."""
    found = _GROUP.fullmatch(plain(text))
    if not found:
        return None
    rest = found["rest"] or ""
    claims = [each.strip() for each in _PARENS.findall(rest)]
    body = _PARENS.sub("", rest).strip()
    named = references(body)
    members = bool(named) and all(isinstance(each, Ids) for each in named)
    if not members and not heading:
        return None
    if found["when"]:
        claims.insert(0, found["when"].strip("()"))
    name = f"{found['kind']} {found['name']}".lower()
    return GroupLine(name, "" if members else body, body if members else "", tuple(claims))


def chain(text: str) -> tuple[str, ...]:
    """Return the ids of a chain such as «T1 → T4 (6h) → T9», or () when the text is none."""
    parts = ARROW.split(plain(text))
    if len(parts) < 2:
        return ()
    ids: list[str] = []
    for number, part in enumerate(parts):
        where = rf"({ID})(?:\s*\([^)]*\))?\s*$" if number == 0 else rf"\s*(?:task\s+)?({ID})(?![\w])"
        found = re.search(where, part) if number == 0 else re.match(where, part, re.IGNORECASE)
        if not found:
            return ()
        ids.append(found[1])
    return tuple(ids)

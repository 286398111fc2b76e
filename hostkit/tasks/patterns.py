"""Globs over repository paths, as in a task's ``files``. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def outside(paths: Sequence[str], globs: Sequence[str]) -> tuple[str, ...]:
    """Return the paths that no glob covers. No globs at all cover everything.

    ``*`` and ``?`` stay within one directory, ``**`` crosses them; a glob that ends with ``/`` or names a
    directory covers everything below it.
    """
    if not globs:
        return ()
    return tuple(path for path in paths if not any(_compiled(glob).fullmatch(path) for glob in globs))


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    parts: list[str] = []
    rest = glob.strip().removeprefix("./").rstrip("/")
    while rest:
        if rest.startswith("**/"):
            parts.append("(?:[^/]+/)*")
            rest = rest[3:]
        elif rest.startswith("**"):
            parts.append(".*")
            rest = rest[2:]
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])))
            rest = rest[1:]
    return re.compile("".join(parts) + "(?:/.*)?")


def overlap(ones: Sequence[str], others: Sequence[str]) -> tuple[str, str] | None:
    """Return the first two globs that some path could be in both of, or None. Unsure counts as yes.

    No globs at all name nothing: who says nothing about files collides with nobody.
    """
    for one in ones:
        for other in others:
            if _meet(_segments(one), _segments(other)):
                return one, other
    return None


@lru_cache(maxsize=1024)
def _segments(glob: str) -> tuple[str, ...]:
    parts = [part for part in glob.strip().removeprefix("./").split("/") if part not in ("", ".")]
    odd = next((n for n, part in enumerate(parts) if "**" in part and part != "**"), len(parts))
    return (*parts[:odd], "**")


@lru_cache(maxsize=4096)
def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not one or not other:
        return all(part == "**" for part in one + other)
    if one[0] == "**":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "**":
        return _meet(other, one)
    return _same(one[0], other[0]) and _meet(one[1:], other[1:])


@lru_cache(maxsize=4096)
def _same(one: str, other: str) -> bool:
    """Could one name match both? ``*`` and ``?`` in either."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _same(one[1:], other) or _same(one, other[1:])
    if other[0] == "*":
        return _same(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _same(one[1:], other[1:])

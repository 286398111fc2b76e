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

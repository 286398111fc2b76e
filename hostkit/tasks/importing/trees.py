"""Trees that are drawn with boxes: of files, and of tasks. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hostkit.tasks.importing.model import Said

BRANCH = re.compile(r"^(?P<stem>[\s│|┃║]*)(?:[├└╠╚┣┗+`|][─━═\-]{1,3}[>\s]?|[├└╠╚┣┗])\s*(?P<name>\S.*)$")
"""A line of a tree below its root: «│   ├── name»."""

_REMARK = re.compile(r"\s+(?:#|//|←|<-|--|—|–|-\s|\().*$|\s{2,}.*$")
_PATH = re.compile(r"[\w.@~*?\[\]{}<>+$-][\w./@~*?\[\]{}<>+$-]*")


def is_branch(line: str) -> bool:
    """Is it a line of a tree?"""
    return BRANCH.match(line) is not None


def paths_of_tree(lines: Sequence[Said]) -> list[Said]:
    """Return the files of a tree, folders joined to them, remarks dropped. An empty folder counts."""
    stack: list[tuple[int, str]] = []
    entries: list[tuple[int, str, Said]] = []  # depth, path, line
    for said in lines:
        found = BRANCH.match(said.text)
        depth = 1 + len(found["stem"]) if found else 0
        name = clean_path(found["name"] if found else said.text)
        if not name:
            continue
        while stack and stack[-1][0] >= depth:
            stack.pop()
        above = stack[-1][1].rstrip("/") + "/" if stack else ""
        path = above + name
        stack.append((depth, path))
        entries.append((depth, path, said))
    result: list[Said] = []
    for number, (depth, path, said) in enumerate(entries):
        below = entries[number + 1][0] > depth if number + 1 < len(entries) else False
        if not below and path.rstrip("/") not in (".", ""):
            result.append(Said(path.removeprefix("./"), said.at))
    return result


def clean_path(text: str) -> str:
    """Return the path that a text begins with, or "" when it begins with none."""
    text = text.strip()
    quoted = re.match(r"[*_]*`([^`]+)`", text)
    text = quoted[1].strip() if quoted else _REMARK.sub("", text.strip("*_ ")).strip()
    text = re.sub(r":\d+(?:-\d+)?$", "", text.rstrip(",;:"))
    return text if _PATH.fullmatch(text) and text not in ("...", "-") else ""


def looks_like_path(text: str) -> bool:
    """Does a single word look like a path: a slash in it, or a name with an ending?"""
    return bool(_PATH.fullmatch(text)) and (
        ("/" in text and not text.startswith("/") and "//" not in text)
        or re.fullmatch(r"[\w.-]*[A-Za-z_][\w-]*\.[a-z][a-z0-9]{0,9}", text) is not None
    )

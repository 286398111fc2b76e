"""What the compiler read for each object: its dependency files, kept with the artifact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from hostkit.files import canonical_json

DEPENDS = "depends.json"
"""File of an artifact: ``{"objects": {source: [every file of the checkout that it was made of]}}``."""

_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_JOINED = re.compile(r"\\\r?\n")


def parse_rule(text: str) -> tuple[str, ...]:
    """Return what the first rule of a makefile names after its colon, as compilers write it.

    The first of it is the source. Empty for a text that holds no rule.
    """
    head, colon, rest = _JOINED.sub(" ", text).partition(": ")
    if not colon or "\n" in head:
        return ()
    words = _WORD.findall(rest.split("\n", 1)[0])
    return tuple(re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words)


def collect(output: Path, project: Path) -> bytes | None:
    """Return :data:`DEPENDS` of what a build left below ``output``, None where an object has no such file.

    Files outside of ``project`` (the compiler's own, zcbor's) are known by the toolchain instead.
    """
    objects: dict[str, list[str]] = {}
    for built in sorted(output.rglob("*.o")):
        try:
            files = parse_rule(Path(f"{built}.d").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        if not files:
            return None
        inside = sorted(filter(None, (_inside(file, project) for file in files)))
        objects[_inside(files[0], project) or PurePosixPath(files[0]).name] = inside
    return canonical_json({"objects": objects}) if objects else None


def read_depends(directory: Path) -> Mapping[str, frozenset[str]] | None:
    """Return each source's files from an artifact's directory, None where it does not say."""
    try:
        objects = json.loads((directory / DEPENDS).read_bytes())["objects"]
        return {str(source): frozenset(map(str, files)) for source, files in objects.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def readers(objects: Mapping[str, Iterable[str]], file: str) -> tuple[str, ...]:
    """Return the sources whose object was made of a file, sorted."""
    return tuple(sorted(source for source, files in objects.items() if file in files))


def _inside(file: str, project: Path) -> str:
    """Return a path as seen from the checkout, "" for one outside of it."""
    path = (project / file).resolve()
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else ""

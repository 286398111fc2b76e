"""Can a change alter an env's firmware? What the compiler read decides; what is not known counts as yes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from hostkit.build.depends import readers
from hostkit.build.inputs import FIRMWARE, changed_sources

PLATFORMS = f"{FIRMWARE}/platforms"
SHARED = "shared"

_COMPILED = {".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".inc", ".S", ".s"}
_NOT_INPUTS = ("commit", "dirty", "sources")  # said by the firmware; no reason to test it again


@dataclass(frozen=True, slots=True)
class Known:
    """A stored build of an env whose sources are those of the base: its inputs, and what it was made of."""

    build_id: str
    facts: Mapping[str, Any]
    objects: Mapping[str, frozenset[str]]


def why_affected(known: Known, facts: Mapping[str, Any], platform: str) -> tuple[str, ...]:
    """Return why a build of these inputs can differ from a known one; empty: it cannot. Pure.

    ``platform``: name of the env's folder in firmware/platforms, "" for one from elsewhere.
    """
    reasons = list(_other_inputs(known.facts, facts))
    before, after = known.facts["sources"], facts["sources"]
    for path in changed_sources(known.facts, facts):
        why = _why(path, known.objects, platform, new=path not in before, gone=path not in after)
        if why:
            reasons.append(why)
    return tuple(reasons)


def objects_affected(known: Known, facts: Mapping[str, Any]) -> frozenset[str]:
    """Return the sources whose objects alone can differ; empty where other things can, or nothing. Pure."""
    if any(_other_inputs(known.facts, facts)):
        return frozenset()
    in_both = known.facts["sources"].keys() & facts["sources"].keys()
    found: set[str] = set()
    for path in changed_sources(known.facts, facts):
        place = PurePosixPath(path)
        if place.suffix == ".md":
            continue
        if place.suffix not in _COMPILED or place.is_relative_to(PLATFORMS) or path not in in_both:
            return frozenset()
        found.update(readers(known.objects, path))
    return frozenset(found)


def _other_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after} - {*_NOT_INPUTS}):
        if before.get(name) != after.get(name):
            yield f"{name} is {after.get(name)}, was {before.get(name)}"


def _why(path: str, objects: Mapping[str, frozenset[str]], platform: str, *, new: bool, gone: bool) -> str:
    place = PurePosixPath(path)
    if place.is_relative_to(PLATFORMS) and len(place.parts) > 2:
        if place.parts[2] not in (platform, SHARED) and platform:
            return ""
        return f"{path} is part of the env's platform"
    if place.suffix == ".md":
        return ""
    if place.suffix not in _COMPILED:
        return f"{path}: no compiler says who reads it"
    if new:
        return f"{path} is new: no build has shown who reads it"
    found = readers(objects, path)
    if not found:
        return ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    how = "is gone; it was read for" if gone else "is read for"
    return f"{path} {how} {found[0]}{more}"

"""Faults that people wrote down: ``mutants/*.toml`` of a project, one file an area.

Each names a file of the firmware, a text that is there exactly once, and what it becomes. One that does
not apply is an error: the sources moved on, and a fault that is not planted proves nothing.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hostkit.errors import UsageError
from hostkit.mutants.model import Mutant, Origin

FOLDER = "mutants"
"""Where a project keeps its planted faults."""

EQUIVALENT = "equivalent.toml"
"""The file of that folder that holds reviews instead (see :mod:`hostkit.mutants.reviewed`)."""


class Fault(BaseModel):
    """One ``[[fault]]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,60}$")
    about: str = Field(min_length=10)
    file: str = Field(pattern=r"^[^/\\][^\\]*$")
    old: str = Field(min_length=1)
    new: str


class Area(BaseModel):
    """One file of faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: str = Field(min_length=3)
    fault: tuple[Fault, ...] = Field(min_length=1)


def read_planted(project: Path) -> tuple[Mutant, ...]:
    """Return all planted faults of a project, by file and place in it; none without the folder.

    Raises :class:`UsageError` for a file that cannot be understood, for a name that is there twice, and for
    faults that do not apply to the sources as they are: all of them are named.
    """
    found: list[Mutant] = []
    problems: list[str] = []
    for path in sorted((project / FOLDER).glob("*.toml")):
        if path.name == EQUIVALENT:
            continue
        area = _read(path)
        for fault in area.fault:
            try:
                found.append(_plant(project, area.area, fault))
            except ValueError as error:
                problems.append(f"{path.name}: {fault.name} does not apply: {error}")
    problems += [f"{name} is there twice" for name, n in Counter(m.name for m in found).items() if n > 1]
    if problems:
        raise UsageError("\n".join(problems), hint=f"make {FOLDER}/ fit the sources: `old` exactly once")
    return tuple(found)


def _read(path: Path) -> Area:
    try:
        return Area.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}", hint="see https://toml.io for the syntax") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}", hint="name, about, file, old, new") from error


def _plant(project: Path, area: str, fault: Fault) -> Mutant:
    try:
        text = (project / fault.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{fault.file} cannot be read ({error})") from error
    count = text.count(fault.old)
    if count != 1:
        raise ValueError(f"{fault.file} has its text {count} times")
    if fault.new == fault.old:
        raise ValueError("old and new are the same")
    offset = text.index(fault.old)
    return Mutant(fault.name, Origin.PLANTED, area, fault.about, fault.file, offset, fault.old, fault.new)

"""Records: a firmware source with one fault, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from hostkit.files import canonical_json


class Origin(Enum):
    """Where a mutant comes from."""

    PLANTED = "planted"  # written down by a person, with what it is about
    GENERIC = "generic"  # made by an operator at a place of the sources


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"  # a test failed, or the board did not come up with it
    TIMED_OUT = "timed out"  # the suite did not come to its end: noticed as well
    SURVIVED = "survived"  # the whole suite passed
    EQUIVALENT = "equivalent"  # it cannot be told from the original: same machine code, or reviewed
    UNBUILDABLE = "does not compile"
    INCONCLUSIVE = "inconclusive"  # the machine was in the way; says nothing of the suite


NOTICED = frozenset({Fate.KILLED, Fate.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one file: at ``offset`` (characters) of ``file``, ``old`` becomes ``new``.

    ``kind``: the area of a planted one, the operator of a generic one. ``name`` is unique within its origin.
    """

    name: str
    origin: Origin
    kind: str
    about: str
    file: str  # relative to the project, with slashes
    offset: int
    old: str
    new: str

    @property
    def digest(self) -> str:
        """SHA-256 of origin, name and edit, 64 hex digits: what a stored result belongs to."""
        return hashlib.sha256(canonical_json(self.record())).hexdigest()

    def applied_to(self, text: str) -> str:
        """Return the file with the fault in it. Raises :class:`ValueError` where ``old`` is not there."""
        end = self.offset + len(self.old)
        if text[self.offset : end] != self.old:
            raise ValueError(f"{self.file} has no {self.old!r} at {self.offset}")
        return text[: self.offset] + self.new + text[end:]

    def record(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"origin": self.origin.value}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Mutant:
        """Return the mutant of :meth:`record`. Raises :class:`ValueError` or :class:`TypeError`."""
        return cls(**{**record, "origin": Origin(record["origin"])})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mutant. ``stage``: build, boot, link, or the rung of the test that failed.

    ``by``: pytest's node id of the killing test, empty where a stage before the suite noticed. ``message``:
    the reason in one line. ``seconds``: from the edit to the answer. ``artifact``: its build id.
    """

    digest: str
    fate: Fate
    stage: str = ""
    by: str = ""
    message: str = ""
    seconds: float = 0.0
    artifact: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"fate": self.fate.value}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Result:
        """Return the result of :meth:`record`. Raises :class:`ValueError` or :class:`TypeError`."""
        return cls(**{**record, "fate": Fate(record["fate"])})

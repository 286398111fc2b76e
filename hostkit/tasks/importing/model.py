"""What a document says, field by field, each with file and line; and what was found about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A line of a file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return it as editors and terminals understand it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Said:
    """One field as the document has it, secrets masked."""

    text: str
    at: Spot


@dataclass(slots=True)
class Draft:
    """One task as a document has it. What the document does not say is None or empty.

    ``needs`` None: not a word about it; an empty list: it says that there are none. ``strength``: how full
    the place is that it was read from; of two places that speak of one task the fuller one is believed.
    """

    id: Said
    title: Said
    strength: int = 1
    needs: list[Said] | None = None
    brief: list[Said] = field(default_factory=list)
    files: list[Said] = field(default_factory=list)
    steps: list[Said] = field(default_factory=list)  # how it is to be validated: text, never run
    inputs: list[Said] = field(default_factory=list)
    hours: Said | None = None
    group: Said | None = None
    agent: Said | None = None
    done: Said | None = None  # the document says that it is done, which proves nothing
    story: list[str] = field(default_factory=list)  # labels such as US1


@dataclass(slots=True)
class GroupDraft:
    """A group as a document has it; ``members`` as written, ranges and all."""

    name: str
    at: Spot
    title: str = ""
    members: list[Said] = field(default_factory=list)
    after: list[Said] = field(default_factory=list)
    barrier: bool = False
    claims: list[Said] = field(default_factory=list)  # such as «4 tasks, 0 dependencies»


@dataclass(slots=True)
class Breakdown:
    """A whole document: tasks in its order, groups, and what it claims about the whole."""

    file: str
    drafts: list[Draft] = field(default_factory=list)
    groups: dict[str, GroupDraft] = field(default_factory=dict)  # by the name in lower case
    paths: list[Said] = field(default_factory=list)  # chains that are called critical
    totals: list[Said] = field(default_factory=list)  # lines that claim a sum for all
    findings: list[Finding] = field(default_factory=list)


class Kind(Enum):
    """What kind of finding it is."""

    UNKNOWN_ID = "unknown id"
    CYCLE = "cycle"
    BROKEN = "broken"
    TWICE = "told twice"
    GROUP_ORDER = "group order"
    CRITICAL_PATH = "critical path"
    SUM = "sum"
    SHARED_FILE = "shared file"
    DONE = "called done"
    STEP = "unsafe step"
    SECRET = "secret"
    ASSUMED = "assumed"
    UNREAD = "not understood"
    TEXT = "broken text"


HARD = frozenset({Kind.UNKNOWN_ID, Kind.CYCLE, Kind.BROKEN})
"""With one of these there is no plan: what the graph is would be a guess."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know of before the plan is used."""

    kind: Kind
    at: Spot
    message: str
    hint: str = ""

    @property
    def hard(self) -> bool:
        """True when no plan can be made while it is there."""
        return self.kind in HARD


@dataclass(frozen=True, slots=True)
class Outline:
    """A document with every reference resolved. ``needs`` is sound only when no finding is hard."""

    document: Breakdown
    drafts: Mapping[str, Draft]
    needs: Mapping[str, tuple[str, ...]]
    unread: Mapping[str, tuple[Said, ...]]  # needs of a task that name no task
    group_of: Mapping[str, str]  # task to the name of its group
    after: Mapping[str, tuple[str, ...]]  # group to the groups that it comes after
    hours: Mapping[str, float]
    findings: tuple[Finding, ...]

    @property
    def hard(self) -> tuple[Finding, ...]:
        """Return what stands in the way of a plan."""
        return tuple(each for each in self.findings if each.hard)

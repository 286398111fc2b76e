"""What the names of fields mean, whatever a document calls them. Pure."""

from __future__ import annotations

import re
from enum import Enum


class Field(Enum):
    """What a labelled text, a column or a key is about."""

    ID = "id"
    TITLE = "title"
    NEEDS = "needs"
    FILES = "files"
    STEPS = "steps"
    INPUTS = "inputs"
    HOURS = "hours"
    GROUP = "group"
    AGENT = "agent"
    STATUS = "status"
    BRIEF = "brief"
    BLOCKS = "blocks"
    PATH = "critical path"
    TOTAL = "total"


_NAMES: dict[Field, str] = {
    Field.ID: "id|task id|#|no|nr|number|taskid|key",
    Field.TITLE: "title|name|task name|task|tasks",
    Field.NEEDS: "dependencies|dependency|depends on|depends|dependson|prerequisites|prerequisite"
    "|blocked by|blockedby"
    "|requires|needs|after|deps|depends upon|predecessors|predecessor",
    Field.FILES: "files|file|files to create|files to modify|files to create/modify|files to create or modify"
    "|files to change|files modified|files affected|files touched|relevant files|relevantfiles|outputs|output"
    "|deliverables|deliverable|output files|artifacts",
    Field.STEPS: "validation|validation steps|validation criteria|verification|verify|verification steps"
    "|test steps"
    "|how to test|how to verify|test strategy|teststrategy|testing|tests|test"
    "|acceptance criteria|acceptancecriteria"
    "|acceptance|success criteria"
    "|definition of done|done when|checks|validation commands",
    Field.INPUTS: "inputs|input|input files|reads",
    Field.HOURS: "hours|estimate|estimates|estimated hours|estimatedhours|estimated time"
    "|estimated effort|effort"
    "|duration|time|time estimate|est|est hours|h|hrs|est.|size",
    Field.GROUP: "group|phase|batch|wave|stage|track|parallel group|tag",
    Field.AGENT: "agent|agent type|agenttype|owner|assignee|assigned to|type",
    Field.STATUS: "status|state|done",
    Field.BRIEF: "description|objective|goal|details|summary|scope|purpose|notes|context|what|implementation",
    Field.BLOCKS: "blocks|unblocks|required by",
    Field.PATH: "critical path",
    Field.TOTAL: "total|total time|total effort|total hours|total estimate|total estimated effort"
    "|total estimated time"
    "|estimated total|grand total|sum|total duration|total tasks",
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split("|")}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def field_of(name: str) -> Field | None:
    """Return what a name stands for, or None: «Files to Create/Modify», «dependsOn», «Blocked by»."""
    name = re.sub(r"\([^)]*\)|[*_`:?]+", " ", _CAMEL.sub(" ", name))
    name = re.sub(r"\s+", " ", name).strip().lower()
    return _FIELDS.get(name) or _FIELDS.get(name.replace(" ", ""))


def hours_of(text: str) -> float | None:
    """Return the hours that a text names first, of a day 8: «6 hours», «1.5h», «2 days», «4–6 h» (6)."""
    found = re.search(
        r"(?i)(?:(\d{1,6}(?:\.\d{1,6})?)\s*(?:-|–|—|to)\s*)?(\d{1,6}(?:\.\d{1,6})?)\s*"
        r"(hours?|hrs?|h|days?|d|minutes?|mins?|min|m|weeks?|w)\b",
        text,
    )
    if not found:
        return None
    unit = found[3][0].lower()
    return float(found[2]) * {"h": 1.0, "d": 8.0, "m": 1 / 60, "w": 40.0}[unit]

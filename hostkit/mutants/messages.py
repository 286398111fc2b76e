"""What a campaign and its lanes say to each other: JSON lines over the pipes of a child process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from hostkit.mutants.suite import Ended, SuiteEnd


@dataclass(frozen=True, slots=True)
class LaneOrder:
    """How a lane is started; times in seconds."""

    project: str
    state: str
    cache: str
    board: str
    env: str
    number: int
    boot_timeout_s: float

    def line(self) -> str:
        """Return it as an argument of the child."""
        return json.dumps(asdict(self))

    @classmethod
    def of_line(cls, line: str) -> LaneOrder:
        """Return the order of :meth:`line`."""
        return cls(**json.loads(line))


class Do(Enum):
    """What a lane is asked."""

    OPEN = "open"  # copy, build, take the board -> build id
    CLEAN = "clean"  # flash the clean build and run the whole suite -> a SuiteEnd
    JUDGE = "judge"  # remember the terms of the trials -> nothing
    TRY = "try"  # a mutant -> a Result


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of all trials, as the clean runs set them."""

    timeout_s: float
    quick: str  # path, "" for the suite's own order
    skipped: tuple[str, ...]


def end_record(end: SuiteEnd) -> dict[str, Any]:
    """Return a suite's end as JSON values."""
    return asdict(end) | {"ended": end.ended.value}


def end_of_record(record: Mapping[str, Any]) -> SuiteEnd:
    """Return the end of :func:`end_record`."""
    seconds = tuple((str(test), float(took)) for test, took in record["seconds"])
    kept = {key: record[key] for key in ("test", "rung", "message")}
    return SuiteEnd(Ended(record["ended"]), **kept, seconds=seconds, skipped=tuple(record["skipped"]))


def quick_path(terms: Terms) -> Path | None:
    """Return the file of the terms, None for the suite's own order."""
    return Path(terms.quick) if terms.quick else None

"""``hil_tests/quarantine.toml``: tests that are known to be unreliable, with owner, reason and an end.

    [[quarantine]]
    test = "test_live.py::test_no_frame_is_faster_*"
    owner = "ada"
    reason = "jitters while a backup runs on the bench"
    expires = 2026-12-20
    issue = "https://example.org/issues/7"   # may be left out

A quarantined test runs and is reported as ever; ``hostkit/gate/quarantine.py`` says what a gate makes of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hostkit.errors import UsageError

FILE_NAME = "quarantine.toml"

MOST_DAYS = 30
"""So far ahead an entry may end: what takes longer to repair needs to be looked at again."""

_HEADER = re.compile(r"\s*\[\[\s*quarantine\s*\]\]")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    test: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: date
    issue: str = ""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    quarantine: list[_Entry] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One entry. ``test``: a node id or its end, with ``*`` and ``?``; it holds until the end of ``expires``.

    ``place``: file and line, for messages.
    """

    test: str
    owner: str
    reason: str
    expires: date
    issue: str
    place: str

    def days_left(self, today: date) -> int:
        """Return for how many days after today it holds; below zero when it has ended."""
        return (self.expires - today).days


def read_quarantine(path: Path) -> tuple[Quarantined, ...]:
    """Return the entries, none without a file. Raises :class:`UsageError` with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="make it a readable UTF-8 file") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    try:
        document = _Document.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint="see https://toml.io for the syntax") from error
    except ValidationError as error:
        raise _misfit(path, lines, error) from error
    return tuple(
        Quarantined(**entry.model_dump(), place=f"{path.parent.name}/{path.name}:{line}")
        for entry, line in zip(document.quarantine, lines, strict=False)
    )


def refuse_stale(entries: Sequence[Quarantined], today: date) -> None:
    """Raise :class:`UsageError` for an entry that has ended, or ends too far ahead."""
    for entry in entries:
        if entry.days_left(today) < 0:
            raise UsageError(
                f"{entry.place}: the quarantine of {entry.test} ended on {entry.expires}",
                hint=f"repair the test ({entry.owner}: {entry.reason}) and remove the entry",
            )
        if entry.days_left(today) > MOST_DAYS:
            raise UsageError(
                f"{entry.place}: the quarantine of {entry.test} ends on {entry.expires}, "
                f"more than {MOST_DAYS} days ahead",
                hint=f"at most {today + timedelta(days=MOST_DAYS)}",
            )


def _misfit(path: Path, lines: Sequence[int], error: ValidationError) -> UsageError:
    first = error.errors()[0]
    loc = first["loc"]
    index = next((step for step in loc if isinstance(step, int)), None)
    place = f"{path}:{lines[index]}" if index is not None and index < len(lines) else str(path)
    return UsageError(
        f"{place}: {loc[-1]}: {first['msg'].lower()}",
        hint="an entry has test, owner, reason, expires (a date, such as 2026-12-20) and may have issue",
    )

"""Workflow commands that GitHub shows beside the lines of a change. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from hostkit.hil.observations import Outcome
from hostkit.report.record import Report
from hostkit.store.model import Verdict
from hostkit.words import counted, first_of

MOST = 10
"""GitHub shows no more errors of one step than this; the last one counts what is left out."""

_LONGEST = 4000  # characters of a message


class Level(Enum):
    """How GitHub colours an annotation."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


_LEVELS = {
    Verdict.PASS: Level.NOTICE,
    Verdict.FAIL: Level.ERROR,
    Verdict.INCONCLUSIVE: Level.WARNING,
    Verdict.INVALID: Level.ERROR,
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """``file`` is relative to the repository; empty, and ``line`` 0, for what has no place."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return the workflow command, one line whatever the texts hold."""
        place = [("file", self.file), ("line", str(self.line))] if self.file else []
        said = ",".join(f"{key}={_property(value)}" for key, value in [*place, ("title", self.title)])
        return f"::{self.level.value} {said}::{_data(self.message[:_LONGEST])}"


def annotations_of(report: Report, prefix: str = "") -> tuple[Annotation, ...]:
    """Return the verdict and what to say beside which line, at most :data:`MOST` of them.

    What was waived comes first, then crashes, then what the compiler said, then failed tests. ``prefix``:
    where the project lies inside the repository, "" for its root.
    """
    verdict = Annotation(
        _LEVELS[report.verdict],
        f"hostkit {report.title}",
        "\n".join(report.reasons[:MOST]) or "no reason given",
    )
    waived = [Annotation(Level.WARNING, "waived", said) for said in report.waived]
    placed = [*waived, *_crashes(report, prefix), *_diagnostics(report, prefix), *_tests(report, prefix)]
    room = MOST - 1
    if len(placed) <= room:
        return (verdict, *placed)
    left = len(placed) - room + 1
    rest = Annotation(
        Level.WARNING, "hostkit", f"{counted(left, 'more annotation')} left out: see the report"
    )
    return (verdict, *placed[: room - 1], rest)


def _crashes(report: Report, prefix: str) -> Iterator[Annotation]:
    for crash in report.crashes:
        level = Level.ERROR if crash.blames_firmware else Level.WARNING
        known = ((place, path) for place in crash.calls if (path := _inside(place.file, prefix)))
        place, path = next(known, (None, ""))
        calls = "\n".join(f"{call.function}, {call.file}:{call.line}" for call in crash.calls)
        message = f"{crash.reason}\n{calls}".strip()
        title = "crash" if crash.times == 1 else f"crash, {crash.times} times"
        yield Annotation(level, title, message, path, place.line if place else 0)


def _diagnostics(report: Report, prefix: str) -> Iterator[Annotation]:
    for said in report.diagnostics:
        path = _inside(said.file or "", prefix)
        yield Annotation(Level.ERROR, "build", said.message, path, said.line or 0 if path else 0)


def _tests(report: Report, prefix: str) -> Iterator[Annotation]:
    """Say once what several tests met alike at one line."""
    alike: dict[tuple[str, int, str, str], list[str]] = {}
    for test in report.failed:
        path = _inside(test.file or "", prefix)
        key = (path, test.line or 0 if path else 0, test.outcome.value, test.message or test.detail)
        alike.setdefault(key, []).append(test.test.rsplit("::", 1)[-1])
    for (path, line, outcome, message), tests in alike.items():
        mild = outcome in (Outcome.LOST.value, Outcome.FLAKY.value)
        level = Level.WARNING if mild else Level.ERROR
        yield Annotation(level, f"{first_of(tests, 'test')} {outcome}", message, path, line)


def _inside(file: str, prefix: str) -> str:
    """Return a path inside the repository, "" for one that is not: a system's header, say."""
    path = PurePosixPath(file)
    if not file or path.is_absolute() or ".." in path.parts:
        return ""
    return (PurePosixPath(prefix) / path).as_posix()


def _data(text: str) -> str:
    """Escape what would end a command's text, as the runner undoes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape what would end a property, as the runner undoes it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")

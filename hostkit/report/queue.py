"""The queue for people (80 columns) and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from hostkit.files import jsonable
from hostkit.jobs.model import Attempt, Job, State

SCHEMA = "hostkit.queue/1"
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

STYLES = {
    State.WAITING: "cyan",
    State.FOLLOWING: "cyan",
    State.RUNNING: "bold blue",
    State.CANCELLING: "yellow",
    State.PASSED: "bold green",
    State.FAILED: "bold red",
    State.INVALID: "bold red",
    State.INCONCLUSIVE: "bold yellow",
    State.REFUSED: "bold red",
    State.CANCELLED: "dim",
    State.DEAD: "bold yellow",
}
"""Colours of states, the same everywhere."""

_WIDE, _FOR_SUBMITTER, _FOR_BOARD = 100, 72, 60  # columns
_ONE, _BOTH, _WHAT_AND_BOARD = 9, 11, 25  # characters: names of one board, of two, and room for all of it

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Line:
    """One job in a list: what it does now in words, how far it is (0 to 1, None for unknown) and until when
    or since when, in seconds (None for unknown); and ``brief``, words for a narrow terminal, if others."""

    job: Job
    words: str
    board: str = ""
    fraction: float | None = None
    seconds: float | None = None
    brief: str = ""


def spell_s(seconds: float) -> str:
    """Return a duration in at most 6 characters: «0 s», «59 s», «3 min», «2 h», «4 d»."""
    if seconds < 10 * _MINUTE and seconds >= _MINUTE:
        return f"{int(seconds // _MINUTE)}:{int(seconds % _MINUTE):02}"
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 2 * size or (size == _MINUTE and seconds >= size):
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def queue_table(lines: Sequence[Line], *, width: int = 80) -> Table:
    """Return one row a job, in the order given. What does not fit is cut, not wrapped; on a narrow terminal
    who submitted a job is left out first, then its board, and never how it stands."""
    table = Table(box=None, pad_edge=False, header_style="dim", width=width)
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    board, by = width >= _FOR_BOARD, width >= _FOR_SUBMITTER
    names = min(_BOTH, max((len(_board(line)) for line in lines), default=0)) if board else 0
    table.add_column("what", no_wrap=True, max_width=_WHAT_AND_BOARD - max(names, _ONE))
    if board:
        table.add_column("board", no_wrap=True, max_width=max(names, _ONE), overflow="ellipsis")
    if by:
        table.add_column("by", no_wrap=True, max_width=8, overflow="ellipsis")
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for line in lines:
        job = line.job
        what = f"{job.wanted.kind.value} {job.wanted.env}"
        cells: list[str | Text] = [str(job.id), Text(job.state.value, style=STYLES[job.state]), Text(what)]
        cells += [_board(line)] if board else []
        cells += [Text(job.wanted.submitter)] if by else []
        table.add_row(*cells, Text(_shown(line, wide=width >= _WIDE)))
    return table


def plain_lines(lines: Sequence[Line]) -> list[str]:
    """Return one line a job for logs: no colours, no bars, no cutting."""
    return [
        " ".join(
            part
            for part in (
                f"{line.job.id:>4}",
                f"{line.job.state.value:<12}",
                f"{line.job.wanted.kind.value} {line.job.wanted.env}",
                f"on {line.board}" if line.board else _wished(line.job),
                f"by {line.job.wanted.submitter}",
                f"| {line.words}" if line.words else "",
            )
            if part
        )
        for line in lines
    ]


def _board(line: Line) -> Text:
    """Return the board that a job has, or the one that it waits for where it named one."""
    wish = line.job.wanted.wish
    return Text(line.board) if line.board or "=" in wish or line.job.state.ended else Text(wish, "dim")


def _wished(job: Job) -> str:
    wish = "" if job.state.ended else job.wanted.wish
    return f"for {'any board' if wish == 'any' else wish}" if wish else ""


def _shown(line: Line, *, wide: bool) -> str:
    """Return what a terminal shows: how far it is and how long that takes still come first."""
    words = line.words if wide else line.brief or line.words
    if line.fraction is None:
        return words
    length = 8 if wide else 5
    filled = round(length * min(1.0, line.fraction))
    return f"{'█' * filled}{'░' * (length - filled)} {words}"


def job_record(job: Job, attempts: Sequence[Attempt] = ()) -> dict[str, Any]:
    """Return a job as JSON-ready values: times in nanoseconds since the epoch, 0 for not yet."""
    record: dict[str, Any] = {"schema": SCHEMA} | jsonable(job)
    record["wanted"].pop("variables")
    if attempts:
        record["attempts"] = [
            jsonable(attempt) | {"token": None, "boards": list(attempt.boards.values())}
            for attempt in attempts
        ]
    return record


def _names(line: Line) -> list[str]:
    return line.board.split(",") if line.board else []


def list_record(lines: Sequence[Line], counts: Mapping[State, int], *, drained: bool) -> dict[str, Any]:
    """Return a list as JSON-ready values."""
    return {
        "schema": SCHEMA,
        "drained": drained,
        "open": {state.value: count for state, count in counts.items()},
        "jobs": [
            job_record(line.job)
            | {"now": line.words, "board": line.board or None, "boards": _names(line), "eta_s": line.seconds}
            for line in lines
        ],
    }

"""The runs that lie in a directory: found by name, listed newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostkit.errors import UsageError
from hostkit.report.read import when_of


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in short. ``verdict`` is empty for a directory that holds none, or one that makes no sense."""

    run: str
    when: str  # ISO 8601, UTC
    verdict: str
    rung: str
    env: str
    board: str
    commit: str
    build: str
    passed: int
    tests: int


def find_run(runs: Path, name: str) -> Path:
    """Return a run's directory. Raises :class:`UsageError` for a name of none, or of several."""
    if name and Path(name).is_dir():
        return Path(name).resolve()
    if (runs / name).is_dir():
        return (runs / name).resolve()
    found = sorted(runs.glob(f"{name}*")) if name else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(path.name for path in sorted(runs.glob("2*"))[-3:])
    if not known:
        raise UsageError(f"no run is in {runs}", hint="hostkit gate makes one")
    what = "several runs are" if found else "no run is"
    raise UsageError(f"{what} called {name!r}", hint=f"the newest: {known}")


def run_lines(runs: Path, board: str = "", newest: str = "") -> Iterator[RunLine]:
    """Yield runs, newest first; of one ``board`` where it is named, none after the run ``newest``."""
    names = sorted((path.name for path in runs.glob("[0-9]*") if path.is_dir()), reverse=True)
    for name in names:
        if not newest or name <= newest:
            line = _line(runs / name)
            if not board or line.board == board:
                yield line


def _line(directory: Path) -> RunLine:
    """Return a run in short; what is broken in it is left empty, as others are to be listed all the same."""
    asked, decided = _read(directory / "run.json"), _read(directory / "verdict.json")
    facts = decided.get("facts")
    shared = asked.get("also")
    boards = [asked.get("board"), *(shared if isinstance(shared, list) else ())]
    facts = facts if isinstance(facts, dict) else {}
    seen = facts.get("observations")
    seen = [test for test in seen if isinstance(test, dict)] if isinstance(seen, list) else []
    build = facts.get("build")
    return RunLine(
        run=directory.name,
        when=when_of(directory.name),
        verdict=_word(decided, "verdict"),
        rung=_word(decided, "rung"),
        env=_word(asked, "env"),
        board=",".join(filter(None, (_word(board, "name") for board in boards)))
        or _word(asked, "asked_board"),
        commit=_word(asked, "commit"),
        build=_word(build, "build_id"),
        passed=sum(test.get("outcome") == "passed" for test in seen),
        tests=len(seen),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _word(record: object, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""

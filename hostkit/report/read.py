"""A run's evidence as a report. What is not there is left out; what cannot be read is said."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from hostkit.build.store import MANIFEST
from hostkit.errors import InvalidError, ToolError
from hostkit.files import sha256_file
from hostkit.gate.building import DIAGNOSTICS
from hostkit.gate.crashes import CRASHES
from hostkit.gate.model import ESTABLISHES, LEAVES_OPEN
from hostkit.gate.parts import BOARDS, TIMINGS
from hostkit.gate.seal import SEAL, broken_files
from hostkit.gate.suite import JUNIT, OBSERVATIONS
from hostkit.hil.observations import Outcome, read_observations
from hostkit.report.record import REPORT, SCHEMA, Report
from hostkit.store.model import Rung, Verdict

_PLACE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+)")
_DIAGNOSTIC = re.compile(r"(?:(?P<file>[^\s:][^:]*):(?P<line>\d+):\d+: )?(?P<message>.+)")
_RUN_TIME = re.compile(r"(\d{8}T\d{6})Z-")

Raw = Mapping[str, Any]


def read_report(directory: Path) -> Report:
    """Read a run. Raises :class:`InvalidError` for evidence without a verdict, or that makes no sense."""
    try:
        return REPORT.validate_python(_values(directory))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()
        raise InvalidError(
            f"the evidence of run {directory.name} makes no sense: {' '.join(reason[:3])}",
            hint="it was edited, or written by another version of hostkit: run the gate again",
        ) from error


def read_file(directory: Path, name: str) -> Any:
    """Return one JSON file of a run, None where there is none. Raises :class:`InvalidError`."""
    path = directory / name
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}", hint="check the path and the disk"
        ) from error
    except ValueError as error:
        raise InvalidError(
            f"{name} of run {directory.name} is no JSON", hint="the evidence is broken: run the gate again"
        ) from error


def board_folders(directory: Path) -> tuple[Path, ...]:
    """Return where the parts of a run lie that are of one board each, those of the first board first."""
    return (directory, *sorted((directory / BOARDS).glob("*/")))


def read_junit(directory: Path) -> bytes:
    """Return what a run's suite came to as JUnit XML. Raises :class:`InvalidError` where none ran."""
    path = directory / JUNIT
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidError(
            f"run {directory.name} has no {JUNIT}", hint="its suite never ran: see `hostkit report markdown`"
        ) from error
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}", hint="check the path and the disk"
        ) from error


def when_of(run: str) -> str:
    """Return when a run began by its id: ISO 8601, UTC; empty for a name that is no id."""
    found = _RUN_TIME.match(run)
    if found is None:
        return ""
    return datetime.strptime(found.group(1), "%Y%m%dT%H%M%S").replace(tzinfo=UTC).isoformat()


def _hint(facts: Mapping[str, Any]) -> str:
    """Return what to do about the gravest stop, as :attr:`hostkit.gate.model.Facts.hint` does."""
    each = (facts["stop"], *(share["facts"]["stop"] for share in facts.get("shares", ())))
    stops = [stop for stop in each if stop]
    return str(max(stops, key=lambda stop: Verdict(stop["verdict"]).severity)["hint"]) if stops else ""


def _values(directory: Path) -> dict[str, Any]:
    decided, asked = read_file(directory, "verdict.json"), read_file(directory, "run.json")
    if decided is None or asked is None:
        missing = "verdict.json" if decided is None else "run.json"
        raise InvalidError(f"{directory} is no run: it has no {missing}", hint="see `hostkit report list`")
    facts = decided["facts"]
    seen, stop, build = facts["observations"], facts["stop"] or {}, facts["build"] or {}
    board = asked["board"]
    seal = directory / SEAL
    return {
        "schema": SCHEMA,
        "run": directory.name,
        "when": when_of(directory.name),
        "verdict": decided["verdict"],
        "exit_code": int(Verdict(decided["verdict"]).exit_code),
        "rung": decided["rung"],
        "ladder": _ladder(decided["rung"], asked["rules"]["min_rung"], seen),
        "reasons": decided["reasons"],
        "hint": _hint(facts),
        "not_established": decided["open"],
        "waived": [waived["said"] for waived in decided.get("waived", ())],
        "env": asked["env"],
        "board": None if board is None else _board(board),
        "also": [_board(other) for other in asked.get("also", ())],
        "fidelity": facts["fidelity"],
        "commit": asked["commit"],
        "tree": asked["tree"],
        "dirty": asked["dirty"],
        "parents": asked.get("parents", []),
        "build": _build(directory, build) if build else None,
        "identity": facts["identity"]["build_id"] if facts["identity"] else None,
        "flash": _flash(directory),
        "selection": asked["selection"],
        "stopped_at": stop.get("stage"),
        "rules": asked["rules"],
        "counts": dict(Counter(test["outcome"] for test in seen)),
        "patterns": _patterns(seen),
        "tests": _tests(directory, seen),
        "crashes": _crashes(directory),
        "diagnostics": list(_diagnostics(directory)),
        "tools": _tools(directory),
        "suite_sha256": asked["suite_sha256"],
        "seconds": read_file(directory, TIMINGS) or {},
        "evidence": str(directory),
        "evidence_sha256": sha256_file(seal) if seal.is_file() else "",
        "changed_files": broken_files(directory, sha256_file(seal)) if seal.is_file() else (f"no {SEAL}",),
    }


_BOARD = ("name", "kind", "chip", "mac", "profile")


def _board(spec: Raw) -> dict[str, Any]:
    return {key: spec[key] for key in _BOARD}


def _ladder(reached: str | None, wanted: str, seen: Iterable[Raw]) -> list[dict[str, Any]]:
    top = Rung.from_word(reached) if reached else 0
    least = Rung.from_word(wanted)
    tests = Counter(test["rung"] for test in seen if test["outcome"] != Outcome.NOT_APPLICABLE.value)
    passed = Counter(test["rung"] for test in seen if test["outcome"] == "passed")
    return [
        {
            "rung": rung.word,
            "standing": "reached" if rung <= top else "missed" if rung <= least else "beyond",
            "shows": ESTABLISHES[rung],
            "leaves_open": LEAVES_OPEN[rung],
            "tests": tests[rung.word],
            "passed": passed[rung.word],
        }
        for rung in Rung
    ]


def _build(directory: Path, fact: Raw) -> dict[str, Any]:
    manifest = read_file(directory, MANIFEST) or {}
    sizes = manifest.get("sizes", {})
    return {
        "build_id": fact["build_id"],
        "commit": fact["commit"],
        "dirty": fact["dirty"],
        "version": manifest.get("version", ""),
        "flash_bytes": sizes.get("flash", 0),
        "flash_budget": sizes.get("flash_budget", 0),
        "ram_bytes": sizes.get("ram", 0),
        "ram_budget": sizes.get("ram_budget", 0),
    }


def _flash(directory: Path) -> dict[str, Any] | None:
    record = read_file(directory, "flash.json")
    return None if record is None else record | {"mac": record["identity"]["mac"]}


def _patterns(seen: Iterable[Raw]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for test in seen:
        if test["pattern"]:
            found.setdefault(test["pattern"], Counter())[test["outcome"]] += 1
    return {name: dict(outcomes) for name, outcomes in found.items()}


def _tests(directory: Path, seen: Iterable[Raw]) -> list[dict[str, Any]]:
    details = _details(directory)
    return [
        {
            **{key: test[key] for key in ("test", "outcome", "rung", "seconds", "message")},
            "numbers": {name: value if isfinite(value) else None for name, value in test["numbers"].items()},
            "pattern": test["pattern"] or None,
            "detail": details.get(test["test"], ""),
            **_place(test.get("where", "")),
        }
        for test in seen
    ]


def _details(directory: Path) -> dict[str, str]:
    """Return what pytest said of each test that did not pass, on whichever board."""
    found: dict[str, str] = {}
    for folder in board_folders(directory):
        path = folder / OBSERVATIONS
        tests = read_observations(path).tests if path.is_file() else ()
        found |= {test.test: test.detail for test in tests if test.detail}
    return found


def _place(where: str) -> dict[str, Any]:
    found = _PLACE.fullmatch(where)
    if found is None:
        return {"file": None, "line": None}
    return {"file": found["file"], "line": int(found["line"])}


def _crashes(directory: Path) -> list[dict[str, Any]]:
    """Return each crash once that was seen in one place, with its first calls."""
    seen = read_file(directory, CRASHES) or ()
    times = Counter(crash["reason"] for crash in seen)
    first = {crash["reason"]: crash for crash in reversed(seen)}
    return [
        {
            "reason": reason,
            "blames_firmware": first[reason]["blames_firmware"],
            "calls": [place for call in first[reason]["calls"] for place in call["places"] if place["line"]],
            "times": count,
        }
        for reason, count in times.items()
    ]


def _diagnostics(directory: Path) -> Iterable[dict[str, Any]]:
    path = directory / DIAGNOSTICS
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        found = _DIAGNOSTIC.fullmatch(line)
        if found is not None:
            number = found["line"]
            yield {
                "message": found["message"],
                "file": found["file"],
                "line": int(number) if number else None,
            }


def _tools(directory: Path) -> dict[str, str]:
    said = read_file(directory, "tools.json") or {}
    plain = {name: said[name] for name in ("hostkit", "python", "machine") if name in said}
    groups = ({f"{name}": version for name, version in said.get(key, {}).items()} for key in _TOOL_GROUPS)
    for group in groups:
        plain |= group
    return {name: version for name, version in plain.items() if version}


_TOOL_GROUPS = ("packages", "toolchain")

"""How much of the code did tests run? By a report that the check's own command wrote just now.

The report's path is made for this one check, empty and outside of the worktree, and a report that says
that it was made earlier is refused: no file from another day can stand in for it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from hostkit.clock import Clock
from hostkit.process import Command, Runner
from hostkit.tasks.checking.finding import Finding, failed, passed, unknown
from hostkit.tasks.checks import REPORT, CoverageCheck
from hostkit.tasks.patterns import outside

_SLACK_S = 2.0  # a report dates itself to the second
_BRANCHES = re.compile(r"\((\d+)/(\d+)\)")


class ReportError(ValueError):
    """A text that is no coverage report; says why."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What a report has: for each file what was run, and what there is to run; ``made_s`` since the epoch."""

    files: Mapping[str, tuple[int, int]]
    made_s: float | None

    def of(self, include: Sequence[str]) -> tuple[int, int]:
        """Return both, summed over the files that a glob covers; no globs cover all."""
        rest = set(outside(tuple(self.files), include))
        counted = [pair for path, pair in self.files.items() if path not in rest]
        return sum(run for run, _ in counted), sum(there for _, there in counted)


@dataclass(frozen=True, slots=True)
class Means:
    """What runs the command: processes, time, and an empty directory outside of the worktree."""

    runner: Runner
    clock: Clock
    env: Mapping[str, str]
    scratch: Path


def check_coverage(check: CoverageCheck, means: Means) -> Finding:
    """Run the command in the working directory and judge the report that it writes."""
    report = means.scratch / "coverage"
    argv = tuple(part.replace(REPORT, str(report)) for part in check.argv)
    began_s = means.clock.wall_ns() / 1e9
    done = means.runner.run(Command(argv, env=means.env), on_text=_show)
    if done.returncode < 0:
        return unknown(f"the command was ended by signal {-done.returncode}")
    if done.returncode:
        return failed(f"the command that measures ended with exit {done.returncode}")
    try:
        written_s = report.stat().st_mtime
        covered = read_report(report.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return unknown(f"the command left no report: {error}")
    except ReportError as error:
        return unknown(f"the report cannot be read: {error}")
    made_s = min(written_s, covered.made_s if covered.made_s is not None else written_s)
    if made_s < began_s - _SLACK_S:
        return unknown(f"the report is {began_s - made_s:.0f} s older than this check")
    return judge_coverage(check, covered)


def judge_coverage(check: CoverageCheck, covered: Covered) -> Finding:
    """Return what a fresh report says about the floor. Pure. Nothing to run is no coverage."""
    run, there = covered.of(check.include)
    if there == 0:
        return unknown("the report has nothing of what is asked for")
    said = f"{100 * run / there:.2f} % ({run} of {there}), {check.floor:g} % wanted"
    return passed(said) if 100 * run >= check.floor * there else failed(said)


def read_report(text: str) -> Covered:
    """Read a report: coverage.py's JSON, or Cobertura's XML. Raises :class:`ReportError`."""
    try:
        return _from_xml(text) if text.lstrip().startswith("<") else _from_json(text)
    except ElementTree.ParseError as error:
        raise ReportError(f"no XML: {error}") from error
    except json.JSONDecodeError as error:
        raise ReportError(f"no JSON: line {error.lineno}: {error.msg}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(f"no coverage report: {type(error).__name__}: {error}") from error


def _from_json(text: str) -> Covered:
    told = json.loads(text)
    files = {}
    for path, about in told["files"].items():
        summary = about["summary"]
        run = int(summary["covered_lines"]) + int(summary.get("covered_branches", 0))
        there = int(summary["num_statements"]) + int(summary.get("num_branches", 0))
        files[path] = _sound(run, there)
    made = told.get("meta", {}).get("timestamp")
    return Covered(files, datetime.fromisoformat(made).timestamp() if made else None)


def _from_xml(text: str) -> Covered:
    root = ElementTree.fromstring(text)
    if root.tag != "coverage":
        raise ReportError(f"no coverage report: <{root.tag}>")
    hits: dict[str, dict[str, tuple[int, int]]] = {}
    for each in root.iter("class"):
        lines = hits.setdefault(each.attrib["filename"], {})
        for line in each.iter("line"):
            ran, there = (1 if int(line.attrib["hits"]) else 0), 1
            if branches := _BRANCHES.search(line.get("condition-coverage", "")):
                ran, there = ran + int(branches[1]), there + int(branches[2])
            known = lines.get(line.attrib["number"], (0, 0))
            lines[line.attrib["number"]] = (max(ran, known[0]), max(there, known[1]))
    files = {
        path: _sound(sum(ran for ran, _ in lines.values()), sum(there for _, there in lines.values()))
        for path, lines in hits.items()
    }
    made = int(root.attrib["timestamp"]) if root.get("timestamp") else None
    if made is not None and made > 100_000_000_000:
        made //= 1000  # coverage.py dates in milliseconds, Cobertura's own in seconds
    return Covered(files, made)


def _sound(run: int, there: int) -> tuple[int, int]:
    if not 0 <= run <= there:
        raise ReportError(f"{run} of {there} run")
    return run, there


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()

"""What a document says twice and differently: order, critical path, sums, files, work called done. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from hostkit.tasks.graph import critical_path, cycle, order
from hostkit.tasks.importing.entries import chain
from hostkit.tasks.importing.labels import hours_of
from hostkit.tasks.importing.model import Finding, Kind, Outline, Said
from hostkit.tasks.patterns import overlap

_DANGER = (
    (r"(?i)\bdrop\s+(?:schema|database|table)\b|\btruncate\s+table\b|\bcascade\b", "destroys data"),
    (r"\brm\s+-\w*[rf]|\bmkfs\b|\bdd\s+if=|\bgit\s+(?:push\s+.*--force|reset\s+--hard|clean\s+-)", "deletes"),
    (
        r"(?i)\b(?:npm|yarn|pnpm)\s+(?:run\s+)?(?:dev|start|serve)\b|\btail\s+-f|\bwatch\b|--watch\b|\bsleep\s+inf",
        "may never end",
    ),
    (
        r"(?i)\b(?:uvicorn|nodemon|http\.server|docker(?:-|\s)compose\s+up(?!.*-d)|while\s+true|ping\s+(?!-c))",
        "may never end",
    ),
    (r"(?i)\b(?:curl|wget)\b.*\|\s*(?:sudo\s+)?(?:ba)?sh\b|\bsudo\b", "runs foreign code or as root"),
)


def contradictions(outline: Outline) -> list[Finding]:
    """Return everything that does not fit together. Works on a graph with cycles too."""
    checks: tuple[Callable[[Outline], Iterator[Finding]], ...] = (
        _group_order,
        _paths,
        _sums,
        _shared_files,
        _called_done,
        _unsafe_steps,
    )
    return [finding for check in checks for finding in check(outline)]


def _group_order(outline: Outline) -> Iterator[Finding]:
    place = {name: number for number, name in enumerate(outline.document.groups)}
    for task, needs in outline.needs.items():
        for need in needs:
            mine, other = outline.group_of.get(task, ""), outline.group_of.get(need, "")
            if mine in place and other in place and place[mine] < place[other]:
                message = f"{task} of {mine} needs {need} of {other}, which comes later"
                hint = "the needs are believed; groups are hints"
                yield Finding(Kind.GROUP_ORDER, outline.drafts[task].id.at, message, hint)


def _paths(outline: Outline) -> Iterator[Finding]:
    if _circular(outline):
        return
    longest, total = critical_path(outline.needs, outline.hours)
    for said in outline.document.paths:
        path = chain(said.text)
        known = [name for each in path for name in outline.drafts if name.lower() == each.lower()]
        for each in path:
            if each.lower() not in (name.lower() for name in outline.drafts):
                yield Finding(
                    Kind.UNKNOWN_ID, said.at, f"the critical path names {each}, which is no task", ""
                )
        for one, other in pairwise(known):
            if one not in outline.needs[other]:
                message = f"the critical path goes {one} → {other}, but {other} does not need {one}"
                yield Finding(Kind.CRITICAL_PATH, said.at, message, "one of the two is wrong")
        claimed = sum(outline.hours.get(each, 0.0) for each in known)
        if len(known) == len(path) and claimed < total:
            message = f"the critical path is called {' → '.join(known)} ({claimed:g} h); the longest is "
            message += f"{' → '.join(longest)} ({total:g} h)"
            yield Finding(Kind.CRITICAL_PATH, said.at, message, "the computed one is used")
        told = (
            hours_of(re.split(r"(?i)critical path", said.text)[-1].rsplit(path[-1], 1)[-1]) if path else None
        )
        if told is not None and abs(told - claimed) > 0.01:
            message = f"the critical path is said to take {told:g} h; its tasks add up to {claimed:g} h"
            yield Finding(Kind.SUM, said.at, message, "count anew")


def _sums(outline: Outline) -> Iterator[Finding]:
    for name, group in outline.document.groups.items():
        members = [task for task, of in outline.group_of.items() if of == name]
        for said in group.claims:
            yield from _claim(outline, said, name, members)
    for said in outline.document.totals:
        yield from _claim(outline, said, "the document", list(outline.drafts))


def _claim(outline: Outline, said: Said, who: str, tasks: list[str]) -> Iterator[Finding]:
    counted = re.search(r"(?i)(\d{1,6})\s+(?:\w+\s+)?tasks?\b|\btasks?:\s*(\d{1,6})", said.text)
    number = int(counted[1] or counted[2]) if counted else None
    if number is not None and number != len(tasks):
        yield Finding(
            Kind.SUM, said.at, f"{who} is said to have {number} tasks; there are {len(tasks)}", "count anew"
        )
    hours, total = hours_of(said.text), sum(outline.hours.get(task, 0.0) for task in tasks)
    if hours is not None and abs(hours - total) > 0.01 and not re.search(r"(?i)\bday \d", said.text):
        lacking = [task for task in tasks if task not in outline.hours]
        rest = f" ({len(lacking)} of them say none)" if lacking else ""
        message = f"{who} is said to take {hours:g} h; its tasks add up to {total:g} h{rest}"
        yield Finding(Kind.SUM, said.at, message, "count anew")
    if re.search(r"(?i)\b(?:0|no) dependenc", said.text):
        for task in tasks:
            if outline.needs[task]:
                needs = ", ".join(outline.needs[task])
                message = f"{who} is said to have no dependencies, but {task} needs {needs}"
                yield Finding(Kind.GROUP_ORDER, said.at, message, "the needs are believed")


def _shared_files(outline: Outline) -> Iterator[Finding]:
    literal: dict[str, list[str]] = {}
    wide: list[tuple[str, str]] = []
    for task, draft in outline.drafts.items():
        for path in dict.fromkeys(said.text.rstrip("/") for said in draft.files):
            literal.setdefault(path, []).append(task)
            if set("*?") & set(path) or "." not in path.rsplit("/", 1)[-1]:
                wide.append((task, path))
    above = _above(outline)
    for path, tasks in literal.items():
        if len(tasks) > 1:
            yield _shared(outline, path, tasks, above)
    for task, pattern in wide[:200]:
        inside = [
            o for p, tasks in literal.items() if p != pattern and overlap([pattern], [p]) for o in tasks
        ]
        others = [each for each in dict.fromkeys(inside) if each != task]
        if others:
            yield _shared(outline, pattern, [task, *others], above)


def _shared(outline: Outline, path: str, tasks: list[str], above: dict[str, set[str]]) -> Finding:
    said = next(s for s in outline.drafts[tasks[-1]].files + outline.drafts[tasks[0]].files)
    at = next((s.at for s in outline.drafts[tasks[-1]].files if s.text.rstrip("/") == path), said.at)
    apart = [(a, b) for a in tasks for b in tasks if a < b and b not in above[a] and a not in above[b]]
    hint = (
        f"nothing orders {apart[0][0]} and {apart[0][1]}; they will not run at once"
        if apart
        else "needs order them"
    )
    return Finding(Kind.SHARED_FILE, at, f"{', '.join(tasks)} write {path}", hint)


def _above(outline: Outline) -> dict[str, set[str]]:
    """Return for each task all that it needs, directly or not; nothing where there are cycles."""
    if _circular(outline):
        return {task: set(needs) for task, needs in outline.needs.items()}
    above: dict[str, set[str]] = {}
    for task in order(outline.needs):
        above[task] = set(outline.needs[task]).union(*(above[need] for need in outline.needs[task]))
    return above


def _called_done(outline: Outline) -> Iterator[Finding]:
    for task, draft in outline.drafts.items():
        if draft.done is not None:
            message = f"{task} is called done; no verdict says so"
            yield Finding(Kind.DONE, draft.done.at, message, "it is imported as not begun")


def _unsafe_steps(outline: Outline) -> Iterator[Finding]:
    for task, draft in outline.drafts.items():
        for said in draft.steps:
            for pattern, what in _DANGER:
                if re.search(pattern, said.text):
                    message = f"a step of {task} {what}: {said.text.strip()[:80]}"
                    yield Finding(Kind.STEP, said.at, message, "it is kept as text and not run")
                    break


def _circular(outline: Outline) -> bool:
    return bool(cycle(outline.needs)) or any(task in needs for task, needs in outline.needs.items())

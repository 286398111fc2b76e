"""The log of one task, as a Markdown page: where it stands, what proves it, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hostkit.store.model import Attempt, Event
from hostkit.tasks.model import Standing, Task
from hostkit.tasks.proof import Proof


def task_log(
    task: Task,
    standing: Standing,
    proofs: Sequence[Proof],
    attempts: Sequence[Attempt],
    story: Sequence[Event],
) -> str:
    """Return the page. It says nothing that is not in git, in the ledger or in the record of attempts."""
    lines = [f"# {task.id}: {task.title}", "", f"**{standing.state.value}**: {cell(standing.why)}", ""]
    if standing.commit:
        lines += [f"Commit `{standing.commit}`.", ""]
    if proofs:
        lines += ["| check | verdict | reason | evidence |", "| --- | --- | --- | --- |"]
        for proof in proofs:
            verdict = proof.verdict.value if proof.verdict else "not asked"
            cells = (proof.check.title, verdict, proof.reason, proof.evidence)
            lines.append(f"| {' | '.join(map(cell, cells))} |")
        lines.append("")
    if attempts:
        lines += ["| attempt | began (UTC) | end | log |", "| --- | --- | --- | --- |"]
        for each in attempts:
            end = f"{each.end.value}: {each.why}" if each.why else each.end.value or each.phase.value
            cells = (str(each.number), _when(each.began_ns), end, each.log)
            lines.append(f"| {' | '.join(map(cell, cells))} |")
        lines.append("")
    lines += [f"- {_when(event.at_ns)} {cell(event.what)}" for event in story]
    return "\n".join(lines).rstrip() + "\n"


def _when(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(" ", "seconds").removesuffix("+00:00")


def cell(text: str) -> str:
    """Return text that stays on one line, and in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")

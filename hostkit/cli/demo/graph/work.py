"""What the scripted agents do and what proves it, from ``work.yaml``; and the plan that comes of it. Pure."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from hostkit.cli.demo.changes import CHANGES, Edit
from hostkit.tasks.model import Plan

HERE = Path(__file__).parent
BREAKDOWN = HERE / "breakdown.md"
TARGET = "trunk"
"""The branch of the throw-away clone that verified work goes into."""

_ATTEMPTS = 6  # one blunder, and one more for each time that a kill meets an agent at work


class Stop(Enum):
    """What stops a blunder."""

    WIRE = "wire"
    BOARD = "board"
    COMMAND = "command"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Work:
    """One task. ``blunder``: what the first attempt does; after a brief that says ``learns``: ``edits``."""

    task: str
    edits: tuple[Edit, ...]
    proof: Mapping[str, Any]  # as tasks.yaml has it: a gate, or checks
    blunder: tuple[Edit, ...] = ()
    learns: str = ""
    stopped_by: Stop | None = None
    small: bool = False

    @property
    def simulated(self) -> bool:
        """True when a simulated board is asked."""
        return bool(self.proof.get("gate", {}).get("min_fidelity") == "simulated")


def read_work() -> dict[str, Work]:
    """Return every task's work, by id."""
    said = yaml.safe_load((HERE / "work.yaml").read_text(encoding="utf-8"))
    return {task: _work(task, entry) for task, entry in said.items()}


def _work(task: str, entry: Mapping[str, Any]) -> Work:
    edits = entry["edits"]
    return Work(
        task=task,
        edits=CHANGES[edits].edits if isinstance(edits, str) else _edits(edits),
        proof=_proof(entry),
        blunder=_edits(entry.get("blunder", [])),
        learns=entry.get("learns", ""),
        stopped_by=Stop(entry["stopped_by"]) if "stopped_by" in entry else None,
        small=entry.get("small", False),
    )


def _edits(said: Sequence[Mapping[str, str]]) -> tuple[Edit, ...]:
    return tuple(Edit(each["file"], each.get("old", ""), each["new"]) for each in said)


def _proof(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "gate" in entry:
        return {"gate": entry["gate"]}
    python = [sys.executable, "-P", "-m"]
    if "test" in entry:  # on a wide screen that is no CI's, the line that names the test has the reason
        screen = ["env", "-u", "CI", "-u", "BUILD_NUMBER", "COLUMNS=240"]
        argv = [[*screen, *python, "pytest", "-qq", entry["test"]]]
    elif "schema" in entry:
        argv = [[*python, "json.tool", entry["schema"]]]
    else:
        page = entry["edits"][0]["file"]
        argv = [["grep", "-q", "-e", word, page] for word in entry["page"]]
    return {"checks": [{"type": "command", "argv": each} for each in argv]}


def chosen(work: Mapping[str, Work], *, small: bool) -> dict[str, Work]:
    """Return the work of the whole graph, or of the small one."""
    return {task: each for task, each in work.items() if each.small or not small}


def settled(imported: str, work: Mapping[str, Work], gate: Mapping[str, str]) -> str:
    """Return what a person makes of an imported plan: every task proved by something, and an agent for it.

    ``imported``: the text that ``hostkit tasks import`` wrote; tasks without ``work`` are left out. ``gate``:
    what every commit of the target must show, as tasks.yaml has it.
    """
    plan = yaml.safe_load(imported)
    agent = [sys.executable, "-P", "-m", "hostkit.cli.demo.graph.agent", "{task}"]
    tasks = []
    for task in plan["tasks"]:
        if task["id"] not in work:
            continue
        kept = {key: value for key, value in task.items() if key != "incomplete"}
        kept |= {"agent": "scripted", "attempts": _ATTEMPTS, **work[task["id"]].proof}
        tasks.append(kept)
    groups = {task["group"] for task in tasks}
    return json.dumps(
        {
            "version": 1,
            "target": TARGET,
            "target_gate": dict(gate),
            "agents": {"scripted": {"argv": agent, "timeout_s": 60}},
            "groups": {name: group for name, group in plan["groups"].items() if name in groups},
            "tasks": tasks,
        },
        indent=2,
    )


def in_order(plan: Plan, work: Mapping[str, Work]) -> list[Work]:
    """Return the work so that nothing comes before what it needs."""
    from hostkit.tasks.graph import order  # noqa: PLC0415 - not for the agents

    return [work[task] for task in order(plan.needs)]

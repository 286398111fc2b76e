"""The demo's graph of tasks, and what must come of it. Pure."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from hostkit.store.model import Rung, Verdict, VerdictRecord
from hostkit.tasks.model import Standing, State

TARGET = "trunk"
"""The branch of the throw-away clone that verified work goes into."""


def plan_text(env: str) -> str:
    """Return the plan as a person would write it (JSON is YAML)."""
    gate = {"env": env, "board": "any", "min_rung": "timed"}

    def task(name: str, title: str, files: list[str], needs: list[str], brief: str) -> dict[str, Any]:
        return {
            "id": name,
            "title": title,
            "brief": brief,
            "files": files,
            "needs": needs,
            "gate": gate,
            "attempts": 1,
        }

    pattern = ["firmware/lib/pattern/", "hil_tests/"]
    plan = {
        "version": 1,
        "target": TARGET,
        "agents": {
            "scripted": {
                "argv": [sys.executable, "-P", "-m", "hostkit.cli.demo.agent", "{task}"],
                "timeout_s": 60,
            }
        },
        "tasks": [
            task("strobe", "Add a strobe pattern", pattern, [], "All LEDs flash. Bring a model along."),
            task("strobe-gentle", "Let strobe start slower", pattern, ["strobe"], "900 ms, in both."),
            task("colour-order", "Send red first", ["firmware/lib/strip/"], [], "As some datasheet says."),
            task("colour-order-doc", "Describe the order", ["docs/"], ["colour-order"], "One page."),
        ],
    }
    return json.dumps(plan, indent=2)


def differences(
    now: Mapping[str, Standing], merges: Mapping[str, str], swapped: VerdictRecord | None
) -> tuple[str, ...]:
    """Return what did not go as it must; empty when everything did.

    ``swapped``: the ledger's verdict about the colour order.
    """
    found: list[str] = []
    for task in ("strobe", "strobe-gentle"):
        if now[task].state is not State.VERIFIED:
            found.append(f"{task} must be verified, it is {now[task].state.value}: {now[task].why}")
        elif not merges[task].startswith("merged"):
            found.append(f"{task} must be merged, it is {merges[task]}")
    if now["colour-order"].state is not State.FAILED:
        found.append(f"colour-order must fail, it is {now['colour-order'].state.value}")
    elif swapped is None or swapped.verdict is not Verdict.FAIL:
        found.append("colour-order must fail by a verdict, there is none")
    elif swapped.rung != Rung.RENDERED.word:
        found.append(
            f"colour-order must get as far as rendered and fail on the wire, it got to {swapped.rung}"
        )
    after = now["colour-order-doc"]
    if after.attempts or after.blocked != ("colour-order",):
        found.append(f"colour-order-doc must never start, it is {after.state.value}: {after.why}")
    return tuple(found)

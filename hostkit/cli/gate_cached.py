"""``hostkit gate --cached``: an earlier pass of exactly this case, at a glance where nothing was touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context

if TYPE_CHECKING:
    from hostkit.gate.cache import Earlier


def find_cached(
    context: Context, options: Mapping[str, object], look: Callable[[], Earlier | None]
) -> Earlier | None:
    """Return the pass that answers a command line with these options, None where there is none.

    ``look`` finds it by looking at everything; what came of that is kept for the next time. Raises
    :class:`InvalidError` for what somebody tampered with.
    """
    from hostkit.gate.keys import checkouts_of, open_signer  # noqa: PLC0415 - none of it for --help
    from hostkit.gate.witness import Question, WitnessStand, project_digest  # noqa: PLC0415

    signer = open_signer(context.paths, os.environ, checkouts_of(context.project))
    stand = WitnessStand(context.paths.cache / "witnesses", signer, context.runner)
    question = Question(context.project, options, dict(os.environ))
    began_ns = context.clock.wall_ns()
    found = stand.answer(question, began_ns)
    if found is not None:
        return found
    project = project_digest(context.project, context.runner)
    found = look()
    if found is not None:
        stand.keep(question, found, project, began_ns)
    return found


def show_earlier(context: Context, earlier: Earlier, *, as_json: bool) -> None:
    """Say that nothing ran now, and what did."""
    said = earlier.statement
    age = timedelta(seconds=(context.clock.wall_ns() - said["decided_ns"]) // 1_000_000_000)
    if as_json:
        told = {"schema": "hostkit.gate-cached/1", "cached": True, "verdict": said["verdict"], "exit_code": 0}
        told |= {"run": earlier.run, "evidence": str(earlier.evidence), "statement": said}
        click.echo(json.dumps(told | {"age_s": int(age.total_seconds())}, indent=2, ensure_ascii=False))
        return
    click.echo(
        f"{click.style(' PASS ', fg='white', bg='green', bold=True)}  cached, from {earlier.run}, {age} ago; "
        f"nothing ran now\n  {said['reasons'][0]}\n  evidence    {earlier.evidence}/"
    )

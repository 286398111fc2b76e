"""The live view of a run that is at work, and plain lines where there is no terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from hostkit.cli.context import Context
from hostkit.cli.tasks import open_workshop
from hostkit.cli.tasks_view import watched
from hostkit.clock import SystemClock
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.tasks.runner import TaskRunner

PLAN = """
version: 1
agents:
  talks: {{argv: [sh, -c, "echo thinking of {{task}}; {agent}"]}}
tasks:
  - {{id: a, title: a, attempts: 1, checks: [{{type: command, argv: ["true"]}}]}}
  - {{id: b, title: b, needs: [a], attempts: 1, checks: [{{type: command, argv: ["true"]}}]}}
"""


def context(runs: Any, tmp_path: Path, *, terminal: bool) -> tuple[Context, io.StringIO]:
    made = Context(
        runs.bench.repository, Paths(runs.bench.state, tmp_path / "cache"), SystemClock(), SystemRunner()
    )
    out = io.StringIO()
    made.__dict__["err_console"] = Console(
        file=out, force_terminal=terminal, width=120, height=30, soft_wrap=True, color_system=None
    )
    return made, out


def test_the_screen_shows_the_graph_and_the_last_line_of_an_agent_at_work(runs: Any, tmp_path: Path) -> None:
    runs.plan(PLAN.format(agent=runs.hang))
    runner = runs.started_and_here()
    looks, out = context(runs, tmp_path, terminal=True)
    with open_workshop(looks, None) as shop, watched(looks, shop):
        pass  # the last screen is drawn when it is taken away
    runner.kill()
    runner.communicate()
    shown = out.getvalue()
    assert " 0 … a  running     attempt 1" in shown
    assert "│ thinking of a" in shown
    assert " 1 · b  planned     ← a  waits for a (running)" in shown


def test_what_happens_is_printed_above_the_screen_and_elsewhere_as_plain_lines(
    runs: Any, tmp_path: Path, capsys: Any
) -> None:
    runs.plan(PLAN.format(agent="git commit -q --allow-empty -m x"))
    looks, out = context(runs, tmp_path, terminal=True)
    with open_workshop(looks, None) as shop, watched(looks, shop) as seen:
        TaskRunner(seen, jobs=1, merging=None).run()
    assert "a: attempt 1: talks works in " in out.getvalue()
    assert "b: pass: command true: exit 0" in out.getvalue()
    assert capsys.readouterr().err == ""
    plain, out = context(runs, tmp_path, terminal=False)
    with open_workshop(plain, None) as shop, watched(plain, shop) as seen:
        assert seen is shop
    assert out.getvalue() == ""

"""What a run tells: briefs that say what came before, a log that is there at once, a page a task."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest

from hostkit.cli.main import run

PLAN = """
version: 1
agents:
  works: {{argv: [sh, -c, "{agent}"]}}
tasks:
  - {{id: a, title: First | of all, attempts: 1, checks: [{{type: command, argv: [sh, -c, "{check}"]}}]}}
  - {{id: b, title: Second, needs: [a], attempts: 1, checks: [{{type: command, argv: ["true"]}}]}}
"""
COMMIT = "git commit -q --allow-empty -m {task}"


@pytest.fixture
def project(runs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in runs.environment.items():
        monkeypatch.setenv(name, value)
    return runs


def written(project: Any, folder: str = "docs/09-reports") -> dict[str, str]:
    """The pages by name, that of the run as «run»."""
    found = (project.bench.repository / folder).glob("*.md")
    return {re.sub(r"^run-.*", "run", path.stem): path.read_text() for path in found}


def test_a_run_leaves_a_log_and_a_page_for_each_task_that_was_tried(project: Any) -> None:
    project.plan(PLAN.format(agent=COMMIT, check="echo LED 7; exit 4"))
    assert run(["-C", str(project.bench.repository), "tasks", "run"]) == 1
    pages = written(project)
    assert set(pages) == {"run", "a"}
    log = pages["run"]
    assert "- level 0: a\n- level 1: b\n- critical path: a → b\n" in log
    assert re.search(
        r"- \d\d:\d\d:\d\d \*\*a\*\* fail: command sh -c echo LED 7; exit 4: exit 4: LED 7\n", log
    )
    assert re.search(r"\| \[a\]\(a\.md\) \| failed \| .*exit 4: LED 7 \| 1 \|  \|\n", log)
    assert "| b | planned | will not start: a failed | 0 |  |" in log
    assert pages["a"].startswith("# a: First | of all\n\n**failed**: ")
    assert "| command sh -c echo LED 7; exit 4 | fail | exit 4: LED 7 |" in pages["a"]


def test_the_pages_are_no_change_of_the_checkout_and_are_not_committed(project: Any) -> None:
    project.plan(PLAN.format(agent=COMMIT, check="true"))
    project.bench.git.run("add", "tasks.yaml")
    project.bench.git.run("commit", "-qm", "plan")
    assert run(["-C", str(project.bench.repository), "tasks", "run"]) == 0
    assert set(written(project)) == {"run", "a", "b"}
    assert project.bench.git.changed_paths() == ()
    assert "docs" not in project.bench.git.run("ls-tree", "--name-only", "main")


def test_the_folder_is_the_plans_choice_or_the_command_lines_and_may_be_none(project: Any) -> None:
    plan = PLAN.format(agent=COMMIT, check="true")
    project.plan(plan.replace("version: 1", "version: 1\nreports: ''"))
    repository = project.bench.repository
    assert run(["-C", str(repository), "tasks", "run", "--no-merge"]) == 0
    assert not (repository / "docs").exists()
    (repository / "out").mkdir()
    assert run(["-C", str(repository), "tasks", "run", "--reports", "out"]) == 0
    assert set(written(project, "out")) == {"run", "a", "b"}
    assert not (repository / "out" / ".gitignore").exists()  # a folder that was there is left as it is


def test_a_run_that_is_killed_has_its_log_up_to_then(project: Any) -> None:
    project.plan(PLAN.format(agent=project.hang, check="true"))
    runner = project.started_and_here()
    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    pages = written(project)
    assert "**a** attempt 1: works works in " in pages["run"]
    assert "Where it stands" not in pages["run"]


def test_a_brief_says_what_the_task_builds_on_and_a_second_one_what_failed_with_its_evidence(
    bench: Any,
) -> None:
    agents = """
  first: {argv: [sh, -c, "echo x > made.txt; git add -A; git commit -qm x"]}
  second:
    argv:
      - sh
      - -c
      - "cp $HOSTKIT_BRIEF brief.md; echo fail LED 7 > verdict.txt; git add -A; git commit -qm x"
"""
    gate = "gate: {env: virtual}"
    graph = f"\n  - {{id: a, title: Make it, agent: first, {gate}}}"
    graph += f"\n  - {{id: b, title: Use it, agent: second, needs: [a], attempts: 2, {gate}}}"
    now = bench.run(graph, agents, merging=False)
    first, second = (
        bench.git.run("show", f"{commit}:brief.md") for commit in (f"{now['b'].commit}^", now["b"].commit)
    )
    made = f"commit `{now['a'].commit[:12]}` changed `made.txt`"
    result = f"- `a` (Make it): {made}; gate virtual on any: as asked"
    assert f"## What it builds on\n\n{result} (`/evidence`)\n" in first
    assert "What happened so far" not in first
    so_far = second[second.index("## What happened so far") :]
    assert "attempt 1 of 2: gate virtual on any: LED 7" in so_far
    assert "- gate virtual on any: LED 7\n- gate virtual on any: evidence (`/evidence`)\n" in so_far
    assert "- its page, with measurements: `hostkit report html evidence`" in so_far
    assert "- agent's output: `" in so_far

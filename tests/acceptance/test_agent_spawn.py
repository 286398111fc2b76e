"""The three command lines of the text that the project began with, as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostkit.errors import ExitCode

ONE = """
agent-spawn --task "T1: PostgreSQL Schema Design" \\
  --from-doc "docs/04-planning/K1NPlan_PHASE5_3_ATOMIC_TASK_BREAKDOWN_v1.0_20251110.md" \\
  --type "database-schema" \\
  --workspace "fw-db-schema"
"""
BATCH = """
agent-spawn --batch-group "A" \\
  --tasks T1,T2,T3,T16 \\
  --parallelism 4 \\
  --output-pattern "docs/09-reports/{task}_execution_log.md"
"""
PIPELINE = """
agent-spawn --pipeline \\
  --phases "GROUP_A:T1-T4" "GROUP_B:T5-T8" "GROUP_C:T9-T12" \\
  --dependency-graph "docs/04-planning/..." \\
  --max-concurrent 8
"""
TASKS = [*range(1, 13), 16]
DOCUMENT = "".join(
    f"#### T{n}: {'PostgreSQL Schema Design' if n == 1 else f'Part {n}'}\n"
    f"**Description:** Part {n} of it.\n**Dependencies:** {f'T{n - 4}' if 4 < n < 13 else 'None'}\n\n"
    for n in TASKS
)
SCRIPT = "echo $HOSTKIT_TASK > $HOSTKIT_TASK.txt; git add -A; git commit -qm $HOSTKIT_TASK"
PLAN = f"""
version: 1
defaults: {{agent: coder}}
groups: {{group-a: {{title: Group A}}}}
agents:
  coder: {{argv: [sh, -c, "{SCRIPT}"]}}
  database-schema: {{argv: [sh, -c, "grep -q 'Part 1 of it' $HOSTKIT_BRIEF && {SCRIPT}"]}}
tasks:
""" + "".join(
    f"  - {{id: T{n}, title: {'PostgreSQL Schema Design' if n == 1 else f'Part {n}'}, "
    f"{'group: group-a, ' if n in (1, 2, 3, 16) else ''}files: [T{n}.txt], "
    f"checks: [{{type: command, argv: [grep, -q, T{n}, T{n}.txt]}}]}}\n"
    for n in TASKS
)


@dataclass(frozen=True)
class Bench:
    path: Path
    env: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.path,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def merged(self) -> set[str]:
        listed = subprocess.run(
            ["git", "ls-tree", "--name-only", "main"],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=True,
        )
        return {Path(name).stem for name in listed.stdout.split() if name.startswith("T")}


@pytest.fixture
def bench(hostkit_environment: dict[str, str], project_root: Path, tmp_path: Path) -> Bench:
    """A project with a plan and its breakdown, and agent-spawn on the PATH as it is installed."""
    script = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]["scripts"]["agent-spawn"]
    module, function = script.split(":")
    program = tmp_path / "bin" / "agent-spawn"
    program.parent.mkdir()
    code = shlex.quote(f"from {module} import {function}; {function}()")
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {code} "$@"\n')
    program.chmod(0o755)
    path = tmp_path / "project"
    planning = path / "docs" / "04-planning"
    planning.mkdir(parents=True)
    (planning / "K1NPlan_PHASE5_3_ATOMIC_TASK_BREAKDOWN_v1.0_20251110.md").write_text(DOCUMENT)
    (planning / "...").write_text(DOCUMENT)
    (path / "platformio.ini").write_text("")
    (path / ".gitignore").write_text(".hostkit/\ndocs/09-reports/\n")
    (path / "tasks.yaml").write_text(PLAN)
    made = Bench(path, hostkit_environment | {"PATH": f"{program.parent}:{os.environ['PATH']}"})
    done = made.run("git init -q -b main && git add -A && git commit -qm begin")
    assert done.returncode == 0, done
    return made


@pytest.mark.timeout(300)
def test_one_task_then_a_batch_then_the_pipeline_run_as_they_are_written(bench: Bench) -> None:
    one = bench.run(ONE)
    assert one.returncode == ExitCode.PASS, one
    assert "database-schema works in" in one.stderr
    assert ".hostkit/workspaces/fw-db-schema" in one.stderr
    assert bench.merged() == {"T1"}

    batch = bench.run(BATCH)
    assert batch.returncode == ExitCode.PASS, batch
    assert bench.merged() == {"T1", "T2", "T3", "T16"}
    logs = bench.path / "docs" / "09-reports"
    assert {path.name for path in logs.iterdir()} == {f"T{n}_execution_log.md" for n in (1, 2, 3, 16)}
    assert "**verified**" in (logs / "T3_execution_log.md").read_text()
    assert "T1: attempt" not in batch.stderr  # it is verified: nothing is done twice

    pipeline = bench.run(PIPELINE)
    assert pipeline.returncode == ExitCode.PASS, pipeline
    assert bench.merged() == {f"T{n}" for n in TASKS}
    said = pipeline.stderr.splitlines()
    begins = [n for n, line in enumerate(said) if re.match(r"[\d:]+  GROUP_[ABC]: \d", line)]
    third = "\n".join(said[begins[2] :])
    assert "T9: attempt 1" in third
    assert "T5: attempt" not in third
    status = bench.run(f"{shlex.quote(sys.executable)} -m hostkit tasks status")
    assert status.stdout.count("verified") == len(TASKS), status


def test_a_failure_ends_the_pipeline_before_the_next_phase(bench: Bench) -> None:
    plan = bench.path / "tasks.yaml"
    plan.write_text(plan.read_text().replace("argv: [grep, -q, T2, T2.txt]", "argv: ['false']"))
    ran = bench.run('agent-spawn --pipeline --phases "A:T1-T2" "B:T5" --parallelism 2')
    assert ran.returncode == ExitCode.FAIL, ran
    assert "A: not verified: T2; no further phase is begun" in ran.stderr
    assert "T5: attempt" not in ran.stderr
    assert bench.merged() == {"T1"}


@pytest.mark.parametrize(
    ("command", "said", "hint"),
    [
        ("agent-spawn", "say which tasks", "one of: --task, --tasks"),
        ("agent-spawn --task T99", "there is no task 'T99'", "did you mean"),
        ("agent-spawn --task T1 --type poet", "tasks.yaml has no agent 'poet'", "known: coder"),
        ("agent-spawn --task T1 --phases A:T1", "phases belong to a pipeline", "--pipeline"),
        ("agent-spawn --batch-group Z", "has no group 'Z'", "known: group-a"),
        ("agent-spawn --tasks T1,T2 --output-pattern a.md", "is one file for several tasks", "{task}"),
        ("agent-spawn --task T1 --workspace ../up", "is no name", "fw-schema"),
        (
            'agent-spawn --pipeline --phases A:T5 B:T1 --from-doc "docs/04-planning/..."',
            "T5 of A needs T1, which comes later, in B",
            "order of the graph",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(
    bench: Bench, command: str, said: str, hint: str
) -> None:
    ran = bench.run(command)
    assert ran.returncode == ExitCode.USAGE, ran
    assert said in ran.stderr
    assert hint in ran.stderr
    assert bench.merged() == set()


def test_a_task_that_nothing_proves_is_not_begun(bench: Bench) -> None:
    plan = bench.path / "tasks.yaml"
    check = "checks: [{type: command, argv: [grep, -q, T1, T1.txt]}]"
    plan.write_text(plan.read_text().replace(check, "incomplete: [no check]"))
    ran = bench.run("agent-spawn --task T1")
    assert ran.returncode == ExitCode.USAGE, ran
    assert "T1 is incomplete: no check" in ran.stderr
    assert "give it a gate or a check" in ran.stderr

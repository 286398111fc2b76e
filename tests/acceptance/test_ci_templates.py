"""The templates for GitHub and GitLab: their own scripts, run here as those would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from hostkit.errors import ExitCode

SUITE = ("test_identity.py", "test_link.py", "test_parameters.py", "test_wire.py", "test_marks.py")


class Workflow:
    """Runs the scripts of the composite action, one after the other, in a checkout."""

    def __init__(self, root: Path, work: Path, environment: dict[str, str], tmp: Path) -> None:
        action = yaml.safe_load((root / "ci/github/action.yml").read_text())
        self.inputs = {name: each["default"] for name, each in action["inputs"].items()}
        self.steps = {step["name"]: step for step in action["runs"]["steps"] if "run" in step}
        self.output, self.summary = tmp / "output", tmp / "summary.md"
        self._work = work
        self._environment = environment | {
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(tmp),
        }

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the runner does: bash, ending at the first command that fails."""
        step = self.steps[name]
        environment = {key: self._filled(value) for key, value in step.get("env", {}).items()}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step["run"]],
            cwd=self._work,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def _filled(self, text: str) -> str:
        said = (
            dict(line.split("=", 1) for line in self.output.read_text().split())
            if self.output.exists()
            else {}
        )
        known = {f"inputs.{name}": value for name, value in self.inputs.items()}
        known |= {f"steps.gate.outputs.{name}": value for name, value in said.items()}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known.get(found[1], "x"), text)


@pytest.fixture
def environment(hostkit_environment: dict[str, str]) -> dict[str, str]:
    """As for hostkit, which is on PATH."""
    return hostkit_environment | {"PATH": f"{Path(sys.executable).parent}:{hostkit_environment['PATH']}"}


def test_a_pass_goes_through_both_with_summary_junit_and_page(
    project_root, checkout, environment, tmp_path
) -> None:
    checkout.keep_tests(*SUITE)
    checkout.commit("hil: a small suite")
    workflow = Workflow(project_root, checkout.path, environment, tmp_path)
    gate = workflow.run("Gate")
    assert workflow.output.read_text() == "exit-code=0\n", gate.stdout + gate.stderr
    reported = workflow.run("Report")
    assert reported.returncode == 0, reported.stderr
    assert "pass" in workflow.summary.read_text().lower()
    assert workflow.run("Verdict").returncode == ExitCode.PASS
    job = yaml.safe_load((project_root / "ci/gitlab.yml").read_text())[".hostkit-gate"]
    assert job["script"][0] in workflow.steps["Gate"]["run"]
    assert {key: job["variables"][key] for key in ("GATE_ENV", "GATE_BOARD", "GATE_MIN_RUNG")} == {
        "GATE_ENV": workflow.inputs["env"],
        "GATE_BOARD": workflow.inputs["board"],
        "GATE_MIN_RUNG": workflow.inputs["min-rung"],
    }
    for line in job["after_script"]:
        subprocess.run(["sh", "-ec", line], cwd=checkout.path, env=environment, check=True)
    junit = ElementTree.parse(checkout.path / job["artifacts"]["reports"]["junit"])
    assert len(list(junit.iter("testcase"))) > len(SUITE)
    assert list((checkout.path / ".hostkit" / "reports").glob("*.html"))


def test_what_is_no_pass_ends_the_workflow_with_the_gates_own_code(
    project_root, checkout, environment, tmp_path
) -> None:
    workflow = Workflow(project_root, checkout.path, environment, tmp_path)
    workflow.inputs |= {"board": "nobody", "signing-key": "not a key"}
    workflow.run("Gate")
    assert workflow.output.read_text() == f"exit-code={ExitCode.USAGE.value}\n"
    assert not (tmp_path / "hostkit.key").exists()
    assert workflow.run("Report").returncode == 0
    assert workflow.run("Verdict").returncode == ExitCode.USAGE

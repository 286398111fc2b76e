"""`hostkit demo --graph`: a plan goes in, its runner is killed, and a branch that holds comes out.

The small graph runs here, with a part of the suite. The whole one takes some minutes of two boards and a
simulated one: it runs where HOSTKIT_WHOLE_GRAPH is set, and as `make graph`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from hostkit.errors import ExitCode

WHOLE = pytest.mark.skipif(
    not os.environ.get("HOSTKIT_WHOLE_GRAPH"), reason="some minutes: HOSTKIT_WHOLE_GRAPH=1, or make graph"
)
STAND = re.compile(r"^ ✔ (T\d+)\s+verified .*; merged into trunk$", re.MULTILINE)
STEP = re.compile(r"^  ✔ [0-9a-f]{12}  .* pass on \S+, evidence \S+ holds$", re.MULTILINE)


def graph(hostkit, path: Path, temporary: Path, *options: str, timeout: float) -> str:
    temporary.mkdir()
    ran = hostkit("demo", "--graph", *options, cwd=path, timeout=timeout, env={"TMPDIR": str(temporary)})
    assert ran.code == ExitCode.PASS, ran
    assert list(temporary.iterdir()) == []
    left = subprocess.run(["pgrep", "-f", str(temporary)], capture_output=True, text=True, check=False)
    assert left.stdout == ""
    return ran.out


@pytest.mark.timeout(600)
def test_a_small_graph_ends_merged_and_verified_though_its_runner_is_killed(
    hostkit, checkout, tmp_path: Path
) -> None:
    checkout.keep_tests("test_identity.py", "test_link.py", "test_parameters.py", "test_wire.py")
    checkout.commit("test: a part of the suite")
    out = graph(hostkit, checkout.path, tmp_path / "t", "--small", "--kill", "1", timeout=580)
    assert set(STAND.findall(out)) == {"T1", "T2", "T5", "T7", "T16"}
    assert "  T5   command  exit 1: FAILED tools/test_scene_retry.py" in out
    assert "on the wire red and green are swapped: colour order" in out
    assert len(STEP.findall(out)) >= 2
    assert "the runner killed 1 time" in out
    assert "made-up-for-this-plan" not in out


@WHOLE
@pytest.mark.timeout(3600)
def test_the_whole_graph_ends_merged_and_verified_though_its_runner_is_killed_twice(
    hostkit, checkout, tmp_path: Path
) -> None:
    out = graph(hostkit, checkout.path, tmp_path / "t", "--kill", "2", timeout=3500)
    assert set(STAND.findall(out)) == {f"T{n}" for n in range(1, 23)}
    assert "the runner killed 2 times" in out

"""What a user mistypes or loses: a clear error each, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit.errors import ExitCode


def test_an_unknown_env_is_answered_with_the_nearest(hostkit) -> None:
    ran = hostkit("build", "-e", "virtaul")
    assert ran.code == ExitCode.USAGE, ran
    assert "virtaul" in ran.err
    assert "virtual" in ran.err.split("hint:")[1]


@pytest.mark.parametrize("verb", ["flash", "hil", "gate"])
def test_an_unknown_board_is_answered_with_the_nearest(hostkit, verb: str) -> None:
    ran = hostkit(verb, "-e", "virtual", "-b", "vrt0")
    assert ran.code == ExitCode.USAGE, ran
    assert "vrt0" in ran.err
    assert "virt0" in ran.err.split("hint:")[1]


def test_broken_boards_toml_names_file_and_line(hostkit, checkout) -> None:
    (checkout.path / "boards.toml").write_text('[virt0]\nkind = "virtual"\nchip = \n')
    ran = hostkit("boards", "list", cwd=checkout.path)
    assert ran.code == ExitCode.USAGE, ran
    assert "boards.toml" in ran.err
    assert "line 3" in ran.err or ":3" in ran.err


def test_broken_tasks_yaml_names_file_and_line(hostkit, checkout) -> None:
    (checkout.path / "tasks.yaml").write_text("tasks:\n  - id: T1\n    title: [unclosed\n")
    ran = hostkit("tasks", "lint", cwd=checkout.path)
    assert ran.code == ExitCode.USAGE, ran
    assert "tasks.yaml:4:" in ran.out


def test_a_compile_error_names_file_and_line_and_writes_no_artifact(hostkit, checkout, shared_cache) -> None:
    # A subject of its own gives the commit a hash that no other test has: workers share the cache.
    checkout.commit(f"test: broken in {checkout.path}", empty=True)
    checkout.replace("firmware/src/build_info.cpp", "namespace hk {", "namespace hk {\nint broken = ;")
    ran = hostkit("build", "-e", "virtual", cwd=checkout.path)
    assert ran.code == ExitCode.FAIL, ran
    assert "firmware/src/build_info.cpp:" in ran.out + ran.err
    commit = checkout.head()
    manifests = (shared_cache / "artifacts").glob("*/manifest.json")
    assert [path for path in manifests if json.loads(path.read_text())["commit"] == commit] == []


def test_ctrl_c_in_a_gate_is_130_and_frees_the_board(hostkit, hostkit_environment, checkout) -> None:
    gate = subprocess.Popen(
        [sys.executable, "-m", "hostkit", "gate", "-e", "virtual", "-b", "virt0"],
        cwd=checkout.path,
        env=hostkit_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert gate.stdout is not None
    first = gate.stdout.readline()  # it is under way
    os.kill(gate.pid, signal.SIGINT)
    rest = gate.communicate(timeout=60)[0]
    assert gate.returncode == ExitCode.INTERRUPTED, (first + rest).decode()
    runs = checkout.path / ".hostkit" / "runs"
    assert [p for p in runs.glob("*") if not (p / "evidence.json").is_file()] == [] if runs.exists() else True
    after = hostkit("flash", "-e", "virtual", "-b", "virt0", cwd=checkout.path)
    assert after.code == ExitCode.PASS, after


def test_outside_of_a_checkout_the_way_in_is_said(hostkit, tmp_path: Path) -> None:
    ran = hostkit("build", "-e", "virtual", cwd=tmp_path)
    assert ran.code == ExitCode.USAGE, ran
    assert "platformio.ini" in ran.err

"""kill -9 at more than 300 random points, and a state directory as it is found after a loss of power."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("jobs_kill_harness.py")


@pytest.mark.timeout(600)
def test_every_job_ends_once_with_evidence_however_often_its_workers_are_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HARNESS), str(tmp_path / "state"), "320", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["killed"] >= 320
    for what in ("after", "copy"):
        left = told[what]
        assert left["worker"] == 0, (what, done.stderr[-3000:])
        assert left["open"] == {}, what
        assert left["running"] == 0, what
        assert left["held"] == [], what
        assert left["workers"] == 0, what
        assert left["strays"] == 0, what
        assert left["without evidence"] == [], what
        assert left["wrong"] == [], what
        assert not left["clashes"], what
        assert left["ended"] > 10, what
        assert left["on both boards"] > 0, what
        assert set(left["states"]) <= {"passed", "failed", "cancelled"}, left
    assert told["after"]["lost"] > 50, told

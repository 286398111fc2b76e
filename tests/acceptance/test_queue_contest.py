"""Jobs of eight worktrees on two boards while workers are killed; `make contest` is the large one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONTEST = Path(__file__).with_name("queue_contest.py")


@pytest.mark.timeout(600)
def test_jobs_of_eight_worktrees_end_once_with_evidence_though_workers_are_killed() -> None:
    words = ["--jobs", "10", "--worktrees", "8", "--pause", "2,4"]
    done = subprocess.run(
        [sys.executable, "-P", str(CONTEST), *words], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["clashes"] == []
    assert (told["jobs"], told["states"]) == (10, {"passed": 10})
    assert told["workers killed"] > 0
    assert sum(told["port seen open"].values()) > 0, "the witness saw nothing"
    assert told["for both boards"] > 0
    assert done.returncode == 0

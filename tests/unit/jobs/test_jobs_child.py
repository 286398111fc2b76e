"""Steps as real child processes: their words, their end, and what becomes of them when nobody waits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.fence import FENCE_VARIABLE
from hostkit.clock import SystemClock
from hostkit.errors import ToolError
from hostkit.jobs.child import Child, ChildLauncher, Shell, attempt_folder
from hostkit.jobs.model import Attempt, Ending, Job, Kind, Outcome, State, Step
from hostkit.process import Command, process_start_ticks
from hostkit.tasks.agent import TOKEN, marked_processes
from hostkit.testing.clock import FakeClock
from hostkit.testing.jobs import a_wish_for

JOB = Job(1, a_wish_for(build=False, timeout_s=60), State.RUNNING)
ATTEMPT = Attempt(7, 1, Step.GATE, 1, board="02686b000000", generation=3, token="t" * 32)
GATE = '{"verdict": "pass", "exit_code": 0, "evidence": "/runs/1", "reasons": ["fine"]}'


class Bench:
    """A launcher whose steps are shell scripts."""

    def __init__(self, directory: Path, clock) -> None:
        self.script = "true"
        self.clock = clock
        shell = Shell(lambda job, attempt: Command(("sh", "-c", self.script)), lambda board: False)
        self.launcher = ChildLauncher(directory, shell, clock)
        self.folder = attempt_folder(directory, ATTEMPT)

    def launch(self, script: str) -> Child:
        self.script = script
        return self.launcher.launch(JOB, ATTEMPT)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, SystemClock())


def wait(child: Child) -> Ending:
    """Wait for the process, then ask how it ended."""
    while (ending := child.poll()) is None:
        os.waitid(os.P_PID, child.process[0], os.WEXITED | os.WNOWAIT)
    return ending


def test_what_a_step_prints_says_how_it_ended(bench: Bench) -> None:
    child = bench.launch(f"echo '{GATE}'; echo building >&2")
    ending = wait(child)
    assert (ending.outcome, ending.evidence, ending.reason) == (Outcome.PASS, "/runs/1", "fine")
    assert (bench.folder / "log.txt").read_text() == "building\n"
    assert child.poll() == ending


def test_a_step_without_evidence_of_its_own_has_its_output_as_evidence(bench: Bench) -> None:
    ending = wait(bench.launch("echo 'error: no such env' >&2; exit 2"))
    assert (ending.outcome, ending.reason) == (Outcome.REFUSED, "no such env")
    assert ending.evidence == str(bench.folder)


def test_a_step_knows_its_token_and_the_generation_of_its_lease(bench: Bench) -> None:
    wait(bench.launch(f'echo "${TOKEN} ${FENCE_VARIABLE}"'))
    assert (bench.folder / "out.json").read_text() == f"{'t' * 32} 02686b000000:3\n"


def test_who_is_asked_to_end_is_given_time_for_it(bench: Bench) -> None:
    tidy = "trap 'echo tidied >&2; exit 130' TERM"
    child = bench.launch(f"{tidy}; echo ready >&2; while :; do sleep 0.01; done")
    until(lambda: (bench.folder / "log.txt").read_text() == "ready\n")
    assert child.process[1] == process_start_ticks(child.process[0])
    assert child.poll() is None
    child.end(Outcome.STOPPED, "cancelled")
    child.end(Outcome.TIMED_OUT, "too late to be the cause")
    ending = wait(child)
    assert (ending.outcome, ending.reason, ending.exit_code) == (Outcome.STOPPED, "cancelled", 130)
    assert (bench.folder / "log.txt").read_text().splitlines()[-1] == "tidied"


def test_a_verdict_that_was_there_before_the_request_to_end_stands(bench: Bench) -> None:
    child = bench.launch(f"echo '{GATE}'; trap 'exit 130' TERM; while :; do sleep 0.01; done")
    until(lambda: (bench.folder / "out.json").read_text().strip() == GATE)
    child.end(Outcome.STOPPED, "cancelled")
    assert wait(child).outcome is Outcome.PASS


def test_who_does_not_end_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeClock())
    deaf = "trap '' TERM"
    stray = f'setsid sh -c "{deaf}; sleep 600"'
    child = bench.launch(f"{deaf}; {stray} & echo ready >&2; wait; sleep 600")
    until(lambda: (bench.folder / "log.txt").read_text() == "ready\n")
    until(lambda: len(marked_processes("t" * 32)) >= 3)
    bench.clock.advance(JOB.timeout_s + 1)
    assert child.poll() is None  # asked
    assert child.poll() is None
    bench.clock.advance(60)
    assert child.poll() is None  # killed
    ending = wait(child)
    assert (ending.outcome, ending.reason) == (Outcome.TIMED_OUT, "took longer than 60 s")
    assert marked_processes("t" * 32) == ()


def test_a_step_that_somebody_kills_is_tried_again(bench: Bench) -> None:
    child = bench.launch("sleep 600")
    os.killpg(child.process[0], signal.SIGKILL)
    ending = wait(child)
    assert (ending.outcome, ending.reason) == (Outcome.INCONCLUSIVE, "ended by signal 9")


ORPHAN = """
import os, sys
from pathlib import Path
from hostkit.clock import SystemClock
from hostkit.jobs.child import ChildLauncher, Shell
from hostkit.jobs.model import Attempt, Job, State, Step
from hostkit.process import Command
from hostkit.testing.jobs import a_wish_for

shell = Shell(lambda job, attempt: Command(("sh", "-c", sys.argv[2])), lambda board: False)
launcher = ChildLauncher(Path(sys.argv[1]), shell, SystemClock())
attempt = Attempt(7, 1, Step.GATE, 1, board="02686b000000", generation=3, token="t" * 32)
child = launcher.launch(Job(1, a_wish_for(build=False), State.RUNNING), attempt)
print(*child.process, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 9)
"""


def orphan(tmp_path: Path, script: str, ready: Callable[[], bool]) -> tuple[int, int]:
    """Let a worker start a step and be killed once the step is ``ready``; return the step's process."""
    worker = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path), script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    pid, ticks = (int(word) for word in worker.stdout.readline().split())
    until(ready)
    worker.communicate("go\n")
    assert worker.returncode == -signal.SIGKILL
    return pid, ticks


def test_a_step_dies_with_its_worker_and_what_strayed_before_the_job_goes_on(bench: Bench, tmp_path) -> None:
    log = bench.folder / "log.txt"
    stray = "setsid sh -c 'sleep 600' & echo ready >&2; wait"
    pid, ticks = orphan(tmp_path, stray, lambda: log.exists() and log.read_text() == "ready\n")
    lost = Ending(Outcome.LOST, "its worker died", evidence=str(bench.folder))
    assert bench.launcher.recover(ATTEMPT) == lost
    assert marked_processes("t" * 32) == ()
    assert process_start_ticks(pid) != ticks


def test_a_step_that_had_ended_when_its_worker_died_is_not_done_again(bench: Bench, tmp_path: Path) -> None:
    out = bench.folder / "out.json"
    orphan(tmp_path, f"echo '{GATE}'", lambda: out.exists() and out.read_text().strip() == GATE)
    assert bench.launcher.recover(ATTEMPT).outcome is Outcome.PASS


def test_a_step_that_never_started_is_lost_and_has_no_evidence(bench: Bench) -> None:
    assert bench.launcher.recover(ATTEMPT) == Ending(Outcome.LOST, "its worker died")


def test_what_a_flash_printed_is_its_evidence_also_when_its_worker_died(bench: Bench, tmp_path: Path) -> None:
    out, said = bench.folder / "out.json", json.dumps({"build_id": "b" * 64})
    orphan(tmp_path, f"echo '{said}'", lambda: out.exists() and out.read_text().strip() == said)
    ending = bench.launcher.recover(replace(ATTEMPT, step=Step.FLASH))
    assert (ending.outcome, ending.runs) == (Outcome.PASS, "b" * 64)
    assert ending.evidence == str(bench.folder)


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "attempts").write_text("in the way")
    with pytest.raises(ToolError, match="cannot write"):
        Bench(tmp_path, SystemClock()).launch("true")


def test_a_build_has_a_time_out_of_its_own() -> None:
    wanted = a_wish_for(Kind.GATE, build_timeout_s=5, timeout_s=50)
    assert [Job(1, wanted, State.RUNNING, step=step).timeout_s for step in (0, 1)] == [5, 50]


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does, without a limit of its own: pytest has one."""
    clock = SystemClock()
    while not true():
        clock.sleep(0.005)

"""The queue with real verbs, real workers and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostkit.boards.lease import Lease, LeaseOffice
from hostkit.clock import SystemClock

VIRT0 = "02686b000000"
ROOT = Path(__file__).resolve().parents[3]


def test_who_waits_without_a_worker_is_one_and_the_exit_code_is_the_verdict_s(hostkit) -> None:
    done = hostkit("queue", "submit", "build", "-e", "virtual", "--as", "ann", "--wait")
    assert done.code == 0, done
    assert "job 1: running: build" in done.err
    shown = json.loads(hostkit("queue", "show", "1", "--json").out)
    assert shown["state"] == "passed"
    assert Path(shown["evidence"]).is_dir()
    (attempt,) = shown["attempts"]
    assert attempt["pid"] > 0
    assert attempt["pid_start"] > 0


def a_worker(environment: dict[str, str], until: str) -> subprocess.Popen[str]:
    """Start a worker and return when it says that."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "hostkit", "queue", "work", "--until-empty"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stderr is not None
    while until not in (line := worker.stderr.readline()):
        assert line, "the worker ended"
    return worker


@pytest.fixture
def held(state_dir: Path) -> Iterator[Lease]:
    """The lease of virt0, had by somebody outside of the queue: a step that wants it goes on until then."""
    with LeaseOffice(state_dir / "leases", SystemClock()).take(VIRT0, "somebody's test") as lease:
        yield lease


def test_a_worker_that_is_killed_leaves_a_job_that_the_next_one_brings_to_its_end(
    hostkit, hostkit_environment, held: Lease
) -> None:
    assert hostkit("queue", "submit", "flash", "-e", "virtual", "-b", "virt0").code == 0
    worker = a_worker(hostkit_environment, "job 1: flash on virt0")
    job = json.loads(hostkit("queue", "show", "1", "--json").out)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert job["state"] == "running"
    held.close()
    done = hostkit("queue", "work", "--until-empty")
    assert done.code == 0, done
    assert "job 1: its worker died; waiting" in done.err
    shown = json.loads(hostkit("queue", "show", "1", "--json").out)
    assert [each["outcome"] for each in shown["attempts"]] == ["pass", "lost", "pass"]
    assert [each["generation"] for each in shown["attempts"]] == [0, 1, 2]
    assert (shown["state"], shown["tries"], shown["lost"]) == ("passed", 0, 1)


def test_both_boards_of_a_job_whose_worker_was_killed_are_free_again(
    hostkit, hostkit_environment, held: Lease, state_dir: Path
) -> None:
    """It stands in line at virt0 first, though it named virt1 before: so does a gate by hand, and neither
    ever has what the other waits for."""
    words = ("-e", "virtual", "-b", "virt1,virt0", "--any-build", "-k", "test_identity")
    assert hostkit("queue", "submit", "hil", *words).code == 0
    worker = a_worker(hostkit_environment, "job 1: hil on virt1,virt0")
    leases = LeaseOffice(state_dir / "leases", SystemClock())
    while not leases.waiters(VIRT0):
        assert worker.poll() is None
        SystemClock().sleep(0.02)
    assert leases.holder("02686b000001") is None
    taken = json.loads(hostkit("queue", "boards", "--json").out)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert [(row["name"], row["state"], row["lease"]) for row in taken[:2]] == [
        ("virt0", "virt0 is busy", 1),
        ("virt1", "virt1 is busy", 1),
    ]
    held.close()
    assert hostkit("queue", "cancel", "1").code == 0  # the boards are empty: nothing would come of it
    done = hostkit("queue", "work", "--until-empty")
    assert "job 1: its worker died; cancelled" in done.err
    (attempt,) = json.loads(hostkit("queue", "show", "1", "--json").out)["attempts"]
    assert (attempt["outcome"], attempt["boards"]) == ("lost", ["virt1", "virt0"])
    free = json.loads(hostkit("queue", "boards", "--json").out)
    assert [(row["state"], row["lease"]) for row in free[:2]] == [("free", 1), ("free", 1)]


def test_a_job_that_is_cancelled_while_it_runs_is_over_when_nothing_of_it_runs(
    hostkit, hostkit_environment, held: Lease
) -> None:
    hostkit("queue", "submit", "flash", "-e", "virtual", "-b", "virt0")
    worker = a_worker(hostkit_environment, "job 1: flash on virt0")
    cancelled = hostkit("queue", "cancel", "1")
    assert "job 1: cancelling" in cancelled.out
    _, told = worker.communicate()
    assert worker.returncode == 0, told
    assert "job 1: cancelled: cancelled" in told
    shown = json.loads(hostkit("queue", "show", "1", "--json").out)
    assert (shown["state"], shown["attempts"][-1]["outcome"]) == ("cancelled", "stopped")


def test_interrupting_who_waits_leaves_the_job_in_line(hostkit, hostkit_environment) -> None:
    assert hostkit("queue", "drain").code == 0
    waiting = subprocess.Popen(
        [sys.executable, "-m", "hostkit", "queue", "submit", "build", "-e", "virtual", "--wait"],
        cwd=ROOT,
        env=hostkit_environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    while "the queue is drained" not in (line := waiting.stderr.readline()):
        assert line, "it did not wait"
    os.kill(waiting.pid, signal.SIGINT)
    _, told = waiting.communicate()
    assert waiting.returncode == 130
    assert "job 1 stays in the queue: hostkit queue show 1" in told
    assert json.loads(hostkit("queue", "show", "1", "--json").out)["state"] == "waiting"


def test_help_of_the_queue_comes_without_the_database(hostkit_environment) -> None:
    code = (
        "import sys; from hostkit.cli.main import run; run(['queue', 'submit', 'gate', '--help']);"
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'rich', 'numpy', 'pydantic')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def test_a_checkout_that_changed_since_is_refused(hostkit, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(copy)], check=True)
    assert hostkit("queue", "submit", "build", "-e", "virtual", cwd=copy).code == 0
    (copy / "new.txt").write_text("later")
    done = hostkit("queue", "work", "--until-empty", cwd=copy)
    assert "job 1: refused: the checkout" in done.err
    assert "has other changes now than when it was submitted" in done.err

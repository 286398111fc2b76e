"""``hostkit queue`` as a person meets it: what is refused, what lists say, what cancel and retry do."""

from __future__ import annotations

import json
import platform
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.cli.main import run
from hostkit.clock import SystemClock
from hostkit.errors import ExitCode
from hostkit.jobs.allot import Room, Standing, allot
from hostkit.jobs.leasing import Leasing
from hostkit.jobs.model import Ending, Outcome
from hostkit.jobs.queue import Queue
from hostkit.jobs.workers import WorkerRecord
from hostkit.process import SystemRunner
from hostkit.store.database import open_database
from hostkit.tasks.git import Git

HOST = platform.node()
BOARD = BoardSpec("virt0", Kind.VIRTUAL, Chip.ESP32, "02:68:6b:00:00:00")
ROOT = Path(__file__).resolve().parents[3]


class Shell:
    """Types command lines and reads what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str], state: Path) -> None:
        self._capsys = capsys
        self.state = state

    def __call__(self, line: str) -> tuple[int, str, str]:
        code = run(["-C", str(ROOT), "queue", *shlex.split(line)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def fail_the_set_up(self, times: int, *boards: BoardSpec) -> None:
        """Let whatever waits at a board lose its link, as often as that."""
        with open_database(self.state) as database:
            leasing = Leasing(database, SystemClock())
            for _ in range(times):
                heads, jobs = leasing.heads(HOST, 1)
                room = Room(1, 1, lambda job: boards or [BOARD], lambda spec, env: Standing.FREE)
                worker = WorkerRecord(1, HOST, "b", 1, 1)
                ((_, attempt),) = leasing.take(worker, allot(heads, jobs, room))
                leasing.settle([(attempt.id, Ending(Outcome.TIMED_OUT, "no answer", "/runs/1"))])
                with database.write() as connection:
                    connection.exec_driver_sql("UPDATE jobs SET not_before_ns = 0")


@pytest.fixture
def queue(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state_dir: Path, shared_cache: Path
) -> Shell:
    """Type after `hostkit queue`."""
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(state_dir))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(shared_cache))
    return Shell(capsys, state_dir)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("gate -e virtual -b virt9", "nobody has a board virt9", "did you mean virt"),
        ("gate -e virtual -b chip=esp32c3", "nobody has a board chip=esp32c3,chip=esp32", "boards.toml has"),
        ("flash -e virtual -b chip=esp32,chp=x", "says nothing of a board", "did you mean chip=…?"),
        ("gate -e virtal -b virt0", "virtal", "virtual"),
        ("gate -e virtual -b virt0,virt9", "there is no board 'virt9' in boards.toml", "did you mean 'virt"),
        ("hil -e virtual -b virt0,virt0", "board virt0 is named twice", "name each board once"),
        (
            "gate -e virtual -b virt0,virt-s3",
            "cannot share a suite: they are not alike",
            "run a gate on each",
        ),
        (
            "flash -e virtual -b virt0,virt1",
            "-b virt0,virt1: a flash is for one board",
            "submit one for each",
        ),
        ("gate -e virtual --onto no-such-branch", "no-such-branch", ""),
        ("build -e virtual --priority 10", "10 is not in the range", ""),
    ],
)
def test_what_can_never_run_is_refused_at_submit(queue: Shell, line: str, message: str, hint: str) -> None:
    code, _, err = queue(f"submit {line}")
    assert code == ExitCode.USAGE
    assert message in err
    assert hint in err
    assert queue("list --json")[1] == "" or json.loads(queue("list --json")[1])["jobs"] == []


def test_a_job_is_listed_shown_joined_cancelled_and_asked_for_again(queue: Shell) -> None:
    code, out, err = queue("submit gate -e virtual -b any -k wire --min-rung timed --as ann --priority 2")
    assert (code, out) == (0, "job 1: waiting\n")
    assert "no worker runs: hostkit queue work" in err
    joined = queue("submit gate -e virtual -b any -k wire --min-rung timed --as bob")
    assert joined[:2] == (0, "job 2: following: the same work as job 1\n"), joined
    listed = queue("list")[1].splitlines()
    wish = "chip=esp32,profile=dual-160,fidelity=virtual"  # what fits of any, for that env and that rung
    assert listed[0] == f"   1 waiting      gate virtual for {wish} by ann | no worker runs"
    assert listed[-1] == "1 waiting, 1 following; no worker runs: hostkit queue work"
    shown = queue("show 1")[1]
    assert "asked      gate -e virtual -b chip=esp32,profile=dual-160,fidelity=virtual" in shown
    assert "-k wire --min-rung timed" in shown
    assert "by         ann, priority 2" in shown
    assert "followed   by job 2 of bob" in shown
    assert "job 1: cancelled: cancelled before it ran" in queue("cancel 1")[1]
    assert json.loads(queue("show 2 --json")[1])["state"] == "waiting"
    assert queue("cancel 1")[0] == ExitCode.USAGE
    code, out, _ = queue("retry 1")
    assert (code, out) == (0, "job 3: following, as job 1 was\n")
    assert "again      job 1" in queue("show 3")[1]


def test_a_job_for_two_boards_says_so_and_in_another_order_it_is_other_work(queue: Shell) -> None:
    words = "submit hil --any-build -e virtual"
    assert queue(f"{words} -b virt0,virt1 --as ann")[0] == 0
    assert queue(f"{words} -b virt0,virt1 --as ann")[1] == "job 2: following: the same work as job 1\n"
    third = json.loads(queue(f"{words} -b virt1,virt0 --as ann --json")[1])
    assert (third["state"], third["wanted"]["wish"]) == ("waiting", "virt1,virt0")
    assert queue("list")[1].splitlines()[0] == (
        "   1 waiting      hil virtual for virt0,virt1 by ann | no worker runs"
    )
    assert "asked      hil -e virtual -b virt0,virt1 --any-build" in queue("show 1")[1]
    queue("cancel 1 2")
    queue.fail_the_set_up(1, BOARD, replace(BOARD, name="virt1", mac="02:68:6b:00:00:01"))
    assert "attempt 1  hil on virt0,virt1 (lease 1): timed out" in queue("show 3")[1]
    (attempt,) = json.loads(queue("show 3 --json")[1])["attempts"]
    assert attempt["boards"] == ["virt0", "virt1"]
    rows = json.loads(queue("boards --json")[1])
    assert [row["lease"] for row in rows if row["name"] in ("virt0", "virt1")] == [1, 1]


def test_who_asks_is_the_user_and_a_build_needs_no_board(queue: Shell) -> None:
    job = json.loads(queue("submit build -e virtual --json")[1])
    assert (job["wanted"]["wish"], job["state"]) == ("", "waiting")
    assert job["wanted"]["submitter"]
    assert len(job["wanted"]["identity"]) == 64


def test_the_dead_are_listed_with_every_attempt_and_can_be_tried_again(queue: Shell) -> None:
    assert queue("dead")[1] == "nothing is dead\n"
    queue("submit hil --any-build -e virtual -b virt0 --as ann")
    queue.fail_the_set_up(4)
    code, out, _ = queue("dead")
    assert code == 0
    assert out.splitlines()[0] == "job 1: hil virtual by ann: no answer"
    assert out.count("  hil on virt0: timed out: no answer  /runs/1") == 4
    assert len(json.loads(queue("dead --json")[1])[0]["attempts"]) == 4
    assert queue("dead --requeue 1")[1] == "job 1: waiting\n"
    code, _, err = queue("dead --requeue 1")
    assert code == ExitCode.USAGE
    assert "job 1 is waiting, not dead" in err


def test_boards_say_who_has_them_and_what_they_run(queue: Shell) -> None:
    assert queue("boards")[1].splitlines()[:2] == ["virt0      free", "           no job used it yet"]
    queue("submit gate --no-flash -e virtual -b virt0")
    queue.fail_the_set_up(1)  # of its build
    assert "virt0      free" in queue("boards")[1]
    queue("cancel 1")
    queue("submit hil --any-build -e virtual -b virt0")
    queue.fail_the_set_up(1)
    rows = {row["name"]: row for row in json.loads(queue("boards --json")[1])}
    assert (rows["virt0"]["lease"], rows["virt0"]["runs"]) == (1, "")
    assert rows["virt1"]["lease"] == 0
    assert "           runs what it ran before" in queue("boards")[1].splitlines()


def test_a_drained_queue_says_so_until_it_is_resumed(queue: Shell) -> None:
    queue("submit build -e virtual")
    assert queue("drain --wait")[1] == "drained: no job begins, 0 still run\n"
    assert queue("list")[1].splitlines()[-1] == "1 waiting; drained: hostkit queue drain --resume"
    assert queue("drain --resume")[1] == "jobs begin again\n"


def test_build_slots_are_shown_and_changed(queue: Shell) -> None:
    assert queue("slots 3")[1] == "3 builds at once\n"
    assert queue("slots")[1] == "3 builds at once\n"
    assert queue("slots 0")[0] == ExitCode.USAGE


def test_an_empty_queue_says_how_to_begin_and_an_unknown_job_where_to_look(queue: Shell) -> None:
    assert "hostkit queue submit gate" in queue("list")[1]
    code, _, err = queue("show 7")
    assert code == ExitCode.USAGE
    assert "there is no job 7" in err


def test_a_gate_onto_a_branch_is_queued_for_the_commits_that_both_are_now(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, queue: Shell
) -> None:
    there = tmp_path / "clone"
    git = Git(there, SystemRunner())
    Git(tmp_path, SystemRunner()).run("clone", "-q", "--shared", str(ROOT), str(there))
    tip = git.resolve("HEAD")
    git.run("branch", "target")
    git.run("commit", "-q", "--allow-empty", "-m", "change", env=git.identity())
    words = ["-C", str(there), "queue", "submit", "gate", "-e", "virtual", "-b", "virt0", "--onto", "target"]
    assert run([*words, "--json"]) == 0
    job = json.loads(capsys.readouterr().out)
    with open_database(queue.state) as database:
        wanted = Queue(database, SystemClock()).get(job["id"]).wanted
    assert wanted.commit == git.resolve("HEAD")
    assert wanted.options[wanted.options.index("--onto") + 1] == tip
    assert not wanted.build

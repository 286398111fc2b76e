"""The real way: a change through `hostkit merge` on a virtual board, and git's hooks before and after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


@dataclass
class Desk:
    """A bare repository, a clone of it, and a user's state."""

    bare: Path
    clone: Path
    env: dict[str, str]

    def hostkit(self, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-P", "-m", "hostkit", *arguments, at=at or self.bare)

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("git", *arguments, at=self.clone)

    def run(self, *argv: str, at: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=at, env=self.env, capture_output=True, text=True, timeout=110, check=False
        )

    def tip(self) -> str:
        return self.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0]


def fail_in_quarantine(desk: Desk) -> None:
    """Commit a test that always fails, and that nobody has to answer for until it is repaired."""
    ends = datetime.now(UTC).date() + timedelta(days=9)
    (desk.clone / "hil_tests" / "test_shaky.py").write_text(
        "import pytest\n\npytestmark = pytest.mark.rung('linked')\n\n\n"
        "def test_it_is_shaky():\n    assert 'the rig' == 'steady'\n"
    )
    (desk.clone / "hil_tests" / "quarantine.toml").write_text(
        f'[[quarantine]]\ntest = "test_shaky.py::*"\nowner = "ada"\nreason = "jitters"\nexpires = {ends}\n'
    )
    desk.git("add", "-A")
    desk.git("commit", "-qm", "tests: a shaky one, in quarantine")


def kill_while_it_tests(desk: Desk, *rules: str) -> None:
    """Begin a merge and kill its runner as its gate begins."""
    argv = (sys.executable, "-P", "-m", "hostkit", "merge", "run", *rules, "-b", "virt0")
    with subprocess.Popen(argv, cwd=desk.bare, env=desk.env, stderr=subprocess.PIPE, text=True) as runner:
        assert runner.stderr is not None
        assert any("under test on virt0" in line for line in runner.stderr)
        runner.send_signal(signal.SIGKILL)


@pytest.fixture
def desk(tmp_path: Path, project_root: Path, shared_cache: Path) -> Desk:
    """The project with two files of its suite: enough for the rung `linked`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HOSTKIT_", "GIT_"))}
    env |= {"HOSTKIT_STATE_DIR": str(tmp_path / "state"), "HOSTKIT_CACHE_DIR": str(shared_cache)}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "tester", f"GIT_{role}_EMAIL": "tester@localhost"}
    made = Desk(tmp_path / "repo.git", tmp_path / "clone", env)
    assert made.run("git", "clone", "-q", str(project_root), str(made.clone), at=tmp_path).returncode == 0
    made.git("switch", "-q", "-C", "main")
    for file in (made.clone / "hil_tests").glob("test_*.py"):
        if file.name not in {"test_identity.py", "test_challenge.py"}:
            file.unlink()
    made.git("commit", "-qam", "tests: a short suite")
    assert (
        made.run("git", "clone", "-q", "--bare", str(made.clone), str(made.bare), at=tmp_path).returncode == 0
    )
    made.git("remote", "set-url", "origin", str(made.bare))
    return made


@pytest.mark.timeout(300)
def test_a_branch_that_refuses_a_push_takes_the_same_change_through_the_merge_train(desk: Desk) -> None:
    rules = ("-e", "virtual", "--min-rung", "linked")
    for at, hook in ((desk.bare, "pre-receive"), (desk.clone, "pre-push")):
        assert desk.hostkit("git", "install", *rules, "--hook", hook, at=at).returncode == 0
    fail_in_quarantine(desk)
    for how, by in (((), "failed to push some refs"), (("--no-verify",), "pre-receive hook declined")):
        refused = desk.git("push", *how, "origin", "main")
        assert refused.returncode != 0
        assert "gate virtual on any was not asked yet" in refused.stderr
        assert by in refused.stderr
    stop = desk.hostkit("git", "stop-hook", *rules, at=desk.clone)
    assert json.loads(stop.stdout)["decision"] == "block"
    assert desk.git("push", "-q", "origin", "main:topic").returncode == 0

    nothing = desk.hostkit("merge", "run", *rules, "-b", "virt0")
    assert (nothing.returncode, nothing.stderr) == (
        0,
        "nothing is in line for main: hostkit merge submit BRANCH\n",
    )
    assert "nothing was ever submitted for main" in desk.hostkit("merge", "list").stderr
    assert desk.hostkit("merge", "submit", "topic").returncode == 0
    before = desk.tip()
    kill_while_it_tests(desk, *rules)
    assert desk.tip() == before
    ran = desk.hostkit("merge", "run", *rules, "-b", "virt0")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(desk.hostkit("merge", "list", "--json").stdout)
    tip = desk.tip()
    assert [(change["status"], change["at"]) for change in told["changes"]] == [("merged", tip)]
    assert desk.hostkit("verify", told["changes"][0]["evidence"], at=desk.clone).returncode == 0

    assert json.loads(desk.hostkit("git", "stop-hook", *rules, at=desk.clone).stdout) == {}
    assert desk.run("git", "for-each-ref", "refs/hostkit", at=desk.bare).stdout == ""
    desk.run("git", "init", "-q", "--bare", "-b", "main", "other.git", at=desk.bare.parent)
    assert desk.git("push", str(desk.bare.with_name("other.git")), "main").returncode == 0  # by its pre-push
    state = json.loads(desk.hostkit("merge", "status", "--json").stdout)
    assert (state["tip"], state["running"], state["waiting"]) == (tip, False, [])
    (Path(told["changes"][0]["evidence"]) / "more.txt").write_text("put in later")
    assert json.loads(desk.hostkit("git", "stop-hook", *rules, at=desk.clone).stdout)["decision"] == "block"


@pytest.mark.timeout(300)
def test_a_gate_judges_what_a_merge_would_make_and_names_both_parents(desk: Desk) -> None:
    desk.git("switch", "-q", "-c", "topic")
    desk.git("commit", "-q", "--allow-empty", "-m", "docs: on the topic")
    desk.git("switch", "-q", "main")
    desk.git("commit", "-q", "--allow-empty", "-m", "docs: on main")
    desk.git("switch", "-q", "topic")
    tips = [desk.git("rev-parse", name).stdout.strip() for name in ("main", "topic")]
    asked = ("gate", "--onto", "main", "-e", "virtual", "--min-rung", "linked")
    ran = desk.hostkit(*asked, "--json", at=desk.clone)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["parents"], told["dirty"]) == (tips, False)
    held = json.loads(desk.hostkit("verify", told["evidence"], "--json", at=desk.clone).stdout)
    assert (held["holds"], held["statement"]["parents"]) == (True, tips)
    assert Path(told["evidence"]).is_relative_to(desk.clone)
    again = desk.hostkit(*asked, at=desk.clone)
    assert "answered from ledger entry 1" in again.stdout
    assert [desk.git("rev-parse", name).stdout.strip() for name in ("main", "topic")] == tips
    assert len(desk.git("worktree", "list").stdout.splitlines()) == 1

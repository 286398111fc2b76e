"""`hostkit waive`: signed by who may, refused to everybody else, listed in red; and the rules of a branch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import Least, TargetRules, rules_of
from hostkit.cli.main import run
from hostkit.clock import SystemClock
from hostkit.errors import UsageError
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung
from hostkit.tasks.git import Git
from hostkit.tasks.model import GateCheck

UNTIL = str((datetime.now(UTC) + timedelta(days=5)).date())


class Desk:
    """A project in a repository, and who works on it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self._capsys = root / "project", capsys
        self.project.mkdir()
        self.git = Git(self.project, SystemRunner())
        self.git.run("init", "-q", "-b", "main")
        self.write("platformio.ini", "")

    def write(self, name: str, text: str) -> str:
        (self.project / name).write_text(text)
        self.git.run("add", "-A")
        self.git.run("commit", "-qm", name)
        return self.git.resolve("HEAD")

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(["-C", str(self.project), *words])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def waive(self, *words: str) -> tuple[int, str, str]:
        return self("waive", *words, "--reason", "the rig is in repair", "--until", UNTIL, "--by", "ada")

    def allow(self, more: str = "") -> str:
        key = self("keys", "show")[1].split()[0]
        return self.write("hostkit.toml", f'[gate]\nmay_waive = ["{key}"]\n{more}')


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(tmp_path / "state"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")
    return Desk(tmp_path, capsys)


def test_a_waiver_of_who_may_lies_in_the_checkout_and_is_listed(desk: Desk) -> None:
    desk.allow()
    code, out, _ = desk.waive("test", "test_b.py::bad", "-e", "virtual")
    assert code == 0
    assert f"test test_b.py::bad of virtual waived until {UNTIL} by ada" in out
    (file,) = (desk.project / "waivers").iterdir()
    assert f"commit it: git add waivers/{file.name}" in out
    listed = json.loads(desk("waive", "list", "--json")[1])["waivers"]
    assert [(each["waives"], each["reason"], each["ignored"]) for each in listed] == [
        ("test", "the rig is in repair", "")
    ]
    assert desk("waive", "list")[1] == out.splitlines()[0] + "\n"


def test_who_may_not_waive_is_told_so_and_nothing_is_written(desk: Desk) -> None:
    code, _, err = desk.waive("growth")
    assert code == 2
    assert "that would not count: the key" in err
    assert "[gate] may_waive of hostkit.toml" in err
    assert not (desk.project / "waivers").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--until", "soon"), "--until soon: no day"),
        (("--until", "2020-01-01"), "it ended on 2020-01-01"),
        (("--until", "2999-01-01"), "more than 30 days ahead"),
        (("--reason", " "), "a waiver needs a reason"),
    ],
)
def test_a_waiver_that_would_not_count_is_not_made(desk: Desk, words: tuple[str, str], said: str) -> None:
    desk.allow()
    code, _, err = desk("waive", "growth", "--reason", "r", "--until", UNTIL, "--by", "ada", *words)
    assert (code, said in err) == (2, True), err
    assert not (desk.project / "waivers").exists()


def test_a_waiver_that_nobody_answers_for_is_not_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    desk.allow()
    code, _, err = desk("waive", "growth", "--reason", "r", "--until", UNTIL)
    assert (code, "git's user.name is not set" in err) == (2, True), err
    assert "--by, or for good: git config user.name NAME" in err
    desk.git.run("config", "user.name", "ada")
    assert desk("waive", "growth", "--reason", "r", "--until", UNTIL)[0] == 0


def test_an_edited_waiver_is_listed_as_one_that_does_not_count(desk: Desk) -> None:
    assert desk("waive", "list")[1] == "nothing is waived\n"
    desk.allow()
    desk.waive("board", "sim0")
    (file,) = (desk.project / "waivers").iterdir()
    file.write_text(file.read_text().replace('"keyid": "', '"keyid": "0'))
    assert ": does not count: it names the key 0" in desk("waive", "list")[1]


def rules(desk: Desk, asked: GateCheck | None = None) -> TargetRules:
    return TargetRules(desk.git, "refs/heads/main", SystemClock(), asked, lambda: GateCheck("virtual"))


def test_a_branch_asks_what_its_own_rules_say_and_a_change_of_them_counts_once_it_is_in(desk: Desk) -> None:
    begun = desk.git.resolve("HEAD")
    assert [check.title for check in rules(desk).checks(begun)] == ["gate virtual on any"]
    desk.git.run("switch", "-q", "-c", "topic")
    topic = desk.allow('[[gate.require]]\nenv = "esp32c3"\nboards = ["sim0"]\nmin_rung = "timed"\n')
    assert [check.title for check in rules(desk).checks(topic)] == ["gate virtual on any"]
    assert rules(desk).may_waive() == ()
    desk.git.run("update-ref", "refs/heads/main", topic)
    assert [check.title for check in rules(desk).checks(begun)] == ["gate esp32c3 on sim0"]
    assert rules(desk, GateCheck("esp32")).checks(begun) == (GateCheck("esp32"),)


def test_a_merge_reads_waivers_out_of_the_commit_also_in_a_bare_repository(
    desk: Desk, tmp_path: Path
) -> None:
    desk.allow("".join(f'[[gate.require]]\nenv = "c3"\nboards = ["sim{n}"]\n' for n in (0, 1)))
    desk.waive("board", "sim1")
    commit = desk.write("a.txt", "x")
    bare = Git(tmp_path, SystemRunner())
    bare.run("clone", "-q", "--bare", str(desk.project), "repo.git")
    known = TargetRules(
        bare.at(tmp_path / "repo.git"), "refs/heads/main", SystemClock(), None, lambda: GateCheck("virtual")
    )
    first, second = known.required(commit)
    assert (first.met_by, second.met_by) == (GateCheck("c3", "sim0"), None)
    assert "gate c3 on sim1: board sim1 waived until" in second.waived[0]
    assert [check.board for check in known.checks(f"{commit}~1")] == ["sim0", "sim1"]


def test_waivers_that_leave_nothing_to_show_are_refused(desk: Desk) -> None:
    desk.allow('[[gate.require]]\nenv = "c3"\nboards = ["sim0"]\n')
    desk.waive("board", "sim0")
    commit = desk.write("a.txt", "x")
    with pytest.raises(UsageError, match="its waivers leave nothing to show") as caught:
        rules(desk).checks(commit)
    assert caught.value.hint == "a merge must pass something"


def test_a_gate_asks_for_the_rung_of_its_env_unless_the_command_line_does(desk: Desk, tmp_path: Path) -> None:
    here = Context(desk.project, Paths(tmp_path / "state", tmp_path / "cache"), SystemClock(), SystemRunner())
    begun = desk.git.resolve("HEAD")
    desk.allow('[[gate.require]]\nenv = "virtual"\nmin_rung = "timed"\n')
    assert rules_of(here, "virtual", Least()).min_rung is Rung.TIMED
    assert rules_of(here, "virtual", Least("linked")).min_rung is Rung.LINKED
    assert rules_of(here, "esp32", Least()).min_rung is Rung.WIRED
    assert len(rules_of(here, "esp32", Least()).may_waive) == 1
    assert rules_of(here, "virtual", Least(rules_at=begun)).min_rung is Rung.WIRED
    assert rules_of(here, "virtual", Least(rules_at=begun)).may_waive == ()

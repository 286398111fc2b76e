"""The pipeline around its stages: evidence, ledger, and what makes a run invalid."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hostkit.errors import InvalidError, UsageError
from hostkit.gate.dsse import read_envelope
from hostkit.gate.keys import open_signer
from hostkit.gate.model import Rules, Stage, Stop
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.seal import SEAL, broken_files
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import Rung, Verdict
from hostkit.testing.clock import FakeClock
from hostkit.testing.stages import PlayedStages


@dataclass
class Project:
    """A repository with one commit and a suite."""

    path: Path
    bench: Bench

    def head(self) -> str:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def request(self) -> GateRequest:
        return GateRequest(self.path, "virtual", "virt0", Rules(min_rung=Rung.LINKED))

    def good(self, **changes: Any) -> PlayedStages:
        return PlayedStages(self.head(), **changes)

    def entries(self) -> list[str]:
        with open_database(self.bench.paths.state) as database:
            return [entry.record.verdict.value for entry in Ledger(database).entries()]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")
    path = tmp_path / "project"
    (path / "hil_tests").mkdir(parents=True)
    (path / "hil_tests" / "test_a.py").write_text("def test_a(): ...")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "begin"]):
        subprocess.run(["git", *command], cwd=path, check=True)
    paths = Paths(tmp_path / "state", tmp_path / "cache")
    bench = Bench(paths, Settings(), SystemRunner(), FakeClock(), {}, tmp_path / "runs")
    return Project(path, bench)


def test_a_pass_is_sealed_evidence_and_an_entry_that_names_it(project: Project) -> None:
    result = run_gate(project.request(), project.bench, project.good().of)
    assert result.decision.verdict is Verdict.PASS
    assert result.ledger_seq == 1
    bundle = Path(result.evidence)
    assert broken_files(bundle, result.evidence_sha256) == ()
    assert {path.name for path in bundle.iterdir()} == {
        "boot.jsonl",
        "challenge.json",
        "end.jsonl",
        "evidence.json",
        "flash.json",
        "junit.xml",
        "link.jsonl",
        "manifest.json",
        "measurements.json",
        "observations.jsonl",
        "pytest.txt",
        "run.json",
        "suite.json",
        "summary.txt",
        "timings.json",
        "tools.json",
        "verdict.json",
    }
    with open_database(project.bench.paths.state) as database:
        (entry,) = Ledger(database).entries()
    record = entry.record
    assert (record.commit, record.dirty, record.rung) == (project.head(), False, "linked")
    assert (record.evidence_sha256, record.evidence) == (result.evidence_sha256, result.evidence)
    assert record.suite == json.loads((bundle / "run.json").read_text())["suite_sha256"]


def test_the_seal_is_a_statement_of_in_toto_that_the_users_key_signed(project: Project) -> None:
    first = run_gate(project.request(), project.bench, project.good().of)
    second = run_gate(project.request(), project.bench, project.good().of)
    envelope = read_envelope((Path(second.evidence) / SEAL).read_bytes())
    open_signer(project.bench.paths, {}, ()).public.check(envelope)
    value = json.loads(envelope.payload)
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    names = {path.name for path in Path(second.evidence).iterdir()} - {SEAL}
    assert [subject["name"] for subject in value["subject"]] == sorted(names)
    said = value["predicate"]
    assert (said["run"], said["verdict"], said["rung"]) == (second.run_id, "pass", "linked")
    assert (said["commit"], said["dirty"]) == (project.head(), False)
    with open_database(project.bench.paths.state) as database:
        entry = Ledger(database).of_run(first.run_id)
    assert entry is not None
    assert said["ledger"] == entry.digest


def test_a_key_in_the_checkout_ends_a_gate_before_it_begins(project: Project) -> None:
    bench = replace(project.bench, paths=Paths(project.path / ".state", project.bench.paths.cache))
    with pytest.raises(UsageError, match="lies inside the checkout"):
        run_gate(project.request(), bench, project.good().of)
    assert not bench.runs.exists()


def test_uncommitted_changes_are_in_the_record_with_a_hash_of_their_own(project: Project) -> None:
    (project.path / "new").write_text("x")
    result = run_gate(project.request(), project.bench, project.good().of)
    run = json.loads((Path(result.evidence) / "run.json").read_text())
    assert run["dirty"] is True
    assert len(run["changes_sha256"]) == 64
    assert "uncommitted" in result.decision.open[0]


def test_a_stop_is_a_verdict_with_evidence_too(project: Project) -> None:
    stop = Stop(Stage.BUILD, Verdict.FAIL, "main.cpp:3: error: expected ';'", "see the log")
    result = run_gate(project.request(), project.bench, project.good(stop=stop).of)
    assert result.decision.verdict is Verdict.FAIL
    assert "main.cpp:3" in (Path(result.evidence) / "summary.txt").read_text()
    assert project.entries() == ["fail"]


def test_a_suite_edited_while_it_ran_is_invalid(project: Project) -> None:
    def edit() -> None:
        (project.path / "hil_tests" / "test_a.py").write_text("def test_a(): pass")

    result = run_gate(project.request(), project.bench, project.good(during=edit).of)
    assert result.decision.verdict is Verdict.INVALID
    assert "edited while they ran" in result.decision.reasons[0]


def test_a_build_of_another_commit_is_invalid(project: Project) -> None:
    stages = PlayedStages("f" * 40)
    result = run_gate(project.request(), project.bench, stages.of)
    assert result.decision.verdict is Verdict.INVALID
    assert "HEAD moved" in result.decision.reasons[0]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UsageError("no such board")])
def test_what_judges_nothing_leaves_nothing(project: Project, error: BaseException) -> None:
    def raise_it() -> None:
        raise error

    with pytest.raises(type(error)):
        run_gate(project.request(), project.bench, project.good(during=raise_it).of)
    assert list(project.bench.runs.iterdir()) == []
    assert project.entries() == []


def test_without_the_ledger_the_evidence_is_left_but_no_entry(project: Project) -> None:
    request = replace(project.request(), ledger=False)
    result = run_gate(request, project.bench, project.good().of)
    assert (result.ledger_seq, Path(result.evidence).is_dir()) == (0, True)
    assert project.entries() == []


def test_outside_of_a_repository_the_verdict_is_of_no_commit(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    result = run_gate(replace(project.request(), project=bare), project.bench, PlayedStages("").of)
    assert result.decision.verdict is Verdict.PASS
    with open_database(project.bench.paths.state) as database:
        assert Ledger(database).entries()[0].record.commit == ""


def test_an_edited_ledger_no_longer_names_the_evidence(project: Project) -> None:
    result = run_gate(project.request(), project.bench, project.good().of)
    with open_database(project.bench.paths.state) as database:
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE verdicts SET evidence_sha256 = 'x'")
        with pytest.raises(InvalidError, match="entry 1"):
            Ledger(database).check()
    assert broken_files(Path(result.evidence), result.evidence_sha256) == ()

"""The parts of a bundle and nothing else make the verdict, to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.boards.model import Fidelity
from hostkit.files import pretty_json
from hostkit.gate.bundle import Case, write_derived, write_records
from hostkit.gate.crashes import crashes_in, write_crashes
from hostkit.gate.derive import derive
from hostkit.gate.folder import read_folder
from hostkit.gate.model import Rules, Stage, Stop
from hostkit.gate.parts import PartError
from hostkit.gate.request import Bench, GateRequest
from hostkit.hil.observations import Outcome
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.transcript import Direction, Transcript
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung, Verdict
from hostkit.tasks.git import Checkout
from hostkit.testing import crash as texts
from hostkit.testing.clock import FakeClock
from hostkit.testing.stages import PlayedStages, a_test

COMMIT = "c" * 40

Leave = Callable[..., dict[str, bytes]]


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """Leave a run's evidence, as stages and gate write it, and return its files."""

    def left(**changes: object) -> dict[str, bytes]:
        into = tmp_path / "bundle"
        into.mkdir()
        paths = Paths(tmp_path / "state", tmp_path / "cache")
        bench = Bench(paths, Settings(), SystemRunner(), FakeClock(), {}, tmp_path)
        request = GateRequest(tmp_path, "virtual", "virt0", Rules(min_rung=Rung.LINKED))
        stages = PlayedStages(COMMIT, **changes)  # type: ignore[arg-type]
        stages.of(request, bench, into).run()
        case = Case("run", request, Checkout(COMMIT, "d" * 40, False, ""), "e" * 64)
        write_records(into, case, stages.ran, stages.seconds)
        write_derived(into)
        return dict(read_folder(into).files)

    return left


def test_what_was_written_follows_from_the_rest_byte_for_byte(leave: Leave) -> None:
    files = leave(tests=(a_test(), a_test("t::b", outcome=Outcome.FAILED, message="LED 7")))
    follows = derive(files).written()
    assert set(follows) == {"junit.xml", "measurements.json", "verdict.json"}
    kept = {name: data for name, data in files.items() if name not in follows}
    assert derive(kept).written() == follows == {name: files[name] for name in follows}


def test_a_pass_has_every_fact_from_a_part_of_its_own(leave: Leave) -> None:
    derived = derive(leave())
    facts = derived.facts
    assert derived.decision.verdict is Verdict.PASS
    assert facts.fidelity is Fidelity.VIRTUAL
    assert facts.build is not None
    assert facts.flash is not None
    assert facts.identity is not None
    assert facts.build.build_id == facts.flash.build_id == facts.identity.build_id
    assert facts.flash.verified
    assert [seen.rung for seen in facts.observations] == [Rung.LINKED]
    assert facts.observations[0].numbers == {"rate [Hz]": 30.0}


def test_no_wall_clock_second_of_a_stage_is_in_the_verdict(leave: Leave) -> None:
    files = leave()
    assert json.loads(files["timings.json"]) == {"build": 1.0}
    assert b'"build": 1.0' not in files["verdict.json"]


def test_a_region_that_was_read_back_different_is_invalid(leave: Leave) -> None:
    files = leave()
    flash = json.loads(files["flash.json"])
    flash["regions"][0]["md5_read"] = "0" * 32
    derived = derive(files | {"flash.json": pretty_json(flash)})
    assert derived.decision.verdict is Verdict.INVALID
    assert "not read back" in derived.decision.reasons[0]


def test_a_stop_is_read_back_as_it_was(leave: Leave) -> None:
    stop = Stop(Stage.BUILD, Verdict.FAIL, "main.cpp:3: error", "see the log")
    derived = derive(leave(stop=stop))
    assert (derived.facts.stop, derived.decision.verdict) == (stop, Verdict.FAIL)


def test_a_crash_is_read_out_of_the_transcript_and_cannot_be_left_out(leave: Leave, tmp_path: Path) -> None:
    panic = texts.spoken(texts.XTENSA["StoreProhibited"], pc=0x400D1000)

    def crash() -> None:
        path = tmp_path / "bundle" / "link.jsonl"
        before = path.read_text()
        with Transcript(FakeClock(), path=path) as transcript:
            transcript.record(Direction.RECEIVED, panic)
        path.write_text(before + path.read_text())
        found = crashes_in(path, CrashDecoder(tmp_path), "", answered=True)
        write_crashes(tmp_path / "bundle", found)

    files = leave(during=crash)
    derived = derive(files)
    assert derived.decision.verdict is Verdict.FAIL
    assert derived.decision.reasons[0] == "panic: StoreProhibited at 0x400d1000"
    del files["crashes.json"]
    assert derive(files).decision == derived.decision


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("run.json", b"{", "run.json: "),
        ("run.json", b"[]", "run.json: input should be"),
        ("suite.json", b'{"exit_code": "0", "timed_out": false}', "suite.json: exit_code: "),
        ("suite.json", b'{"exit_code": 0, "exit_code": 1, "timed_out": false}', "there twice"),
        ("flash.json", b"null", "flash.json: "),
        ("stop.json", b'{"stage": "lunch", "verdict": "pass", "reason": ""}', "stop.json: stage: "),
        ("manifest.json", b"{}", "manifest.json: build_id: "),
        ("crashes.json", b"[3]", "crashes.json: crashes.json holds something else"),
    ],
)
def test_a_part_that_is_none_is_named(leave: Leave, name: str, data: bytes, said: str) -> None:
    files = leave()
    with pytest.raises(PartError) as caught:
        derive(files | {name: data})
    assert said in caught.value.message
    assert "was changed" in caught.value.hint


def test_without_what_was_asked_nothing_follows(leave: Leave) -> None:
    files = leave()
    del files["run.json"]
    with pytest.raises(PartError, match=r"run\.json: it is not there"):
        derive(files)


@pytest.mark.parametrize("field", ["build_id", "inputs", "images", "commit", "dirty"])
def test_a_manifest_that_was_edited_is_no_manifest(leave: Leave, field: str) -> None:
    files = leave()
    manifest = json.loads(files["manifest.json"])
    other = {"build_id": "f" * 64, "inputs": {}, "images": [], "commit": "", "dirty": True}
    edited = pretty_json(manifest | {field: other[field]})
    with pytest.raises(PartError, match="build id is not the hash"):
        derive(files | {"manifest.json": edited})
    assert derive(files | {"manifest.json": pretty_json(manifest)}).decision.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("field", "value"), [("min_rung", "high"), ("min_fidelity", "real"), ("flash", 1), ("build", None)]
)
def test_rules_that_there_are_not_are_refused(leave: Leave, field: str, value: object) -> None:
    files = leave()
    run = json.loads(files["run.json"])
    run["rules"][field] = value
    with pytest.raises(PartError, match=r"run\.json: "):
        derive(files | {"run.json": pretty_json(run)})


def test_rules_are_read_back_as_they_were_asked(leave: Leave) -> None:
    files = leave()
    run = json.loads(files["run.json"])
    for rules in (Rules(), Rules(soak_s=600.0, flash=False), Rules(min_rung=Rung.SOAKED)):
        run["rules"] = rules.plain()
        assert derive(files | {"run.json": pretty_json(run)}).rules.plain() == rules.plain()

"""Cached passes: of exactly this case, signed, and only as good as their bundle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostkit.errors import ExitCode, InvalidError
from hostkit.gate.bundle import Case
from hostkit.gate.cache import FOLDER, LIFETIME_NS, keep, recall, verdict_key
from hostkit.gate.keys import open_signer
from hostkit.gate.model import GateResult, Rules, ToolFact
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.seal import SEAL
from hostkit.hil.observations import Outcome
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung
from hostkit.tasks.git import Checkout
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import BOARD, PlayedStages, a_test

KEY, OTHER = "a" * 64, "b" * 64
NOW = 1_000


@dataclass
class Place:
    """A runs folder with one pass that is cached under ``KEY``."""

    runs: Path
    paths: Paths
    result: GateResult

    @property
    def signer(self):  # type: ignore[no-untyped-def]
        return open_signer(self.paths, {}, ())

    @property
    def entry(self) -> Path:
        return self.runs / FOLDER / f"{KEY}.json"

    def recall(self, key: str = KEY, now_ns: int = NOW):  # type: ignore[no-untyped-def]
        return recall(self.runs, key, self.signer.public, now_ns)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "project").mkdir()
    paths = Paths(tmp_path / "state", tmp_path / "cache")
    bench = Bench(paths, Settings(), SystemRunner(), FakeClock(), {}, tmp_path / "runs")
    request = GateRequest(tmp_path / "project", "virtual", "virt0", Rules(min_rung=Rung.LINKED), ledger=False)
    made = Place(tmp_path / "runs", paths, run_gate(request, bench, PlayedStages("").of))
    keep(Path(made.result.evidence), KEY, made.signer, made.result.evidence_sha256, NOW)
    return made


def test_a_pass_is_recalled_with_its_bundle_and_another_case_is_not(place: Place) -> None:
    found = place.recall()
    assert found is not None
    assert (found.run, found.evidence) == (place.result.run_id, Path(place.result.evidence))
    assert found.statement["verdict"] == "pass"
    assert place.recall(OTHER) is None


def test_what_cannot_be_looked_at_keeps_a_pass_from_answering_unasked(place: Place) -> None:
    found = place.recall()
    assert found is not None
    assert found.answers_unasked
    for changes in ({"fidelity": "board"}, {"rules": {"flash": False}}):
        assert not replace(found, statement=found.statement | changes).answers_unasked


EDITS: dict[str, tuple[Callable[[Place], object], str]] = {
    "forged": (
        lambda place: keep(Path(place.result.evidence), KEY, a_signer(), place.result.evidence_sha256, NOW),
        "it names the key",
    ),
    "edited": (lambda place: place.entry.write_bytes(place.entry.read_bytes().replace(b"e", b"f", 1)), ""),
    "unsigned": (
        lambda place: place.entry.write_text(json.dumps({"key": KEY, "run": place.result.run_id})),
        "no envelope",
    ),
    "empty": (lambda place: place.entry.write_bytes(b""), "no envelope"),
    "bundle edited": (
        lambda place: (Path(place.result.evidence) / "junit.xml").write_bytes(b""),
        "junit.xml was changed",
    ),
    "another bundle": (
        lambda place: keep(Path(place.result.evidence), KEY, place.signer, "0" * 64, NOW),
        "is another one",
    ),
    "a bundle's own seal": (
        lambda place: shutil.copy(Path(place.result.evidence) / SEAL, place.entry),
        "it is of type",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_entry_that_is_not_what_was_kept_is_invalid_never_a_pass(place: Place, name: str) -> None:
    edit, said = EDITS[name]
    edit(place)
    with pytest.raises(InvalidError, match="the cached verdict aaaaaaaaaaaa does not hold") as caught:
        place.recall()
    assert said in caught.value.message
    assert caught.value.exit_code == ExitCode.INVALID
    assert "--fresh" in caught.value.hint


def test_an_entry_that_was_copied_to_another_cases_place_is_invalid(place: Place) -> None:
    shutil.copy(place.entry, place.entry.with_name(f"{OTHER}.json"))
    with pytest.raises(InvalidError, match="of another case, put in this one's place"):
        place.recall(OTHER)


@pytest.mark.parametrize("now_ns", [NOW + LIFETIME_NS, NOW - 1])
def test_an_entry_that_is_too_old_or_of_the_future_answers_nothing(place: Place, now_ns: int) -> None:
    assert place.recall(now_ns=now_ns) is None


def test_an_entry_whose_bundle_was_removed_answers_nothing(place: Place) -> None:
    shutil.rmtree(place.result.evidence)
    assert place.recall() is None


def test_a_bundle_that_is_no_pass_answers_nothing(tmp_path: Path, place: Place) -> None:
    bench = Bench(place.paths, Settings(), SystemRunner(), FakeClock(), {}, place.runs)
    request = GateRequest(tmp_path / "project", "virtual", "virt0", Rules(min_rung=Rung.LINKED), ledger=False)
    failed = run_gate(request, bench, PlayedStages("", tests=(a_test(outcome=Outcome.FAILED),)).of)
    keep(Path(failed.evidence), KEY, place.signer, failed.evidence_sha256, NOW)
    with pytest.raises(InvalidError, match="no pass of a whole suite"):
        place.recall()


def test_whatever_a_verdict_depends_on_makes_another_key() -> None:
    case = Case("r", GateRequest(Path("/p"), "virtual", "virt0"), Checkout("c", "t", True, "1" * 64), "s")
    tools = (ToolFact("esptool", "5.6.0", "/bin/esptool", "0" * 64),)
    request = case.request
    keys = [
        verdict_key(case, [BOARD], "b", tools),
        verdict_key(case, [BOARD], "other", tools),
        verdict_key(case, [replace(BOARD, mac="02:00:00:00:00:09")], "b", tools),
        verdict_key(case, [BOARD], "b", (replace(tools[0], sha256="1" * 64),)),
        verdict_key(replace(case, suite="edited"), [BOARD], "b", tools),
        verdict_key(replace(case, request=replace(request, env="x")), [BOARD], "b", tools),
        verdict_key(replace(case, request=replace(request, rules=Rules(flash=False))), [BOARD], "b", tools),
        # Two dirty trees with other content, also where only a document differs.
        verdict_key(replace(case, checkout=replace(case.checkout, changes="2" * 64)), [BOARD], "b", tools),
        verdict_key(replace(case, checkout=replace(case.checkout, commit="d")), [BOARD], "b", tools),
        verdict_key(case, [BOARD], "b", tools, "another user's key"),
    ]
    assert len(set(keys)) == len(keys)
    assert verdict_key(replace(case, run_id="another"), [BOARD], "b", tools) == keys[0]

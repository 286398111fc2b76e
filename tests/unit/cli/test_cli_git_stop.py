"""The stop hook's fast answer: it holds while nothing that it rests on changed, and cannot be made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostkit.cli.context import Context
from hostkit.cli.git_stop import Known
from hostkit.gate.keys import open_signer
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.git import Checkout
from hostkit.testing.clock import FakeClock

A, B = "a" * 40, "b" * 40
HERE = Checkout(A, "t" * 40, False, "")
ASKED = {"env": "virtual", "min_rung": None, "min_fidelity": None}
PASS = VerdictRecord(
    *("run", ProofKind.GATE, Verdict.PASS, "wired", "virtual", "p", A, "", False),
    *("virtual", "virt0", "", "", "", ("all passed",), "/evidence", "", 1),
)


@dataclass
class Desk:
    """A project whose commit has a pass that the hook looked at."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.root / "state", self.root / "cache")

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.evidence.mkdir(parents=True)
        (self.evidence / "verdict.json").write_text("pass")
        open_signer(self.paths, {}, ())
        self.enter(PASS)
        known = self.known()
        known.keep(known.rests_on(HERE, [str(self.evidence)]))

    @property
    def evidence(self) -> Path:
        return self.root / "runs" / "run"

    @property
    def witness(self) -> Path:
        (found,) = (self.paths.cache / "witnesses").iterdir()
        return found

    def enter(self, record: VerdictRecord) -> None:
        with open_database(self.paths.state) as database:
            Ledger(database).append(record)

    def known(self, **options: str) -> Known:
        context = Context(self.root, self.paths, self.clock, SystemRunner())
        return Known(context, self.root, {**ASKED, **options})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.delenv("HOSTKIT_SIGNING_KEY", raising=False)
    return Desk(tmp_path)


def test_what_was_looked_at_is_known_while_nothing_changes(desk: Desk) -> None:
    assert desk.known().holds(HERE)
    desk.enter(replace(PASS, commit=B, run_id="other", verdict=Verdict.FAIL))  # of another commit
    assert desk.known().holds(HERE)


def test_another_commit_a_change_or_another_question_is_not_known(desk: Desk) -> None:
    assert not desk.known().holds(replace(HERE, commit=B))
    assert not desk.known().holds(replace(HERE, dirty=True))
    assert not desk.known(env="esp32").holds(HERE)


def edit_evidence(desk: Desk) -> None:
    (desk.evidence / "verdict.json").write_text("fail")


def forge(desk: Desk) -> None:
    told = json.loads(desk.witness.read_text())
    desk.witness.write_text(json.dumps({**told, "said": told["said"].replace(A, B)}))


CHANGES: dict[str, Callable[[Desk], object]] = {
    "a later verdict": lambda desk: desk.enter(replace(PASS, run_id="later", verdict=Verdict.FAIL)),
    "evidence edited": edit_evidence,
    "evidence added to": lambda desk: (desk.evidence / "more.txt").write_text("x"),
    "evidence gone": lambda desk: (desk.evidence / "verdict.json").unlink(),
    "a key trusted": lambda desk: (
        desk.paths.trusted.mkdir(),
        (desk.paths.trusted / "x.pem").write_text("x"),
    ),
    "settings": lambda desk: (desk.root / "hostkit.toml").write_text('env = "x"'),
    "a day": lambda desk: desk.clock.jump(24 * 3600),
    "no witness": lambda desk: desk.witness.unlink(),
    "a broken witness": lambda desk: desk.witness.write_text("{}"),
    "a forged witness": forge,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_changed_everything_is_looked_at_again(desk: Desk, change: Callable[[Desk], object]) -> None:
    change(desk)
    assert not desk.known().holds(HERE)


def test_what_somebody_else_kept_is_no_answer(desk: Desk) -> None:
    told = json.loads(desk.witness.read_text())
    key = desk.paths.keys / "signing-key.pem"
    key.unlink()
    open_signer(desk.paths, {}, ())
    known = desk.known()
    said = known.rests_on(HERE, [str(desk.evidence)])
    desk.witness.write_text(json.dumps({"said": said, "mac": told["mac"]}))
    assert not known.holds(HERE)
    known.keep(said)
    assert known.holds(HERE)

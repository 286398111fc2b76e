"""An entry of the ledger counts only with a bundle that a trusted key signed and that says the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostkit.gate.evidence import write_bytes
from hostkit.gate.keys import VARIABLE, PublicKey, open_signer, trusted_keys
from hostkit.gate.model import Rules
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.seal import SEAL
from hostkit.gate.vouch import doubts, ledger_problems
from hostkit.hil.observations import Outcome
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import LedgerEntry, Rung, Verdict, VerdictRecord, entry_digest
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import PlayedStages, a_test


@dataclass
class User:
    """Somebody with a project, a ledger and a key."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.root / "state", self.root / "cache")

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        return trusted_keys(self.paths, {})

    def gate(self, **changes: object) -> VerdictRecord:
        """Run a gate and return what the ledger has of it."""
        bench = Bench(self.paths, Settings(), SystemRunner(), FakeClock(), {}, self.root / "runs")
        request = GateRequest(self.root / "project", "virtual", "virt0", Rules(min_rung=Rung.LINKED))
        result = run_gate(request, bench, PlayedStages("", **changes).of)  # type: ignore[arg-type]
        return next(entry.record for entry in self.entries() if entry.record.run_id == result.run_id)

    def entries(self) -> tuple[LedgerEntry, ...]:
        with open_database(self.paths.state) as database:
            return Ledger(database).entries()


@pytest.fixture
def user(tmp_path: Path) -> User:
    (tmp_path / "project").mkdir()
    return User(tmp_path)


def test_what_a_gate_entered_is_backed(user: User) -> None:
    for record in (user.gate(), user.gate(tests=(a_test(outcome=Outcome.FAILED),))):
        assert doubts(record, user.keys, None, whole=False) == ()
        assert doubts(record, user.keys, None, whole=True) == ()


CHANGES: dict[str, Callable[[VerdictRecord], VerdictRecord]] = {
    "verdict": lambda record: replace(record, verdict=Verdict.PASS),
    "commit": lambda record: replace(record, commit="b" * 40),
    "selection": lambda record: replace(record, selection="x"),
    "dirty": lambda record: replace(record, dirty=True),
    "board": lambda record: replace(record, board="desk"),
    "fidelity": lambda record: replace(record, fidelity="board"),
    "reasons": lambda record: replace(record, reasons=()),
    "run": lambda record: replace(record, run_id="other"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_entry_that_says_more_than_what_was_signed_is_not(user: User, name: str) -> None:
    record = CHANGES[name](user.gate(tests=(a_test(outcome=Outcome.FAILED),)))
    assert doubts(record, user.keys, None, whole=False) == (
        f"the ledger's entry and the signed statement differ in {name}",
    )


def test_evidence_that_is_gone_edited_or_not_the_one_is_doubted(user: User) -> None:
    record, other = user.gate(), user.gate()
    assert doubts(replace(record, evidence=other.evidence), user.keys, None, whole=False) == (
        f"{SEAL} is not the one that the ledger names",
    )
    write_bytes(Path(record.evidence), "junit.xml", b"<fine/>")
    assert doubts(record, user.keys, None, whole=False) == ("junit.xml was changed",)
    (gone,) = doubts(replace(record, evidence="/none"), user.keys, None, whole=False)
    assert gone == "/none cannot be read: No such file or directory"


def test_a_key_that_is_not_trusted_backs_nothing_until_it_is(user: User) -> None:
    record = user.gate()
    (doubt,) = doubts(record, (a_signer().public,), None, whole=False)
    assert "is not trusted here" in doubt
    assert doubts(record, (a_signer().public, *user.keys), None, whole=True) == ()


def test_trusted_are_the_users_own_keys_and_those_put_beside_them(user: User, tmp_path: Path) -> None:
    assert trusted_keys(user.paths, {}) == ()
    own = open_signer(user.paths, {}, ()).public
    named = tmp_path / "ci.pem"
    elsewhere = Paths(tmp_path / "elsewhere", tmp_path)
    open_signer(elsewhere, {}, ())
    (elsewhere.keys / "signing-key.pem").rename(named)
    user.paths.trusted.mkdir()
    (user.paths.trusted / "a.pem").write_text(a_signer(3).public.pem())
    ids = [key.key_id for key in trusted_keys(user.paths, {VARIABLE: str(named)})]
    assert ids[1:] == [own.key_id, a_signer(3).public.key_id]
    assert ids[0] == open_signer(user.paths, {VARIABLE: str(named)}, ()).public.key_id


def test_a_chain_that_was_written_anew_after_an_edit_contradicts_what_was_signed(user: User) -> None:
    for _ in range(3):
        user.gate(tests=(a_test(outcome=Outcome.FAILED),))
    entries = user.entries()
    assert ledger_problems(entries, entries, user.keys) == ()
    forged: list[LedgerEntry] = []
    for entry in entries:
        record = entry.record if entry.seq != 2 else replace(entry.record, decided_ns=5)
        previous = forged[-1].digest if forged else entry.previous
        forged.append(LedgerEntry(entry.seq, previous, entry_digest(previous, record), record))
    problems = ledger_problems(forged, forged, user.keys)
    assert [problem.partition(": ")[0].split()[1] for problem in problems] == ["2", "3"]
    assert "differ in decided_ns" in problems[0]
    assert "that is not before it" in problems[1]


def test_a_seal_is_named_by_its_hash(user: User) -> None:
    record = user.gate()
    data = (Path(record.evidence) / SEAL).read_bytes()
    assert hashlib.sha256(data).hexdigest() == record.evidence_sha256

"""`hostkit keys` and `hostkit ledger`: whose signatures count, and whether the chain of verdicts holds."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from hostkit.cli.main import run
from hostkit.gate.keys import read_public
from hostkit.gate.model import Rules
from hostkit.gate.request import Bench, GateRequest
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.model import Rung
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import PlayedStages


class Shell:
    """Types command lines of one user, in a folder that is no project."""

    def __init__(self, capsys: pytest.CaptureFixture[str], state: Path, here: Path) -> None:
        self._capsys = capsys
        self.state, self.here = state, here

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(["-C", str(self.here), *words])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def a_pass(self) -> Path:
        """Put a pass into the ledger; return its evidence."""
        bench = Bench(Paths(self.state, self.state), Settings(), SystemRunner(), FakeClock(), {}, self.here)
        request = GateRequest(self.here, "virtual", "virt0", Rules(min_rung=Rung.LINKED))
        return Path(run_gate(request, bench, PlayedStages("").of).evidence)

    def edit_ledger(self, sql: str) -> None:
        with open_database(self.state) as database, database.write() as connection:
            connection.exec_driver_sql(sql)


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state_dir: Path, tmp_path: Path
) -> Shell:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(state_dir))
    monkeypatch.delenv("HOSTKIT_SIGNING_KEY", raising=False)
    (tmp_path / "here").mkdir()
    return Shell(capsys, state_dir, tmp_path / "here")


def test_show_names_the_key_by_the_hash_of_its_public_half_and_where_it_lies(shell: Shell) -> None:
    code, out, _ = shell("keys", "show", "--json")
    told = json.loads(out)
    assert code == 0
    assert (shell.state / "keys" / "signing-key.pem").samefile(told["path"])
    assert Path(told["path"]).stat().st_mode & 0o777 == 0o600
    assert shell("keys", "show")[1] == f"{told['key_id']}  {told['path']}\n"  # made once


def test_what_export_prints_is_the_public_half_alone(shell: Shell, tmp_path: Path) -> None:
    _, pem, _ = shell("keys", "export")
    assert "PRIVATE" not in pem
    (tmp_path / "own.pem").write_text(pem)
    key = read_public(tmp_path / "own.pem")
    assert shell("keys", "show")[1].startswith(key.key_id)
    assert key.key_id == hashlib.sha256(key.raw).hexdigest()


def test_a_trusted_key_is_kept_under_its_id_and_can_be_removed(shell: Shell, tmp_path: Path) -> None:
    other = a_signer(7).public
    (tmp_path / "ci.pem").write_text(other.pem())
    code, out, _ = shell("keys", "trust", str(tmp_path / "ci.pem"))
    kept = shell.state / "keys" / "trusted" / f"{other.key_id[:16]}.pem"
    assert (code, kept.read_text()) == (0, other.pem())
    assert other.key_id in out
    assert str(kept) in out


@pytest.mark.parametrize(("text", "said"), [("", "holds no public key"), (None, "cannot read")])
def test_what_is_no_public_key_is_not_trusted(
    shell: Shell, tmp_path: Path, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / "ci.pem").write_text(text)
    code, _, err = shell("keys", "trust", str(tmp_path / "ci.pem"))
    assert code == 2
    assert said in err
    assert "hostkit keys export" in err
    assert not (shell.state / "keys" / "trusted").exists()


def test_a_private_key_is_not_taken_for_a_public_one(shell: Shell) -> None:
    shell("keys", "show")
    code, _, err = shell("keys", "trust", str(shell.state / "keys" / "signing-key.pem"))
    assert code == 2
    assert "holds a private key" in err


def test_a_ledger_with_its_evidence_holds_also_where_the_evidence_is_gone(shell: Shell) -> None:
    evidence = shell.a_pass()
    assert shell("ledger", "verify")[:2] == (0, "1 entry in one chain, evidence of 1 here, 0 problems\n")
    shutil.rmtree(evidence)
    code, out, _ = shell("ledger", "verify", "--json")
    assert (code, json.loads(out)) == (0, {"entries": 1, "evidence": 0, "problems": [], "holds": True})


def test_evidence_that_was_edited_is_found_and_ends_as_invalid(shell: Shell) -> None:
    (shell.a_pass() / "junit.xml").write_text("<testsuites/>")
    code, out, _ = shell("ledger", "verify")
    assert code == 4
    assert "junit.xml was changed" in out
    told = json.loads(shell("ledger", "verify", "--json")[1])
    assert (told["holds"], len(told["problems"])) == (False, 1)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE verdicts SET verdict = 'fail'", "broken at entry 1"),
        ("DELETE FROM verdicts", "broken at its end: it had 1 entries, it has 0"),
    ],
)
def test_an_entry_that_was_edited_or_removed_is_found(shell: Shell, sql: str, said: str) -> None:
    shell.a_pass()
    shell.edit_ledger(sql)
    code, _, err = shell("ledger", "verify")
    assert code == 4
    assert said in err

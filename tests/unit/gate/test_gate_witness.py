"""Witnesses: a case is known at a glance only while nothing that it depends on was touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostkit.errors import InvalidError
from hostkit.files import canonical_json
from hostkit.gate.cache import FOLDER, Earlier, keep
from hostkit.gate.model import Rules
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.surroundings import Surroundings
from hostkit.gate.witness import PAYLOAD_TYPE, Question, WitnessStand
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import PlayedStages

KEY, NOW = "a" * 64, 1_000
LATER = 10**19  # everything was touched long before that
GIT = ("git", "-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")


@dataclass
class Desk:
    """A checkout with a cached pass, a tool, and where witnesses are kept."""

    root: Path
    stand: WitnessStand
    earlier: Earlier
    entry: int = 7  # what the ledger would say

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def tool(self) -> Path:
        return self.root / "tools" / "tool.py"

    @property
    def question(self) -> Question:
        return Question(self.project, {"board": "virt0"}, {"PATH": "/usr/bin:/bin", "TERM": "dumb"})

    @property
    def now(self) -> Surroundings:
        return Surroundings(self.project, SystemRunner())

    def keep(self, began_ns: int = LATER) -> bool:
        return self.kept(self.now.digest(), began_ns)

    def kept(self, was: str, began_ns: int = LATER) -> bool:
        return self.stand.keep(self.question, self.earlier, was, self.now, began_ns=began_ns)

    def answer(self, question: Question | None = None) -> Earlier | None:
        return self.stand.answer(question or self.question, self.now, NOW)

    @property
    def witness(self) -> Path:
        (found,) = self.stand.folder.rglob("*.json")
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    project = tmp_path / "project"
    for name in ("hil_tests/test_a.py", "firmware/src/main.cpp", "platformio.ini", "docs.md"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(f"{name}\n")
    (project / ".gitignore").write_text("*.gen.hpp\nhostkit.toml\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "all")):
        subprocess.run([*GIT, *words], cwd=project, check=True)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "tool.py").write_text("one\n")
    paths = Paths(tmp_path / "state", tmp_path / "cache")
    bench = Bench(paths, Settings(), SystemRunner(), FakeClock(), {}, tmp_path / "runs")
    request = GateRequest(project, "virtual", "virt0", Rules(min_rung=Rung.LINKED), ledger=False)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True, check=True
    )
    result = run_gate(request, bench, PlayedStages(commit.stdout.strip()).of)
    keep(Path(result.evidence), KEY, a_signer(), result.evidence_sha256, NOW)
    stand = WitnessStand(tmp_path / "cache" / "witnesses", a_signer(), paths.state)
    earlier = Earlier(result.run_id, Path(result.evidence), {}, KEY, (str(tmp_path / "tools"),))
    return Desk(tmp_path, stand, earlier)


@pytest.fixture
def own_pass(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The pass is looked up as it is; that its bundle is signed by the same key is tested elsewhere."""

    def plain(runs: Path, key: str, public: object, now_ns: int) -> Earlier | None:
        return desk.earlier if (runs / FOLDER / f"{key}.json").is_file() else None

    monkeypatch.setattr("hostkit.gate.witness.recall", plain)
    monkeypatch.setattr("hostkit.gate.witness.standing_line", lambda *_: desk.entry)
    return desk


def test_what_was_found_is_known_at_a_glance(own_pass: Desk) -> None:
    assert own_pass.answer() is None
    assert own_pass.keep()
    assert own_pass.answer() == replace(own_pass.earlier, entry=7)
    for other in ({"TERM": "xterm"}, {"HOSTKIT_LEASE_TOKEN": "1"}):
        elsewhere = replace(own_pass.question, env={"PATH": "/usr/bin:/bin"} | other)
        assert own_pass.answer(elsewhere) == replace(own_pass.earlier, entry=7)


def test_a_pass_that_the_ledger_does_not_have_or_speaks_against_answers_nothing(own_pass: Desk) -> None:
    own_pass.keep()
    own_pass.entry = 0
    assert own_pass.answer() is None


def test_a_witness_of_another_users_key_is_another_witness(own_pass: Desk) -> None:
    own_pass.keep()
    own_pass.stand = replace(own_pass.stand, signer=a_signer(2))
    assert own_pass.answer() is None


def test_the_pass_itself_is_checked_each_time(desk: Desk) -> None:
    desk.keep()
    with pytest.raises(InvalidError, match="the cached verdict"):
        desk.answer()  # its bundle is signed by a user's key, the entry by another
    (desk.earlier.evidence.parent / FOLDER / f"{KEY}.json").unlink()
    assert desk.answer() is None


def _same_size_and_time(path: Path) -> None:
    stat = path.stat()
    path.write_text("two\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _written(name: str) -> Callable[[Desk], object]:
    def write(desk: Desk) -> None:
        (desk.project / name).parent.mkdir(exist_ok=True)
        (desk.project / name).write_text("other\n")

    return write


def _committed(desk: Desk) -> None:
    subprocess.run([*GIT, "commit", "-q", "--allow-empty", "-m", "more"], cwd=desk.project, check=True)


TOUCHED: dict[str, Callable[[Desk], object]] = {
    "a test": _written("hil_tests/test_a.py"),
    "a new test": _written("hil_tests/test_b.py"),
    "a source": _written("firmware/src/main.cpp"),
    "an ignored source": _written("firmware/src/a.gen.hpp"),
    "a document": _written("docs.md"),
    "the boards": _written("boards.toml"),
    "ignored settings": _written("hostkit.toml"),
    "a commit": _committed,
    "a tool": lambda desk: _same_size_and_time(desk.tool),
    "a tool's new file": lambda desk: desk.tool.with_name("more.py").write_text(""),
    "a tool that is gone": lambda desk: desk.tool.unlink(),
}


@pytest.mark.parametrize("name", TOUCHED)
def test_whatever_was_touched_has_to_be_looked_at_again(own_pass: Desk, name: str) -> None:
    own_pass.keep()
    TOUCHED[name](own_pass)
    assert own_pass.answer() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"board": "virt1"}},
        {"env": {"PATH": "/bin", "TERM": "dumb"}},
        {"env": {"PATH": "/usr/bin:/bin", "HOSTKIT_ENV": "virtual"}},
    ],
)
def test_another_question_has_no_such_answer(own_pass: Desk, changes: dict[str, object]) -> None:
    own_pass.keep()
    assert own_pass.answer(replace(own_pass.question, **changes)) is None  # type: ignore[arg-type]


def test_nothing_is_kept_of_a_program_that_was_touched_a_moment_ago(own_pass: Desk) -> None:
    assert not own_pass.keep(own_pass.tool.stat().st_ctime_ns + 1)
    assert own_pass.answer() is None


def test_nothing_is_kept_of_a_case_that_depends_on_more_than_can_be_glanced_at(own_pass: Desk) -> None:
    own_pass.earlier = replace(own_pass.earlier, places=())
    assert not own_pass.keep()


def test_nothing_is_kept_where_the_project_changed_meanwhile_or_has_no_commit(own_pass: Desk) -> None:
    assert not own_pass.kept("0" * 64)
    shutil.rmtree(own_pass.project / ".git")
    assert own_pass.now.digest() == ""
    assert not own_pass.keep()


EDITS: dict[str, tuple[Callable[[Desk], object], str]] = {
    "another key": (
        lambda desk: desk.witness.write_bytes(
            a_signer(2).sign(PAYLOAD_TYPE, canonical_json({"key": "b" * 64})).to_json()
        ),
        "it names the key",
    ),
    "edited": (lambda desk: desk.witness.write_bytes(desk.witness.read_bytes()[:-9]), "no envelope"),
    "a cached pass's entry": (
        lambda desk: shutil.copy(desk.earlier.evidence.parent / FOLDER / f"{KEY}.json", desk.witness),
        "it is none",
    ),
    "another question's": (
        lambda desk: desk.witness.write_bytes(
            a_signer().sign(PAYLOAD_TYPE, canonical_json({"question": "0" * 64})).to_json()
        ),
        "it answers another question",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_false_witness_is_invalid_never_a_pass(own_pass: Desk, name: str) -> None:
    own_pass.keep()
    edit, said = EDITS[name]
    edit(own_pass)
    with pytest.raises(InvalidError, match=r"the witness .* does not hold") as caught:
        own_pass.answer()
    assert said in caught.value.message
    assert "remove it" in caught.value.hint

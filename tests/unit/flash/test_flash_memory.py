"""What is remembered of a board's flash, and what is not taken for granted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import image_of
from hostkit.build.store import ArtifactStore
from hostkit.flash.memory import FlashMemory, Remembered
from hostkit.settings.paths import Paths

BOARD = "020000000010"


@pytest.fixture
def stored(tmp_path: Path) -> Artifact:
    facts = {"test": 1}
    app = image_of("app", 0x10000, b"code")
    made = Artifact(
        hash_facts(facts), "virtual", "esp32", "dual-160", "0", "", False, (app,), "firmware.elf",
        Sizes(0, 0, 0, 0), {}, tmp_path,
    )  # fmt: skip
    files = {app.file: b"code", "firmware.elf": b"", "build.log": b""}
    return ArtifactStore(tmp_path / "cache" / "artifacts").save(made, files, facts, []).artifact


@pytest.fixture
def memory(tmp_path: Path) -> FlashMemory:
    return FlashMemory.of(Paths(tmp_path / "state", tmp_path / "cache"))


def note(tmp_path: Path) -> Path:
    return tmp_path / "state" / "flash" / f"{BOARD}.json"


def test_a_board_that_nothing_was_flashed_to_holds_nobody_knows_what(memory: FlashMemory) -> None:
    assert memory.recall(BOARD) == Remembered(None, "it is not known what the flash holds")


def test_what_was_flashed_is_found_again(memory: FlashMemory, stored: Artifact) -> None:
    memory.begin(BOARD, stored)
    memory.done(BOARD, stored)
    assert memory.recall(BOARD).artifact == stored
    assert memory.recall("020000000011").artifact is None


def test_a_write_that_was_begun_leaves_the_content_unknown(memory: FlashMemory, stored: Artifact) -> None:
    memory.done(BOARD, stored)
    memory.begin(BOARD, stored)
    assert memory.recall(BOARD) == Remembered(
        None, f"a write of build {stored.short_id} was begun and did not end well"
    )


def test_an_artifact_that_is_gone_or_damaged_is_no_base(memory: FlashMemory, stored: Artifact) -> None:
    memory.done(BOARD, stored)
    (stored.directory / "app.bin").write_bytes(b"Code")
    assert memory.recall(BOARD).why == f"the stored build {stored.short_id}, flashed last, is damaged"
    stored.directory.rename(stored.directory.with_name("away"))
    assert memory.recall(BOARD).why == f"build {stored.short_id}, flashed last, is not stored any more"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"env": "a"}', "\udcff", "null"])
def test_a_note_that_cannot_be_read_is_none(memory: FlashMemory, tmp_path: Path, text: str) -> None:
    note(tmp_path).parent.mkdir(parents=True)
    note(tmp_path).write_bytes(text.encode(errors="surrogateescape"))
    assert memory.recall(BOARD).why == "the note of what was flashed last cannot be read"

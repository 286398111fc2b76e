"""The short ways of a flash with stock esptool on a virtual board: skipped, in part, and when neither."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from killed_tool import KillingRunner

from hostkit.boards.virtual.board import VirtualBoard
from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact
from hostkit.build.store import ArtifactStore
from hostkit.clock import SystemClock
from hostkit.errors import ToolError
from hostkit.flash.memory import FlashMemory
from hostkit.flash.model import Bench, FlashRecord, Way
from hostkit.flash.service import flash_artifact
from hostkit.process import Command, Finished, Runner, SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.boards import running_board

Maker = Callable[..., Artifact]
FILLER = 1 << 18


@dataclass
class Desk:
    """A board, artifacts in a store, and what is remembered of the board."""

    board: VirtualBoard
    make: Maker
    paths: Paths
    runner: Runner = field(default_factory=SystemRunner)

    def artifact(self, number: int) -> Artifact:
        """Return an artifact that differs from the one of another number in a few bytes of its head."""
        facts = {"test": number}
        made = self.make(hash_facts(facts), filler=FILLER)
        names = [image.file for image in made.images]
        files = {name: (made.directory / name).read_bytes() for name in names}
        files |= {"firmware.elf": b"", "build.log": b""}
        return ArtifactStore(self.paths.artifacts).save(made, files, facts, []).artifact

    def flash(self, artifact: Artifact, **options: bool) -> FlashRecord:
        bench = Bench(self.runner, SystemClock(), memory=FlashMemory.of(self.paths))
        return flash_artifact(artifact, self.board, bench, **({"quick": True} | options))


@pytest.fixture
def desk(board: VirtualBoard, make_artifact: Maker, tmp_path: Path, state_dir: Path) -> Desk:
    return Desk(board, make_artifact, Paths(state_dir, tmp_path / "cache"))


def proven(record: FlashRecord, artifact: Artifact) -> bool:
    """True when the chip read back every region as the artifact's, and the firmware named its build."""
    read = [region.md5_read for region in record.regions]
    return read == [image.md5 for image in artifact.images] and record.build_id == artifact.build_id


def test_unknown_is_whole_then_a_change_is_sectors_then_the_same_is_nothing(desk: Desk) -> None:
    old, new = desk.artifact(1), desk.artifact(2)
    whole = desk.flash(old)
    assert (whole.way, whole.why) == (Way.FULL, "it is not known what the flash holds")
    part = desk.flash(new)
    assert (part.way, part.skipped) == (Way.DIFFERENTIAL, False)
    assert part.why == f"the chip's MD5 of its regions is that of build {old.short_id}"
    assert 0 < part.bytes < 5 * 4096 < whole.bytes
    same = desk.flash(new)
    assert (same.way, same.bytes, same.esptool) == (Way.SKIPPED, 0, "")
    forced = desk.flash(new, quick=False)
    assert (forced.way, forced.bytes, forced.why) == (Way.FULL, whole.bytes, "asked for")
    assert proven(whole, old)
    assert all(proven(each, new) for each in (part, same, forced))


def test_a_flash_that_somebody_else_changed_is_written_whole(desk: Desk) -> None:
    old, new = desk.artifact(1), desk.artifact(2)
    desk.flash(old)
    flash_artifact(desk.make("cd" * 32), desk.board, Bench(SystemRunner(), SystemClock()))  # not remembered
    record = desk.flash(new)
    assert record.way is Way.FULL
    assert record.why == f"the flash does not hold build {old.short_id}, which was flashed last"
    assert proven(record, new)


def test_a_kill_in_a_write_of_sectors_leaves_a_board_that_is_known_as_unknown(desk: Desk) -> None:
    old, new = desk.artifact(1), desk.artifact(2)
    desk.flash(old)
    with pytest.raises(ToolError) as caught:
        replace(desk, runner=KillingRunner("--diff-with")).flash(new)
    assert "(exit -9)" in caught.value.message
    record = desk.flash(desk.artifact(3))
    assert record.way is Way.FULL
    assert record.why == f"a write of build {new.short_id} was begun and did not end well"


class SpoilingRunner:
    """Runs esptool, after a bit of a sector that it will not write has flipped in the flash."""

    def __init__(self, spoil: Callable[[], None]) -> None:
        self._spoil = spoil

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        self._spoil()
        return SystemRunner().run(command, on_text=on_text)


def test_sectors_that_do_not_make_the_whole_right_are_followed_by_everything(
    desk: Desk, tmp_path: Path
) -> None:
    old, new = desk.artifact(1), desk.artifact(2)
    desk.flash(old)
    blank = tmp_path / "blank.bin"
    blank.write_bytes(bytes(4096))
    argv = ("python", "-P", "-m", "esptool", "--chip", "esp32", "--before", "no-reset", "--after", "no-reset")

    def spoil() -> None:
        port = desk.board.link_port()
        word = (*argv, "--port", port, "write-flash", hex(0x10000 + 0x20000), str(blank))
        done = SystemRunner().run(Command((sys.executable, *word[1:])))
        assert done.ok, done.output
        desk.board.enter_download()

    record = replace(desk, runner=SpoilingRunner(spoil)).flash(new)
    assert (record.way, record.skipped) == (Way.FULL, False)
    assert record.why == "the sectors that differ did not give the right content"
    assert record.bytes > FILLER
    assert proven(record, new)


def test_on_a_line_that_takes_time_the_loader_is_set_to_the_speed_of_the_write(
    make_artifact: Maker, state_dir: Path, tmp_path: Path
) -> None:
    log = tmp_path / "esptool.log"
    with running_board(state_dir / "boards", paced=True) as board:
        artifact = make_artifact()
        record = flash_artifact(artifact, board, Bench(SystemRunner(), SystemClock(), log))
    assert f"--baud {board.spec.baud} --before no-reset-no-sync" in log.read_text()
    assert proven(record, artifact)

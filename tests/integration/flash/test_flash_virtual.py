"""Stock esptool on the virtual board, as `hostkit flash` uses it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from killed_tool import KillingRunner

from hostkit.boards.model import BoardSpec, Chip
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.build.model import Artifact
from hostkit.build.pack import image_of
from hostkit.clock import SystemClock
from hostkit.errors import InconclusiveError, InvalidError, ToolError
from hostkit.flash.esptool import Esptool
from hostkit.flash.model import Bench, ChipIdentity, Progress, ReadBackBy, Stage, TimeOuts
from hostkit.flash.service import flash_artifact
from hostkit.holders import find_holder
from hostkit.link.client import Link
from hostkit.link.crash.blame import FirmwareCrashError
from hostkit.link.transcript import Transcript
from hostkit.link.transport import open_transport
from hostkit.process import SystemRunner
from hostkit.testing.boards import running_board

Maker = Callable[..., Artifact]


def bench(**changes: object) -> Bench:
    return replace(Bench(SystemRunner(), SystemClock()), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("chip", Chip)
def test_a_blank_board_is_flashed_and_says_so_itself(
    make_artifact: Maker, state_dir: Path, chip: Chip, tmp_path: Path
) -> None:
    artifact = make_artifact(chip=chip)
    clock = SystemClock()
    transcript = Transcript(clock)
    with running_board(state_dir / "boards", chip=chip) as board:
        record = flash_artifact(artifact, board, bench(log=tmp_path / "esptool.log", transcript=transcript))
        with Link(open_transport(board.link_port()), clock) as link:
            assert link.hello().nonce == record.nonce
    assert record.identity.chip is chip
    assert record.bytes == sum(image.size for image in artifact.images)
    assert [region.md5_read for region in record.regions] == [image.md5 for image in artifact.images]
    assert record.read_back_by is ReadBackBy.ROM
    assert record.esptool.startswith("5.")
    assert "Hash of data verified." in (tmp_path / "esptool.log").read_text()
    assert any("rst:0x" in line for line in transcript.lines())


class OtherSpec:
    """A board of which boards.toml says something else than the chip does."""

    def __init__(self, board: VirtualBoard, spec: BoardSpec) -> None:
        self._board = board
        self.spec = spec

    def __getattr__(self, name: str) -> object:
        return getattr(self._board, name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mac": "02:00:00:00:00:99"}, "but board bench has 02:00:00:00:00:99: not flashed"),
        ({"flash_size": 8 << 20}, "has 4 MB of flash, but board bench has 8 MB: not flashed"),
    ],
)
def test_another_board_is_refused_and_its_flash_stays_as_it_was(
    board: VirtualBoard, make_artifact: Maker, change: dict[str, object], words: str
) -> None:
    flash_artifact(make_artifact(), board, bench())
    before = board.state()
    other = OtherSpec(board, replace(board.spec, **change))  # type: ignore[arg-type]
    with pytest.raises(InvalidError) as caught:
        flash_artifact(make_artifact("cd" * 32), other, bench())  # type: ignore[arg-type]
    assert words in caught.value.message
    after = board.state()
    assert after.flash == before.flash
    assert after.mode == "running"


def test_what_the_device_stored_outlives_a_flash_unless_it_is_asked_to_go(
    board: VirtualBoard, make_artifact: Maker, state_dir: Path
) -> None:
    artifact = make_artifact()
    flash_artifact(artifact, board, bench())
    flash = state_dir / "boards" / board.spec.name / "flash.bin"
    stored = image_of("stored", 0x9000, b"HKS1 settings".ljust(4096, b"\xff"))
    (artifact.directory / stored.file).write_bytes(b"HKS1 settings".ljust(4096, b"\xff"))
    flash_artifact(replace(artifact, images=(*artifact.images, stored)), board, bench())
    flash_artifact(artifact, board, bench())
    assert flash.read_bytes()[0x9000:0x9004] == b"HKS1"
    assert flash_artifact(artifact, board, bench(), quick=True, erase_nvs=True).erased == ("nvs",)
    assert flash.read_bytes()[0x9000:0xF000] == b"\xff" * 0x6000


def test_the_same_artifact_is_skipped_only_when_that_is_allowed(
    board: VirtualBoard, make_artifact: Maker
) -> None:
    artifact = make_artifact()
    flash_artifact(artifact, board, bench())
    assert flash_artifact(artifact, board, bench(), quick=True).skipped
    assert not flash_artifact(artifact, board, bench()).skipped


def test_firmware_with_a_stale_build_id_is_invalid(board: VirtualBoard, make_artifact: Maker) -> None:
    with pytest.raises(InvalidError) as caught:
        flash_artifact(make_artifact(says="cd" * 32), board, bench())
    assert "the board runs build cdcdcdcdcdcd, not abababababab" in caught.value.message


def test_an_image_that_does_not_boot_is_a_failure_with_the_roms_words(
    board: VirtualBoard, make_artifact: Maker
) -> None:
    artifact = make_artifact()
    path = artifact.path(artifact.images[1])
    spoilt = bytearray(path.read_bytes())
    spoilt[800] ^= 0xFF  # inside of the payload; checksum and hash are those of the whole one
    path.write_bytes(spoilt)
    images = (artifact.images[0], image_of("app", artifact.images[1].offset, bytes(spoilt)))
    with pytest.raises(FirmwareCrashError) as caught:  # resets after 0, 0.25 and 0.75 s
        flash_artifact(replace(artifact, images=images), board, bench(time_outs=TimeOuts(boot=3.0)))
    assert caught.value.message.startswith(
        "boot loop: 3 resets without an answer, before the last: E (0) boot: No bootable app partitions"
    )


def test_esptool_itself_identifies_and_verifies_as_it_does_for_real_boards(
    board: VirtualBoard, make_artifact: Maker
) -> None:
    artifact = make_artifact()
    flash_artifact(artifact, board, bench())
    tool = Esptool(bench(), board.spec)
    assert tool.identify(board.enter_download()) == ChipIdentity(Chip.ESP32, board.spec.mac, 4 << 20)
    tool.verify(artifact, board.enter_download())
    other = make_artifact("cd" * 32)
    with pytest.raises(ToolError) as caught:
        tool.verify(other, board.enter_download())
    assert "Verification failed." in caught.value.message


def test_a_flash_that_was_killed_in_the_middle_is_repaired_by_the_next(
    board: VirtualBoard, make_artifact: Maker
) -> None:
    artifact = make_artifact(filler=1 << 18)
    with pytest.raises(ToolError) as caught:
        flash_artifact(artifact, board, bench(runner=KillingRunner()))
    assert "(exit -9)" in caught.value.message
    record = flash_artifact(artifact, board, bench())
    assert [region.md5_read for region in record.regions] == [image.md5 for image in artifact.images]


def test_ctrl_c_ends_esptool_and_the_next_flash_repairs(board: VirtualBoard, make_artifact: Maker) -> None:
    artifact = make_artifact(filler=1 << 18)

    def interrupt(progress: Progress) -> None:
        if progress.stage is Stage.WRITE and progress.fraction > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flash_artifact(artifact, board, bench(on_progress=interrupt))
    assert find_holder(Path(board.link_port())) is None
    assert flash_artifact(artifact, board, bench()).build_id == artifact.build_id


def test_a_board_that_is_unplugged_is_inconclusive(board: VirtualBoard, make_artifact: Maker) -> None:
    board.fault("unplug")
    with pytest.raises(InconclusiveError) as caught:
        flash_artifact(make_artifact(), board, bench())
    assert "bench" in caught.value.message


def test_a_port_that_somebody_reads_is_told(board: VirtualBoard, make_artifact: Maker) -> None:
    with Link(open_transport(board.link_port()), SystemClock()), pytest.raises(InconclusiveError) as caught:
        flash_artifact(make_artifact(), board, bench())
    assert f"in use by process {os.getpid()}" in caught.value.message

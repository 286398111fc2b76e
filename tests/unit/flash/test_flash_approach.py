"""Which way an artifact goes into a flash: what the chip says decides, not what is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from hostkit.boards.model import Chip
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import image_of
from hostkit.errors import ToolError
from hostkit.flash.approach import changed_regions, choose
from hostkit.flash.memory import Remembered
from hostkit.flash.model import ChipIdentity, ReadBackBy, Way


def artifact(build: str, table: bytes = b"table", app: bytes = b"app") -> Artifact:
    images = (image_of("partitions", 0x8000, table), image_of("app", 0x10000, app))
    return Artifact(
        build * 64, "virtual", "esp32", "dual-160", "0", "", False, images, "firmware.elf",
        Sizes(0, 0, 0, 0), {}, Path("/store") / build,
    )  # fmt: skip


OLD, NEW = artifact("a"), artifact("b", app=b"app 2")


@dataclass
class Chipful:
    """A chip that holds one artifact; ``raises``: it says so as esptool does."""

    held: Artifact
    by: ReadBackBy = ReadBackBy.ROM
    raises: bool = False
    asked: list[str] = field(default_factory=list)

    def identify(self) -> ChipIdentity:
        return ChipIdentity(Chip.ESP32, "02:00:00:00:00:10", 4 << 20)

    def read_back(self, artifact: Artifact) -> tuple[str, ...]:
        self.asked.append(artifact.build_id[0])
        there = {image.offset: image.md5 for image in self.held.images}
        read = tuple(there.get(image.offset, "0" * 32) for image in artifact.images)
        if self.raises and read != tuple(image.md5 for image in artifact.images):
            raise ToolError("Verification failed.", hint="")
        return read


def test_what_the_chip_holds_is_skipped_without_anything_being_remembered() -> None:
    approach = choose(Chipful(NEW), NEW, Remembered())
    assert (approach.way, approach.why) == (Way.SKIPPED, "the chip's MD5 of every region is the artifact's")


def test_sectors_are_written_when_the_chip_holds_what_is_remembered() -> None:
    for raises in (False, True):
        approach = choose(Chipful(OLD, raises=raises), NEW, Remembered(OLD))
        assert (approach.way, approach.base) == (Way.DIFFERENTIAL, OLD)
        assert approach.why == "the chip's MD5 of its regions is that of build aaaaaaaaaaaa"


def test_everything_is_written_when_the_chip_holds_something_else_than_is_remembered() -> None:
    for raises in (False, True):
        approach = choose(Chipful(artifact("c", app=b"else"), raises=raises), NEW, Remembered(OLD))
        assert (approach.way, approach.base) == (Way.FULL, None)
        assert approach.why == "the flash does not hold build aaaaaaaaaaaa, which was flashed last"


def test_everything_is_written_when_nothing_is_remembered() -> None:
    approach = choose(Chipful(OLD), NEW, Remembered(None, "a note is missing"))
    assert (approach.way, approach.why) == (Way.FULL, "a note is missing")


def test_a_region_that_was_not_flashed_last_is_no_base() -> None:
    moved = replace(OLD, images=tuple(replace(image, offset=image.offset + 4096) for image in OLD.images))
    assert choose(Chipful(moved), NEW, Remembered(moved)).way is Way.FULL
    half = replace(OLD, images=OLD.images[1:])
    approach = choose(Chipful(OLD), NEW, Remembered(half))
    assert approach.way is Way.DIFFERENTIAL
    assert approach.base is not None
    assert [image.role for image in approach.base.images] == ["app"]


def test_a_flash_that_is_a_file_is_written_whole() -> None:
    assert choose(Chipful(OLD, ReadBackBy.FILE), NEW, Remembered(OLD)).way is Way.FULL


def test_a_chip_that_changes_its_mind_is_written_whole() -> None:
    class Fickle(Chipful):
        def read_back(self, artifact: Artifact) -> tuple[str, ...]:
            said = super().read_back(artifact)
            return said if len(self.asked) > 1 else ("0" * 32,) * len(said)

    assert choose(Fickle(OLD), OLD, Remembered(OLD)).way is Way.FULL


def test_only_regions_that_differ_are_left_to_write() -> None:
    assert [image.role for image in changed_regions(NEW, OLD).images] == ["app"]
    assert changed_regions(NEW, replace(OLD, images=())).images == NEW.images

"""An artifact whose payload is a script that speaks the link, so that no compiler is needed here."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostkit.boards.image import AppDescription, Payload, pack_application
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, TABLE_OFFSET, pack_partitions
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.boards.virtual.payload import host_machine
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import APP_PARTITION, image_of
from hostkit.testing.boards import running_board

SCRIPT = """#!{python}
import os, sys
sys.path[:0] = {path!r}
from hostkit.testing.link_device import FakeFirmware

class Uart:
    def write(self, data):
        while data:
            data = data[os.write(1, data):]

firmware = FakeFirmware(Uart(), build={says!r}, chip={chip!r})
firmware.mac = os.environ["HK_MAC"]
firmware.boot(os.environ["HK_RESET_REASON"], silent=True)
while data := os.read(0, 4096):
    firmware.take(data)
"""

Maker = Callable[..., Artifact]


@pytest.fixture
def make_artifact(tmp_path: Path) -> Maker:
    """Make an artifact: ``build`` is what its manifest says, ``says`` what its firmware says."""

    def make(
        build: str = "ab" * 32, *, says: str | None = None, chip: Chip = Chip.ESP32, filler: int = 0
    ) -> Artifact:
        script = SCRIPT.format(python=sys.executable, path=sys.path, says=says or build, chip=chip.value)
        script += "".join(f"# {random.Random(line).randbytes(64).hex()}\n" for line in range(filler // 64))
        description = AppDescription("0.1.0", build_id=bytes.fromhex(build))
        app = pack_application(chip, description, Payload(host_machine(), script.encode()))
        table = pack_partitions(DEFAULT_PARTITIONS)
        regions = (("partitions", TABLE_OFFSET, table), ("app", APP_PARTITION.offset, app))
        directory = tmp_path / f"virtual-{build[:16]}"
        directory.mkdir(exist_ok=True)
        images = tuple(image_of(*region) for region in regions)
        for image, (_, _, data) in zip(images, regions, strict=True):
            (directory / image.file).write_bytes(data)
        sizes = Sizes(len(app), 0, 0, 0)
        facts = ("virtual", chip.value, "dual-160", "0.1.0", "", False)
        return Artifact(build, *facts, images, "firmware.elf", sizes, {}, directory)

    return make


@pytest.fixture
def board(state_dir: Path) -> Iterator[VirtualBoard]:
    """A virtual ESP32 with blank flash."""
    with running_board(state_dir / "boards") as running:
        yield running

"""A 1 MB flash on an unpaced pty: hostkit's identity check, read-back and boot beside bare esptool."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from measure import Row, Side, command, compare

SIZE = 1 << 20  # bytes of the application image
APP_OFFSET = 0x10000


def rows() -> Iterator[Row]:
    """Write the same two regions; esptool verifies on both sides, ours ends with a HELLO too."""
    with tempfile.TemporaryDirectory(prefix="hk") as name, ExitStack() as stack:
        bench = _Bench(Path(name), stack)
        yield compare(
            "flash 1 MB",
            Side("hostkit flash (in process)", bench.ours),
            bench.peer(),
            runs=5,
            target="<= 1.5 s",
        )


class _Bench:
    """A served board, and the project's own firmware padded to 1 MB with real machine code."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415 - keep --help of run.py quick
        from hostkit.boards.open import open_board  # noqa: PLC0415
        from hostkit.clock import SystemClock  # noqa: PLC0415

        self.clock = SystemClock()
        self.directory = directory
        spec = BoardSpec("bench", Kind.VIRTUAL, Chip.ESP32, mac="02:00:00:00:00:b0")
        self.board = open_board(spec, boards_dir=directory / "boards", clock=self.clock)
        stack.callback(self.board.close)
        self.artifact = self._artifact()

    def _artifact(self):
        import hashlib  # noqa: PLC0415
        from dataclasses import replace  # noqa: PLC0415

        from hostkit.boards.image import Payload, pack_application, parse_image  # noqa: PLC0415
        from hostkit.build.service import build  # noqa: PLC0415
        from hostkit.process import SystemRunner  # noqa: PLC0415
        from hostkit.settings.paths import Paths  # noqa: PLC0415

        root = Path(__file__).resolve().parent.parent
        paths = Paths.from_environment(os.environ)
        built = build(root, "virtual", paths=paths, runner=SystemRunner(), clock=self.clock).artifact
        small = next(image for image in built.images if image.role == "app")
        parsed = parse_image(built.path(small).read_bytes())
        assert parsed.payload is not None
        padding = _machine_code(SIZE - small.size)
        data = pack_application(
            parsed.chip, parsed.description, Payload(parsed.payload.machine, parsed.payload.data + padding)
        )
        images = []
        for image in built.images:
            content = data if image.role == "app" else built.path(image).read_bytes()
            (self.directory / image.file).write_bytes(content)
            digests = {"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()}
            images.append(replace(image, size=len(content), **digests))
        return replace(built, images=tuple(images), directory=self.directory)

    def ours(self) -> None:
        """Run the whole of `hostkit flash` but for the start of the interpreter."""
        from hostkit.flash.model import Bench  # noqa: PLC0415
        from hostkit.flash.service import flash_artifact  # noqa: PLC0415
        from hostkit.link.transcript import Transcript  # noqa: PLC0415
        from hostkit.process import SystemRunner  # noqa: PLC0415

        bench = Bench(SystemRunner(), self.clock, self.directory / "esptool.log", Transcript(self.clock))
        flash_artifact(self.artifact, self.board, bench)

    def peer(self) -> Side:
        """Return bare esptool on the same board and bytes."""
        regions = [(hex(i.offset), str(self.artifact.path(i))) for i in self.artifact.images]
        argv = [
            sys.executable,
            "-m",
            "esptool",
            "--chip",
            "esp32",
            "--before",
            "no-reset",
            "--after",
            "no-reset",
        ]
        run = command(
            "esptool write-flash",
            [
                *argv,
                "--port",
                self.board.link_port(),
                "write-flash",
                *(word for pair in regions for word in pair),
            ],
        )

        def once() -> None:
            self.board.enter_download()
            run.once()

        return Side(run.name, once)


def _machine_code(size: int) -> bytes:
    """Return bytes that compress as a firmware does: noise would not, and zeros would hide the transfer."""
    import ziglang  # noqa: PLC0415

    with (Path(ziglang.__file__).parent / "zig").open("rb") as stream:
        stream.seek(64 << 20)  # well inside its code
        return stream.read(size)

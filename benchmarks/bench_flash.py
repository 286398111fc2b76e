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
ROOT = Path(__file__).resolve().parent.parent
_PROGRAM = 128 << 10  # room for the project's own firmware in it


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
        return padded(built(ROOT), self.directory)

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
        return bare_esptool(self.board, self.artifact)


def bare_esptool(board, artifact, *options: str) -> Side:
    """Return esptool on a board that hostkit brings to its loader; ``options``: before ``write-flash``."""
    regions = (word for image in artifact.images for word in (hex(image.offset), str(artifact.path(image))))
    held = ("--chip", "esp32", "--before", "no-reset", "--after", "no-reset", "--port", board.link_port())
    argv = [sys.executable, "-m", "esptool", *held, *options, "write-flash", *regions]
    run = command("esptool write-flash", argv)

    def once() -> None:
        board.enter_download()
        run.once()

    return Side(run.name, once)


def built(root: Path):
    """Return the artifact of env ``virtual`` of a checkout."""
    from hostkit.build.service import build  # noqa: PLC0415
    from hostkit.clock import SystemClock  # noqa: PLC0415
    from hostkit.process import SystemRunner  # noqa: PLC0415
    from hostkit.settings.paths import Paths  # noqa: PLC0415

    paths = Paths.from_environment(os.environ)
    return build(root, "virtual", paths=paths, runner=SystemRunner(), clock=SystemClock()).artifact


def padded(artifact, directory: Path):
    """Return the artifact with an application of 1 MB; what is added begins at the same place always."""
    import hashlib  # noqa: PLC0415
    from dataclasses import replace  # noqa: PLC0415

    from hostkit.boards.image import Payload, pack_application, parse_image  # noqa: PLC0415

    small = next(image for image in artifact.images if image.role == "app")
    parsed = parse_image(artifact.path(small).read_bytes())
    assert parsed.payload is not None
    program = parsed.payload.data.ljust(_PROGRAM, b"\0")
    payload = Payload(parsed.payload.machine, program + _machine_code(SIZE - len(program)))
    data = pack_application(parsed.chip, parsed.description, payload)
    images = []
    for image in artifact.images:
        content = data if image.role == "app" else artifact.path(image).read_bytes()
        (directory / image.file).write_bytes(content)
        digests = {"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()}
        images.append(replace(image, size=len(content), **digests))
    return replace(artifact, images=tuple(images), directory=directory)


def _machine_code(size: int) -> bytes:
    """Return bytes that compress as a firmware does: noise would not, and zeros would hide the transfer."""
    import ziglang  # noqa: PLC0415

    with (Path(ziglang.__file__).parent / "zig").open("rb") as stream:
        stream.seek(64 << 20)  # well inside its code
        return stream.read(size)

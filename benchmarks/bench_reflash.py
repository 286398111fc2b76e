"""A one-line change on a line of 921,600 baud: hostkit writes the sectors that differ, esptool everything."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench_flash import ROOT, bare_esptool, built, padded
from measure import Row, Side, command, compare

BAUD = 921_600
_BITS_PER_BYTE = 10
_LINE = ("firmware/lib/pattern/lava.cpp", '14, "LED"', '15, "LED"')


def rows() -> Iterator[Row]:
    """Flash two builds in turn that differ by one line; esptool writes the same one whole each time."""
    with tempfile.TemporaryDirectory(prefix="hk") as name, ExitStack() as stack:
        bench = _Bench(Path(name), stack)
        peer = Side("esptool write-flash", lambda: bench.peer().once())
        once = Side("hostkit flash (in process)", bench.change)
        yield compare("flash of a one-line change, 921,600 baud", once, peer, runs=3, target="<= 0.25 x")
        line, what = Side("its bytes on the line", bench.line), "flash of 1 MB, 921,600 baud"
        whole = Side("hostkit flash --full (in process)", bench.whole)
        yield compare(what, whole, line, runs=3, target="<= 1.11 x")
        # What a flash by esptool can be at most, and what its start takes of that.
        yield compare(what, Side("(esptool write-flash)", peer.once), line, runs=3)
        start = Side("(esptool flash-id: start and stub)", bench.start)
        yield compare(what, start, line, runs=3)


class _Bench:
    """A paced board in a process of its own, and two builds of 1 MB that differ by one line of source."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415 - keep --help of run.py quick
        from hostkit.boards.virtual.board import VirtualBoard  # noqa: PLC0415

        self.directory = directory
        spec = BoardSpec("bench", Kind.VIRTUAL, Chip.ESP32, mac="02:00:00:00:00:b1", baud=BAUD)
        _serve(directory / "boards" / spec.name, stack)
        self.board = VirtualBoard(spec, directory / "boards" / spec.name, autostart=False)
        checkout = _copy(directory / "checkout")
        self.builds = [self._stored(checkout)]
        _change_a_line(checkout)
        self.builds.append(self._stored(checkout))

    def _stored(self, root: Path):
        """Return a padded build from a store, where what was flashed last is looked for."""
        from hostkit.build.store import ArtifactStore  # noqa: PLC0415
        from hostkit.files import strict_json  # noqa: PLC0415
        from hostkit.settings.paths import Paths  # noqa: PLC0415

        plain = built(root)
        into = self.directory / plain.short_id
        into.mkdir()
        made = padded(plain, into)
        files = {image.file: made.path(image).read_bytes() for image in made.images}
        files |= {made.elf: b"", "build.log": b""}
        facts = strict_json((plain.directory / "manifest.json").read_bytes())["inputs"]
        self.paths = Paths(self.directory / "state", self.directory / "cache")
        return ArtifactStore(self.paths.artifacts).save(made, files, facts, []).artifact

    def change(self) -> None:
        """Flash the build that the board does not hold."""
        from hostkit.flash.model import Way  # noqa: PLC0415

        self.builds.reverse()
        record = self._flash(quick=True)
        assert record.way in (Way.DIFFERENTIAL, Way.FULL), record.way
        self.ways = [*getattr(self, "ways", []), record.way]
        assert self.ways[1:] == [Way.DIFFERENTIAL] * (len(self.ways) - 1), self.ways

    def whole(self) -> None:
        """Flash everything."""
        self._flash(quick=False)

    def peer(self) -> Side:
        """Return bare esptool with what the board holds."""
        return bare_esptool(self.board, self.builds[0], "--baud", str(BAUD))

    def start(self) -> None:
        """Let bare esptool do all but the writing: start, connect, upload its stub, change the speed."""
        self.board.enter_download()
        held = ("--chip", "esp32", "--before", "no-reset", "--after", "no-reset")
        port = ("--port", self.board.link_port(), "--baud", str(BAUD))
        command("flash-id", [sys.executable, "-m", "esptool", *held, *port, "flash-id"]).once()

    def line(self) -> None:
        """Take the time that the line needs for the deflated bytes, and for nothing else."""
        artifact = self.builds[0]
        sent = sum(len(zlib.compress(artifact.path(image).read_bytes(), 9)) for image in artifact.images)
        time.sleep(sent * _BITS_PER_BYTE / BAUD)

    def _flash(self, *, quick: bool):
        from hostkit.clock import SystemClock  # noqa: PLC0415
        from hostkit.flash.memory import FlashMemory  # noqa: PLC0415
        from hostkit.flash.model import Bench  # noqa: PLC0415
        from hostkit.flash.service import flash_artifact  # noqa: PLC0415
        from hostkit.process import SystemRunner  # noqa: PLC0415

        log = self.directory / "esptool.log"
        bench = Bench(SystemRunner(), SystemClock(), log, memory=FlashMemory.of(self.paths))
        return flash_artifact(self.builds[0], self.board, bench, quick=quick)


def _serve(directory: Path, stack: ExitStack) -> None:
    from hostkit.boards.model import Chip  # noqa: PLC0415
    from hostkit.boards.virtual.serve import spec_to_json  # noqa: PLC0415
    from hostkit.boards.virtual.server import ServeSpec  # noqa: PLC0415

    wanted = spec_to_json(ServeSpec(directory.name, Chip.ESP32, "02:00:00:00:00:b1", paced=True))
    argv = [sys.executable, "-m", "hostkit.boards.virtual.serve", str(directory), wanted]
    directory.mkdir(parents=True)
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stack.callback(server.wait)
    assert server.stdin is not None
    assert server.stdout is not None
    stack.callback(server.stdout.close)
    stack.callback(server.stdin.close)  # the end of its input ends the server
    server.stdout.readline()


def _copy(target: Path) -> Path:
    """Return a copy of the checkout."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def _change_a_line(checkout: Path) -> None:
    file, old, new = _LINE
    text = (checkout / file).read_text()
    assert text.count(old) == 1
    (checkout / file).write_text(text.replace(old, new))

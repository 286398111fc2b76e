"""A round trip through the virtual board, beside the barest echo over a pty; and reading a burst."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tty
from collections.abc import Iterator
from pathlib import Path

from measure import Row, Side, compare

ROUNDS = 500
BURST = 920_000  # bytes


def rows() -> Iterator[Row]:
    """500 echoes of 64 bytes; then decoding a burst of frames beside joining chunks of the same size."""
    yield from _echo()
    yield _burst()


def _echo() -> Iterator[Row]:
    from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415
    from hostkit.boards.open import open_board  # noqa: PLC0415
    from hostkit.build.service import build  # noqa: PLC0415
    from hostkit.clock import SystemClock  # noqa: PLC0415
    from hostkit.flash.model import Bench  # noqa: PLC0415
    from hostkit.flash.service import flash_artifact  # noqa: PLC0415
    from hostkit.link.client import Link  # noqa: PLC0415
    from hostkit.link.transcript import Transcript  # noqa: PLC0415
    from hostkit.link.transport import open_transport  # noqa: PLC0415
    from hostkit.process import SystemRunner  # noqa: PLC0415
    from hostkit.settings.paths import Paths  # noqa: PLC0415

    clock, runner = SystemClock(), SystemRunner()
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="hk") as name:
        spec = BoardSpec("bench", Kind.VIRTUAL, Chip.ESP32, mac="02:00:00:00:00:b1")
        board = open_board(spec, boards_dir=Path(name) / "boards", clock=clock)
        try:
            paths = Paths.from_environment(os.environ)
            artifact = build(root, "virtual", paths=paths, runner=runner, clock=clock).artifact
            flash_artifact(artifact, board, Bench(runner, clock, Path(name) / "log", Transcript(clock)))
            with Link(open_transport(board.link_port()), clock) as link, _BareEcho() as bare:
                link.wait_ready(10)
                payload = bytes(64)

                def ours() -> None:
                    for _ in range(ROUNDS):
                        link.echo(payload)

                row = compare(
                    f"{ROUNDS} echoes of 64 bytes",
                    Side("link to firmware", ours),
                    Side("cat on a pty", bare.rounds),
                )
                yield row
        finally:
            board.close()


class _BareEcho:
    """A child that copies its pty back, read and written with plain system calls."""

    def __enter__(self) -> _BareEcho:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        tty.setraw(self.master)
        self.child = subprocess.Popen(
            [sys.executable, "-c", "import os\nwhile (b := os.read(0, 4096)): os.write(1, b)"],
            stdin=slave,
            stdout=slave,
        )
        os.close(slave)
        return self

    def __exit__(self, *error: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.master)

    def rounds(self) -> None:
        """Send 64 bytes and wait for all of them, 500 times."""
        for _ in range(ROUNDS):
            os.write(self.master, bytes(64))
            got = 0
            while got < 64:
                got += len(os.read(self.master, 4096))


def _burst() -> Row:
    from hostkit.link.framing import FrameDecoder, encode_frame  # noqa: PLC0415

    frame = encode_frame(os.urandom(480))
    stream = frame * (BURST // len(frame))
    chunks = [stream[i : i + 4096] for i in range(0, len(stream), 4096)]

    def ours() -> None:
        decoder = FrameDecoder()
        found = sum(len(decoder.feed(chunk)) for chunk in chunks)
        assert found == BURST // len(frame)

    return compare(
        "decode 920 KB of frames", Side("FrameDecoder", ours), Side("zlib.crc32 alone", lambda: _crc(chunks))
    )


def _crc(chunks: list[bytes]) -> int:
    import zlib  # noqa: PLC0415

    total = 0
    for chunk in chunks:
        total = zlib.crc32(chunk, total)
    return total

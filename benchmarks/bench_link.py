"""A round trip through the virtual board, beside the barest echo over a pty; and reading a burst."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Row, Side, compare, compare_values
from virtual import flashed

ROUNDS = 500
BURST = 920_000  # bytes


def rows() -> Iterator[Row]:
    """500 echoes of 64 bytes; then decoding a burst of frames beside joining chunks of the same size."""
    yield from _echo()
    yield _burst()


def _echo() -> Iterator[Row]:
    from hostkit.clock import SystemClock  # noqa: PLC0415
    from hostkit.link.client import Link  # noqa: PLC0415
    from hostkit.link.transport import open_transport  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory(prefix="hk") as name,
        flashed(Path(name)) as board,
        Link(open_transport(board.link_port()), SystemClock()) as link,
        _BareEcho() as bare,
        _SerialEcho() as device,
    ):
        link.wait_ready(10)
        payload = bytes(64)
        yield compare_values(
            f"echo of 64 bytes, p50 of {ROUNDS}",
            Side("link to firmware", lambda: _median(lambda: link.echo(payload))),
            Side("pyserial to a copying pty", lambda: _median(device.round)),
            target="<= 1 ms",
        )

        def ours() -> None:
            for _ in range(ROUNDS):
                link.echo(payload)

        yield compare(
            f"{ROUNDS} echoes of 64 bytes", Side("link to firmware", ours), Side("cat on a pty", bare.rounds)
        )


def _median(once: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        once()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


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


class _SerialEcho:
    """A child that copies its end of a pty back; this end is opened with pyserial, as a person would."""

    def __enter__(self) -> _SerialEcho:
        import serial  # noqa: PLC0415

        master, slave = os.openpty()
        tty.setraw(slave)
        copy = f"import os\nwhile (b := os.read({master}, 4096)): os.write({master}, b)"
        self.child = subprocess.Popen([sys.executable, "-c", copy], pass_fds=[master])
        self.device = serial.Serial(os.ttyname(slave), timeout=5)
        os.close(master)
        os.close(slave)
        return self

    def __exit__(self, *error: object) -> None:
        self.device.close()
        self.child.kill()
        self.child.wait()

    def round(self) -> None:
        """Send 64 bytes and wait for all of them."""
        self.device.write(bytes(64))
        assert len(self.device.read(64)) == 64


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

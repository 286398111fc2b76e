"""Reading what a board sends at 2 Mbaud: the link's reader beside joining the bytes, as CPU time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Row, Side, compare_values
from virtual import flashed

BAUD = 2_000_000
REPLIES = 200  # of 1.9 KB: about 2 s at this speed
FIRST_ID = 0x7000_0000


def rows() -> Iterator[Row]:
    """A paced board answers as fast as its line carries it; the same requests on both sides.

    Neither side may lose a byte: every reply is counted.
    """
    with (
        tempfile.TemporaryDirectory(prefix="hk") as name,
        _paced(Path(name) / "boards" / "bench"),
        flashed(Path(name)) as board,
    ):
        yield compare_values(
            "reading at 2 Mbaud, share of a core",
            Side("Link with transcript", lambda: _ours(board.link_port(), Path(name) / "t.jsonl")),
            Side("pyserial, chunks joined", lambda: _peer(board.link_port())),
            runs=5,
            target="<= 0.15",
            unit="",
        )


@contextmanager
def _paced(directory: Path) -> Iterator[None]:
    from hostkit.boards.model import Chip  # noqa: PLC0415
    from hostkit.boards.virtual.serve import spec_to_json  # noqa: PLC0415
    from hostkit.boards.virtual.server import ServeSpec  # noqa: PLC0415

    spec = ServeSpec("bench", Chip.ESP32, "02:00:00:00:00:b2", paced=True)
    directory.mkdir(parents=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "hostkit.boards.virtual.serve", str(directory), spec_to_json(spec)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert b"true" in child.stdout.readline()
        yield
    finally:
        child.stdin.close()
        child.wait(10)


def _requests() -> list[bytes]:
    from hostkit.link.framing import encode_frame  # noqa: PLC0415
    from hostkit.link.messages import Op, Request, Tap, encode_message  # noqa: PLC0415

    args = (int(Tap.SYMBOLS), 0, 0, 1900)
    return [encode_frame(encode_message(Request(FIRST_ID + n, Op.READ, args))) for n in range(REPLIES)]


def _ours(port: str, transcript: Path) -> float:
    """Return CPU seconds a second, with everything that the suite does: record, decode, check."""
    from hostkit.clock import SystemClock  # noqa: PLC0415
    from hostkit.link.client import Link  # noqa: PLC0415
    from hostkit.link.framing import encode_frame  # noqa: PLC0415
    from hostkit.link.messages import Reply, encode_message  # noqa: PLC0415
    from hostkit.link.session import Stray  # noqa: PLC0415
    from hostkit.link.transcript import Transcript  # noqa: PLC0415
    from hostkit.link.transport import open_transport  # noqa: PLC0415

    clock = SystemClock()
    with (
        Transcript(clock, path=transcript) as kept,
        Link(open_transport(port, baud=BAUD), clock, transcript=kept) as link,
    ):
        link.wait_ready(10)
        link.step(0)
        requests = b"".join(_requests())
        began = time.thread_time()
        link.raw(requests)
        replies: list[Reply] = []
        while len(replies) < REPLIES:
            items = link.receive(2.0)
            assert items, f"only {len(replies)} of {REPLIES} replies came"
            replies += [item.reply for item in items if isinstance(item, Stray)]
        took = time.thread_time() - began
    assert [reply.id for reply in replies] == [FIRST_ID + n for n in range(REPLIES)]
    return took / _line_s(sum(len(encode_frame(encode_message(reply))) for reply in replies))


def _peer(port: str) -> float:
    """Return CPU seconds a second of a loop that keeps bytes and looks at none."""
    import serial  # noqa: PLC0415

    with serial.Serial(port, BAUD, timeout=2, exclusive=True) as device:
        requests = b"".join(_requests())
        began = time.thread_time()
        device.write(requests)
        got = bytearray()
        while got.count(0) < 2 * REPLIES:
            piece = device.read(device.in_waiting or 1)
            assert piece, f"only {len(got)} bytes came"
            got += piece
        return (time.thread_time() - began) / _line_s(len(got))


def _line_s(size: int) -> float:
    """How long so many bytes fill the line: CPU time is compared with this, however busy the machine is."""
    return size * 10 / BAUD

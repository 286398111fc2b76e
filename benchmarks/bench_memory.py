"""What a worker that waits for work holds in memory, beside huey's consumer and a bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Row, Side, compare_values

ROOT = Path(__file__).resolve().parent.parent
_HOSTKIT = (sys.executable, "-P", "-m", "hostkit", "queue", "work")
_BARE = (sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(600)")
_CONSUMER = """
import threading
from huey import SqliteHuey
consumer = SqliteHuey(filename="huey.db", fsync=True).create_consumer(workers=4, periodic=False)
threading.Timer(0.5, lambda: print("ready", flush=True)).start()
consumer.run()
"""
_HUEY = (sys.executable, "-c", _CONSUMER)


def rows() -> Iterator[Row]:
    """Resident memory (VmRSS) in MB of 10^6 bytes, asked when the worker has said that it is there."""
    with tempfile.TemporaryDirectory(prefix="hk") as name:
        home = Path(name)

        def new() -> float:
            for file in home.glob("hostkit.db*"):
                file.unlink()
            return _resident(_HOSTKIT, home)

        for what, once in (("new", new), ("existing", lambda: _resident(_HOSTKIT, home))):
            ours = Side(f"hostkit queue work, {what} database", once)
            for peer, argv in (("huey consumer", _HUEY), ("python -c sleep", _BARE)):
                side = Side(peer, lambda argv=argv: _resident(argv, home))
                yield compare_values("idle worker", ours, side, runs=3, target="<= 60 MB", unit="MB")


def _resident(argv: tuple[str, ...], home: Path) -> float:
    with _started(argv, home) as process:
        status = Path(f"/proc/{process.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024 / 1e6


@contextmanager
def _started(argv: tuple[str, ...], home: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a program and wait for its first line."""
    hostkit = "hostkit" in argv
    process = subprocess.Popen(
        argv,
        cwd=ROOT if hostkit else home,
        env=dict(os.environ) | {"HOSTKIT_STATE_DIR": str(home)},
        stdout=subprocess.DEVNULL if hostkit else subprocess.PIPE,
        stderr=subprocess.PIPE if hostkit else subprocess.DEVNULL,
        text=True,
    )
    said = process.stderr if hostkit else process.stdout
    assert said is not None
    try:
        if not said.readline():
            raise RuntimeError(f"{argv[0]} ended before it was ready: exit {process.wait()}")
        yield process
    finally:
        process.terminate()
        said.close()
        process.wait()

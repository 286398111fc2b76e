"""What a gate costs where nothing changed since its pass."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Row, Side, command, compare

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent


def rows() -> Iterator[Row]:
    """`hostkit gate` with the whole suite's signed evidence, beside a bare interpreter."""
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "c"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        env = dict(os.environ) | {"HOSTKIT_STATE_DIR": str(Path(place) / "s")}
        argv = [str(BIN / "hostkit"), "gate", "-e", "virtual", "-b", "virt0"]

        def gate() -> None:
            subprocess.run(argv, cwd=clone, env=env, check=True, capture_output=True)

        gate()  # the real run, which leaves what it is known by
        ours = Side("hostkit gate", gate)
        bare = command("python -c pass", [sys.executable, "-c", "pass"])
        yield compare("gate, unchanged", ours, bare, target="<= 150 ms")
        hook = [argv[0], "git", "stop-hook", "-e", "virtual"]

        def stop() -> None:
            done = subprocess.run(hook, cwd=clone, env=env, check=True, capture_output=True, text=True)
            if done.stdout != "{}\n":
                raise RuntimeError(done.stdout)

        ours = Side("hostkit git stop-hook", stop)
        yield compare("stop hook, with a pass", ours, bare, target="<= 150 ms")

"""A build with nothing changed: hostkit answers from its store, PlatformIO starts SCons."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Row, command, compare

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent


def rows() -> Iterator[Row]:
    """Unchanged `hostkit build` beside unchanged `pio run`, in the same checkout and core directory."""
    from hostkit.build.provision import provision  # noqa: PLC0415 - only this benchmark needs it
    from hostkit.settings.paths import Paths  # noqa: PLC0415

    core = Paths.from_environment(os.environ).core
    provision(core)
    ours = command("hostkit build", [str(BIN / "hostkit"), "build", "-e", "virtual"], cwd=ROOT)
    peer = command(
        "pio run",
        [str(BIN / "pio"), "run", "-s", "-e", "virtual"],
        cwd=ROOT,
        env=os.environ | {"PLATFORMIO_CORE_DIR": str(core)},
    )
    yield compare("build, nothing changed", ours, peer, runs=5, target="< 0.3 s")

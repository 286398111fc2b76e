"""A virtual board with the project's own firmware, for benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAC = "02:00:00:00:00:b2"
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def flashed(directory: Path) -> Iterator:
    """Serve board ``bench`` below ``directory``, or attach to it, and flash it."""
    from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415 - keep --help of run.py quick
    from hostkit.boards.open import open_board  # noqa: PLC0415
    from hostkit.build.service import build  # noqa: PLC0415
    from hostkit.clock import SystemClock  # noqa: PLC0415
    from hostkit.flash.model import Bench  # noqa: PLC0415
    from hostkit.flash.service import flash_artifact  # noqa: PLC0415
    from hostkit.link.transcript import Transcript  # noqa: PLC0415
    from hostkit.process import SystemRunner  # noqa: PLC0415
    from hostkit.settings.paths import Paths  # noqa: PLC0415

    clock, runner = SystemClock(), SystemRunner()
    spec = BoardSpec("bench", Kind.VIRTUAL, Chip.ESP32, mac=MAC)
    board = open_board(spec, boards_dir=directory / "boards", clock=clock)
    try:
        paths = Paths.from_environment(os.environ)
        artifact = build(ROOT, "virtual", paths=paths, runner=runner, clock=clock).artifact
        flash_artifact(artifact, board, Bench(runner, clock, directory / "log", Transcript(clock)))
        yield board
    finally:
        board.close()

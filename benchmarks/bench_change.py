"""From a changed line to a verdict on a virtual board: `hostkit gate` beside the same by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from measure import Row, Side, compare

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MAC = "02:68:6b:00:00:00"


def rows() -> Iterator[Row]:
    """Change the firmware by a line, then gate; or `pio run`, `esptool write-flash`, `pytest --board`.

    Both in a checkout and with a board of its own, whose suite is the whole of hil_tests. By hand nothing is
    kept, signed or judged.
    """
    with tempfile.TemporaryDirectory(prefix="hk") as name, ExitStack() as stack:
        ours, peer = (_Checkout(Path(name) / side, stack) for side in ("a", "b"))
        gate = Side("hostkit gate", ours.gate)
        hand = Side("pio run, esptool, pytest", peer.by_hand)
        yield compare("one-line change to verdict", gate, hand, runs=2, target="<= 0.6 x")


class _Checkout:
    """A clone, its state directory and its served board."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - keep --help of run.py quick
        from hostkit.boards.open import open_board  # noqa: PLC0415
        from hostkit.clock import SystemClock  # noqa: PLC0415
        from hostkit.settings.paths import Paths  # noqa: PLC0415

        self.tree, state = home / "t", home / "s"
        subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(self.tree)], check=True)
        core = Paths.from_environment(os.environ).core
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
        self.env = kept | {"HOSTKIT_STATE_DIR": str(state), "PLATFORMIO_CORE_DIR": str(core)}
        self._numbers = count()
        spec = load_catalog(self.tree / "boards.toml")["virt0"]
        self.board = open_board(spec, boards_dir=state / "boards", clock=SystemClock())
        stack.callback(self.board.close)

    def gate(self) -> None:
        """Change a line and gate it."""
        self._change()
        self._run(sys.executable, "-P", "-m", "hostkit", "gate", "-e", "virtual", "-b", "virt0")

    def by_hand(self) -> None:
        """Change a line, build, write, test."""
        self._change()
        self._run(str(BIN / "pio"), "run", "-s", "-e", "virtual")
        made = self.tree / ".pio" / "build" / "virtual"
        self.board.enter_download()
        argv = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port", self.board.link_port()]
        argv += ["--before", "no-reset", "--after", "hard-reset", "write-flash"]
        self._run(*argv, "0x8000", str(made / "partitions.bin"), "0x10000", str(made / "firmware.bin"))
        self._run(sys.executable, "-m", "pytest", "-q", "hil_tests", "--board", "virt0")

    def _change(self) -> None:
        with (self.tree / "firmware" / "src" / "main_host.cpp").open("a") as source:
            source.write(f"// {os.getpid()} {next(self._numbers)}\n")

    def _run(self, *argv: str) -> None:
        done = subprocess.run(argv, cwd=self.tree, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"{argv}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
            )

"""From a changed line to an answer on virtual boards: `hostkit gate` beside the same by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from measure import Row, Side, compare_all

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BUILD_ID = "1" * 64  # the suite refuses a firmware that names none


def rows() -> Iterator[Row]:
    """Change the firmware by a line, then gate; or `pio run`, pack, `esptool write-flash`, `pytest --board`.

    Each in a checkout and with a served board of its own, and with everything but that line built before. By
    hand it is the whole of hil_tests, as nothing says there what could be left out, and nothing is kept,
    signed or judged. ``--affected`` runs what a line in lava.cpp can touch: a fail, or no verdict.
    With several boards (``-b virt0,virt1``) they share the suite.
    """
    with tempfile.TemporaryDirectory(prefix="hk") as name, ExitStack() as stack:
        whole, part, peer = (_Checkout(Path(name) / side, stack) for side in ("a", "b", "c"))
        two, four = (_Checkout(Path(name) / f"d{boards}", stack, boards) for boards in (2, 4))
        for checkout in (whole, part, two, four):
            checkout.hostkit("build", "-e", "virtual")
        peer.pio_run()
        ours = (
            ("one-line change to verdict", Side("hostkit gate", whole.gate), "<= 0.6 x"),
            ("the same, two boards share it", Side("gate -b virt0,virt1", two.gate), "<= 0.6 x"),
            ("the same, four boards share it", Side("gate -b virt0,…,virt3", four.gate), "<= 0.6 x"),
            ("a line in lava.cpp to answer", Side("gate --affected", part.affected), "<= 0.6 x"),
        )
        yield from compare_all(ours, Side("pio run, esptool, all of pytest", peer.by_hand), runs=2)


BOARD = """
[boards.virt{number}]
kind = "virtual"
chip = "esp32"
mac = "02:68:6b:00:00:0{number}"
"""
"""What a clone's boards.toml is given for each board that it has not."""


class _Checkout:
    """A clone, its state directory and its served boards, of which the first is ``board``."""

    def __init__(self, home: Path, stack: ExitStack, boards: int = 1) -> None:
        from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - keep --help of run.py quick
        from hostkit.boards.open import open_board  # noqa: PLC0415
        from hostkit.build.provision import provision  # noqa: PLC0415
        from hostkit.clock import SystemClock  # noqa: PLC0415
        from hostkit.settings.paths import Paths  # noqa: PLC0415

        self.tree, state = home / "t", home / "s"
        subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(self.tree)], check=True)
        core = Paths.from_environment(os.environ).core
        provision(core)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
        self.env = kept | {"HOSTKIT_STATE_DIR": str(state), "PLATFORMIO_CORE_DIR": str(core)}
        self._numbers = count()
        with (self.tree / "boards.toml").open("a") as catalog:
            catalog.writelines(BOARD.format(number=number) for number in range(2, boards))
        self.names = [f"virt{number}" for number in range(boards)]
        specs = map(load_catalog(self.tree / "boards.toml").get, self.names)
        served = [open_board(spec, boards_dir=state / "boards", clock=SystemClock()) for spec in specs]
        for board in served:
            stack.callback(board.close)
        self.board = served[0]

    def gate(self) -> None:
        """Change a line and gate it, on all boards."""
        self._change()
        self.hostkit("gate", "-e", "virtual", "-b", ",".join(self.names))

    def affected(self) -> None:
        """Change a line of one pattern and run what that can touch: all of it passes, which is no verdict."""
        self._change("lib", "pattern", "lava.cpp")
        self.hostkit("gate", "--affected", "--base", "HEAD", "-e", "virtual", "-b", "virt0", code=3)

    def by_hand(self) -> None:
        """Change a line, build, pack, write, test."""
        self._change()
        self.pio_run()
        regions = self._pack()
        self.board.enter_download()
        argv = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port", self.board.link_port()]
        argv += ["--before", "no-reset", "--after", "no-reset", "write-flash"]
        self._run(*argv, *regions)
        self.board.run_application()
        self._run(sys.executable, "-m", "pytest", "-q", "hil_tests", "--board", "virt0")

    def hostkit(self, *arguments: str, code: int = 0) -> None:
        """Run a verb that must end with that exit code."""
        self._run(sys.executable, "-P", "-m", "hostkit", *arguments, code=code)

    def pio_run(self) -> None:
        """Build as somebody does who has PlatformIO alone."""
        argv = (str(BIN / "pio"), "run", "-s", "-e", "virtual")
        self._run(*argv, HK_BUILD_ID=BUILD_ID, HK_VERSION="0.1.0", HK_PROFILE="dual-160", HK_CHIP="esp32")

    def _pack(self) -> list[str]:
        """Make the images, as `elf2image` and `gen_esp32part` would of a chip's program."""
        from hostkit.boards.model import Chip  # noqa: PLC0415
        from hostkit.build.pack import pack  # noqa: PLC0415

        made = self.tree / ".pio" / "build" / "virtual"
        words = []
        program = (made / "program").read_bytes()
        for image, data in pack(program, chip=Chip.ESP32, version="0.1.0", build_id=BUILD_ID).images:
            (made / image.file).write_bytes(data)
            words += [hex(image.offset), str(made / image.file)]
        return words

    def _change(self, *where: str) -> None:
        with (self.tree / "firmware").joinpath(*where or ("src", "main_host.cpp")).open("a") as source:
            source.write(f"// {os.getpid()} {next(self._numbers)}\n")

    def _run(self, *argv: str, code: int = 0, **env: str) -> None:
        done = subprocess.run(
            argv, cwd=self.tree, env=self.env | env, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            raise RuntimeError(
                f"{argv}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
            )

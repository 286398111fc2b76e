"""What a command line costs before it does anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Row, command, compare

BIN = Path(sys.executable).parent


def rows() -> Iterator[Row]:
    """`hostkit --help` beside a bare interpreter and beside the tools that it drives."""
    ours = command("hostkit --help", [str(BIN / "hostkit"), "--help"])
    yield compare("help", ours, command("python -c pass", [sys.executable, "-c", "pass"]), target="<= 60 ms")
    yield compare("help", ours, command("pio --help", [str(BIN / "pio"), "--help"]))
    yield compare("help", ours, command("esptool version", [str(BIN / "esptool"), "version"]))

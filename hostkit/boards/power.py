"""Switching a board's supply off and on: a command of boards.toml, or uhubctl on the hub that it hangs on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from hostkit.boards.model import BoardSpec, Kind
from hostkit.errors import ToolError
from hostkit.process import Command, Runner

UHUBCTL = "uhubctl"
_TIMEOUT_S = 60.0
_OFF_S = "2"  # long enough for the capacitors of a strip
_PLACE = re.compile(r"(?P<hub>\d+-\d+(?:\.\d+)*|\d+)[.-](?P<port>\d+)")
_TTYS = Path("/sys/class/tty")


def power_command(
    spec: BoardSpec, *, which: Callable[[str], str | None] = shutil.which, ttys: Path = _TTYS
) -> tuple[str, ...] | None:
    """Return the argv that power-cycles a board, None where there is no way.

    ``power`` of boards.toml comes first. Otherwise uhubctl, where it is on PATH, for a board on a USB port
    of this machine: whether that hub can switch its ports is only known by trying.
    """
    if spec.power:
        return spec.power
    program = which(UHUBCTL)
    place = usb_place(spec.port, ttys) if spec.kind is Kind.SERIAL else None
    if program is None or place is None:
        return None
    hub, port = place
    return (program, "--action", "cycle", "--delay", _OFF_S, "--location", hub, "--ports", port)


def usb_place(port: str, ttys: Path = _TTYS) -> tuple[str, str] | None:
    """Return hub and port number, in uhubctl's words, of the USB port that a serial device hangs on."""
    device = ttys / Path(port).resolve().name / "device"
    if not port or not device.exists():
        return None
    for part in reversed(device.resolve().parts):
        found = _PLACE.fullmatch(part)
        if found is not None:
            return found["hub"], found["port"]
    return None


def cycle_power(argv: tuple[str, ...], runner: Runner) -> None:
    """Run a power command to its end. Raises :class:`ToolError` with its own words when it fails."""
    done = runner.run(Command(argv, timeout_s=_TIMEOUT_S))
    if done.timed_out:
        raise ToolError(f"{argv[0]} did not end within {_TIMEOUT_S:.0f} s", hint="run it by hand")
    if not done.ok:
        said = (done.output.strip().splitlines() or ["no output"])[-1]
        raise ToolError(f"{argv[0]} failed (exit {done.returncode}): {said}", hint="run it by hand")

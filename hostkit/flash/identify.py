"""Which chip is behind a port that nothing is known of: esptool is asked, nothing is written."""

from __future__ import annotations

import os
import sys

from hostkit.boards.usb import KnownChip
from hostkit.errors import InconclusiveError, ToolError
from hostkit.flash.esptool import clean_environment
from hostkit.flash.output import Trouble, last_lines, parse_output
from hostkit.interpreter import module_argv
from hostkit.process import Command, Runner

_TIMEOUT_S = 30.0


def ask_chip(port: str, runner: Runner, *, python: str = sys.executable) -> KnownChip:
    """Reset the chip at ``port`` into its ROM loader, read type, MAC and flash size, start it again.

    Raises :class:`InconclusiveError` when nothing answers there as a chip that hostkit knows.
    """
    argv = (*module_argv("esptool", python=python), "--port", port, "--no-stub", "flash-id")
    command = Command(argv, env=clean_environment(os.environ), timeout_s=_TIMEOUT_S)
    finished = runner.run(command)
    facts = parse_output(finished.output)
    if finished.ok and facts.chip is not None and facts.mac and facts.flash_size:
        return KnownChip(facts.chip, facts.mac, facts.flash_size)
    if "No module named esptool" in finished.output:
        raise ToolError("esptool is not installed", hint="pip install 'esptool>=5.1,<6'")
    if finished.timed_out:
        raise InconclusiveError(
            f"nothing answered esptool on {port} within {_TIMEOUT_S:.0f} s",
            hint="is this an ESP32? hold BOOT while it connects",
        )
    if facts.trouble is Trouble.PORT:
        raise InconclusiveError(f"cannot open {port}", hint="is another program using it? may you open it?")
    said = facts.fatal or last_lines(finished.output, 1) or f"exit {finished.returncode}"
    raise InconclusiveError(
        f"no chip that hostkit knows on {port}: {said}",
        hint="is this an ESP32, ESP32-S3 or ESP32-C3? hold BOOT while it connects",
    )

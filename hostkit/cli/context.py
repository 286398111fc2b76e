"""What every verb is given: the project, the user's directories, time, processes and the terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hostkit.clock import Clock, SystemClock
from hostkit.errors import UsageError
from hostkit.process import Runner, SystemRunner
from hostkit.settings.paths import Paths

if TYPE_CHECKING:
    from rich.console import Console


_FORCING = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # make rich take anything for a terminal


def find_project(start: Path) -> Path | None:
    """Return the nearest directory at or above ``start`` that holds a ``platformio.ini``, else None."""
    for directory in (start, *start.parents):
        if (directory / "platformio.ini").is_file():
            return directory
    return None


@dataclass
class Context:
    """The context of one command line; ``start`` is where the search for the project begins.

    ``kept_in``: where evidence and pages go instead of the project, which is soon removed.
    """

    start: Path
    paths: Paths
    clock: Clock
    runner: Runner
    kept_in: Path | None = None

    @classmethod
    def of_system(cls, start: Path, env: dict[str, str]) -> Context:
        """Return the context of a real command line."""
        return cls(start, Paths.from_environment(env), SystemClock(), SystemRunner())

    @cached_property
    def project(self) -> Path:
        """The checkout's root. Raises :class:`UsageError` outside of a project."""
        found = find_project(self.start)
        if found is None and os.path.lexists(self.start / "platformio.ini"):
            raise UsageError(
                f"{self.start / 'platformio.ini'} is no file",
                hint="a text file belongs there: look with `ls -l`, and bring it back from git",
            )
        if found is None:
            raise UsageError(
                f"no platformio.ini in {self.start} or any directory above it",
                hint="change to the firmware checkout, or name it: hostkit --project DIR …",
            )
        return found

    @property
    def keep(self) -> Path:
        """What ``runs_dir`` and ``reports_dir`` are relative to."""
        return self.kept_in or self.project

    @property
    def out_is_plain(self) -> bool:
        """True when standard output is no terminal: known without the library that draws on one."""
        return "console" not in self.__dict__ and _is_plain(sys.stdout)

    @property
    def err_is_plain(self) -> bool:
        """The same of standard error."""
        return "err_console" not in self.__dict__ and _is_plain(sys.stderr)

    @cached_property
    def console(self) -> Console:
        """Standard output."""
        from rich.console import Console  # noqa: PLC0415 - not for --help

        return Console(highlight=False, soft_wrap=True)

    @cached_property
    def err_console(self) -> Console:
        """Standard error: progress and errors, so that standard output stays clean for pipes."""
        from rich.console import Console  # noqa: PLC0415 - not for --help

        return Console(stderr=True, highlight=False, soft_wrap=True)


def _is_plain(stream: TextIO) -> bool:
    return not stream.isatty() and not any(os.environ.get(name) for name in _FORCING)

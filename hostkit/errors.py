"""The one error root: what happened, what to do next, and which exit code says so."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes, the same for every verb."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INVALID = 4
    TOOL = 5
    INTERRUPTED = 130


class HostkitError(Exception):
    """Root of every error that hostkit raises on purpose.

    ``message`` says what happened; ``hint`` says what to do next (may be empty only where
    nothing can be done). ``exit_code`` is what the command line returns for it.
    """

    exit_code: ExitCode = ExitCode.TOOL

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message and the hint; neither ends with a newline."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, with the hint on a line of its own."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class FailedError(HostkitError):
    """The thing under test did the wrong thing (exit 1)."""

    exit_code = ExitCode.FAIL


class UsageError(HostkitError):
    """The command line or a settings file asks for something that cannot be (exit 2)."""

    exit_code = ExitCode.USAGE


class InconclusiveError(HostkitError):
    """No board, link lost, timed out: nobody's fault yet (exit 3)."""

    exit_code = ExitCode.INCONCLUSIVE


class InvalidError(HostkitError):
    """Wrong board, wrong firmware or broken evidence (exit 4)."""

    exit_code = ExitCode.INVALID


class ToolError(HostkitError):
    """A tool or the machine failed: compiler, esptool, disk (exit 5)."""

    exit_code = ExitCode.TOOL


class MissingToolError(ToolError):
    """A program or package that the verb needs is not there (exit 5)."""

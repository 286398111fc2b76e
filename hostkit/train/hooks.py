"""Hooks in a repository: written where there is none, replaced only where they are ours."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from hostkit.errors import ToolError, UsageError
from hostkit.files import atomic_write, disk_error
from hostkit.train.admission import Hook

MARK = "# written by `hostkit git install`; `hostkit git uninstall` removes it"
"""The second line of every hook that is ours."""


def script(argv: Sequence[str], env: dict[str, str]) -> str:
    """Return the text of a hook that runs a command with some variables set; git's own arguments follow."""
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in env.items())
    return f'#!/bin/sh\n{MARK}\n{settings}exec {shlex.join(argv)} "$@"\n'


def install(folder: Path, hook: Hook, text: str) -> bool:
    """Write a hook; False when it is there already, word for word.

    Raises :class:`UsageError` for a hook of somebody else, which stays as it is.
    """
    path = folder / hook.value
    if path.exists() or path.is_symlink():
        if not _ours(path):
            raise UsageError(
                f"{path} is not hostkit's: it is left alone",
                hint=f"call hostkit from it, with its standard input: {text.splitlines()[-1]}",
            )
        if path.read_text() == text:
            return False
    atomic_write(path, text.encode(), mode=0o755)
    return True


def uninstall(folder: Path, hook: Hook) -> bool:
    """Remove a hook if it is ours, and say whether it was."""
    path = folder / hook.value
    if not _ours(path):
        return False
    try:
        path.unlink()
    except OSError as error:
        raise disk_error(error, path) from error
    return True


def _ours(path: Path) -> bool:
    """A link is never ours: what it leads to belongs to somebody."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        return MARK.encode() in path.read_bytes().splitlines()[1:2]
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}", hint="check its owner and mode") from error

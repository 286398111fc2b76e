"""The repository that a verb about git works on, and the commits in it that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from hostkit.tasks.git import Git

REPO = click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The repository, bare or not (default: the one of this directory).",
)


def git_of(context: Context, repo: Path | None) -> Git:
    """Return the repository that ``--repo`` names, or the one of this directory."""
    from hostkit.tasks.git import Git  # noqa: PLC0415 - not for --help

    return Git((repo or context.start).resolve(), context.runner)


def commit_of(git: Git, name: str) -> str:
    """Return the commit that a name stands for, 40 hex digits. Raises :class:`UsageError` for none."""
    if commit := git.resolve(name):
        return commit
    raise UsageError(f"there is no commit {name}", hint="name a branch, a tag or a hash; see: git branch")

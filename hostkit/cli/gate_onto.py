"""``hostkit gate --onto BRANCH``: the commit that a merge would make is what is judged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from hostkit.cli.context import Context
from hostkit.cli.repository import commit_of, git_of
from hostkit.errors import FailedError, UsageError

if TYPE_CHECKING:
    from hostkit.tasks.git import Git

F = TypeVar("F", bound=Callable[..., int])


def onto_option(command: F) -> F:
    """Let a verb run on what HEAD is once it is merged, with the rules of where it goes."""

    @wraps(command)
    def run(context: Context, *, onto: str, rules_at: str, **options: Any) -> int:
        if not onto:
            return command(context, rules_at=rules_at, **options)
        with merged(context, onto) as (there, tip):
            return command(there, rules_at=rules_at or tip, **options)

    option = click.option(
        "--onto", default="", metavar="REF", help="Judge the merge of HEAD into this branch, not HEAD itself."
    )
    return cast("F", option(run))


@contextmanager
def merged(context: Context, onto: str) -> Iterator[tuple[Context, str]]:
    """Give the context of a worktree that holds HEAD merged onto a commit, and that commit.

    Evidence stays in the checkout. Raises :class:`FailedError` for a conflict, with the files, and
    :class:`UsageError` where there are changes that no merge would have, or nothing to merge.
    """
    from hostkit.tasks.joining import join  # noqa: PLC0415 - not for --help
    from hostkit.tasks.workshop import Folders  # noqa: PLC0415
    from hostkit.tasks.worktree import Worktrees  # noqa: PLC0415

    git = git_of(context, context.project)
    tip, head = commit_of(git, onto), commit_of(git, "HEAD")
    _refuse(git, onto, tip, head)
    folder = Folders.of_project(context.paths.state, git.common_dir()).root / "onto" / str(os.getpid())
    prefix = git.run("rev-parse", "--show-prefix").strip()
    _drop_dead(git, folder.parent)
    try:
        with Worktrees(git, folder, onto).apart("merge", tip) as there:
            if git.is_ancestor(tip, head):
                there.run("checkout", "--quiet", "--detach", head)
            else:
                made, why = join(there, tip, head, f"Merge {head[:12]} onto {tip[:12]}")
                if not made:
                    raise FailedError(
                        f"HEAD does not merge onto {onto}: {why}",
                        hint=f"git merge {onto}, resolve, commit, and ask again",
                    )
            kept = context.project
            yield replace(context, start=there.directory / prefix, kept_in=kept), tip
    finally:
        with suppress(OSError):
            folder.rmdir()


def pinned_onto(context: Context, onto: str) -> str:
    """Return the commit that ``onto`` names now, "" for none; what no merge can be made of is refused."""
    if not onto:
        return ""
    git = git_of(context, context.project)
    tip = commit_of(git, onto)
    _refuse(git, onto, tip, commit_of(git, "HEAD"))
    return tip


def _refuse(git: Git, onto: str, tip: str, head: str) -> None:
    if changed := git.changed_paths():
        raise UsageError(
            f"there are uncommitted changes, which no merge has: {', '.join(changed[:3])}",
            hint="commit them, or leave out --onto",
        )
    if git.is_ancestor(head, tip):
        raise UsageError(f"{onto} has HEAD already", hint="there is nothing to merge: leave out --onto")


def _drop_dead(git: Git, folder: Path) -> None:
    """Remove the worktrees of processes that were killed."""
    from hostkit.tasks.worktree import Worktrees  # noqa: PLC0415 - not for --help

    for left in folder.glob("[0-9]*"):
        with suppress(PermissionError):  # it lives, as somebody else's
            try:
                os.kill(int(left.name), 0)
            except ProcessLookupError:
                Worktrees(git, left, "").drop_apart()
                left.rmdir()

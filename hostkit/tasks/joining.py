"""Merge commits that are always the same for the same parents, and a branch that moves all at once."""

from __future__ import annotations

from hostkit.errors import HostkitError
from hostkit.tasks.git import Git


def join(git: Git, tip: str, commit: str, message: str) -> tuple[str, str]:
    """Merge ``commit`` onto ``tip``, which is checked out in ``git``'s own worktree.

    Returns the merge commit and "", or "" and the conflict; the worktree holds ``tip`` then.
    """
    done = git.ask("merge", "--no-ff", "-m", message, commit, env=_dates(git, tip, commit))
    if done.ok:
        return git.resolve("HEAD"), ""
    said = [line for line in done.output.splitlines() if line.startswith("CONFLICT")]
    git.ask("merge", "--abort")
    return "", said[0] if said else done.output.strip().splitlines()[-1]


def advance(git: Git, target: str, tip: str, commit: str) -> str:
    """Move the branch from ``tip`` to ``commit`` by compare-and-swap, or say why it did not go.

    Where it is checked out the working tree moves along; uncommitted changes there stop it.
    """
    places = [path for path, branch in git.worktrees().items() if branch == target]
    try:
        if not places:
            git.run("update-ref", "-m", "hostkit: verified", f"refs/heads/{target}", commit, tip)
            return ""
        there = git.at(places[0])
        if there.resolve("HEAD") != tip:
            return f"{target} moved"
        there.run("merge", "--ff-only", "--quiet", commit)
    except HostkitError as error:
        return error.message
    return ""


def _dates(git: Git, tip: str, commit: str) -> dict[str, str]:
    """Date a merge by its parents: the same two always give the same commit, whose verdict is known then."""
    newest = max(int(git.run("show", "-s", "--format=%ct", parent).split()[-1]) for parent in (tip, commit))
    return git.identity() | {"GIT_AUTHOR_DATE": f"{newest} +0000", "GIT_COMMITTER_DATE": f"{newest} +0000"}

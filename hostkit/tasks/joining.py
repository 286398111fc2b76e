"""Merge commits that are always the same for the same parents, and a branch that moves all at once."""

from __future__ import annotations

from collections.abc import Sequence

from hostkit.errors import HostkitError
from hostkit.tasks.git import Git

_TOLD = 5  # conflicts, each with its file


def join(git: Git, tip: str, commit: str, message: str) -> tuple[str, str]:
    """Merge ``commit`` onto ``tip``, which is checked out in ``git``'s own worktree.

    Returns the merge commit and "", or "" and the conflict; the worktree holds ``tip`` then.
    """
    done = git.ask("merge", "--no-ff", "-m", message, commit, env=_dates(git, tip, commit))
    if done.ok:
        return git.resolve("HEAD"), ""
    said = [line for line in done.output.splitlines() if line.startswith("CONFLICT")]
    git.ask("merge", "--abort")
    return "", "; ".join(said[:_TOLD]) if said else done.output.strip().splitlines()[-1]


def gather(git: Git, tip: str, commits: Sequence[str], message: str) -> tuple[str, str]:
    """Merge ``commits``, in order, onto ``tip``, which is checked out in ``git``'s own worktree.

    Returns one commit whose first parent is ``tip``, or "" and the conflict. So whoever follows first
    parents meets nothing but commits that were judged as they are: neither a step of the way between two
    tips, nor what an agent committed before it did the right thing.
    """
    if len(commits) == 1 and git.resolve(f"{commits[0]}^") == tip:
        git.run("checkout", "--quiet", "--detach", commits[0])
        return commits[0], ""
    made, fresh = tip, list[str]()
    for commit in commits:
        if git.is_ancestor(commit, made):
            continue
        made, why = join(git, made, commit, message)
        if not made:
            return "", why
        fresh.append(commit)
    if len(fresh) > 1:
        made = _gathered(git, tip, fresh, message)
        git.run("update-ref", "--no-deref", "HEAD", made)
    return made, ""


def _gathered(git: Git, tip: str, commits: Sequence[str], message: str) -> str:
    """Return one merge commit of what is checked out: the tip's child, and that of every commit."""
    parents = [word for parent in (tip, *commits) for word in ("-p", parent)]
    dated = _dates(git, tip, *commits)
    return git.run("commit-tree", "HEAD^{tree}", *parents, "-m", message, env=dated).split()[-1]


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


def _dates(git: Git, *parents: str) -> dict[str, str]:
    """Date a merge by its parents: the same ones always give the same commit, whose verdict is known then."""
    newest = max(int(git.run("show", "-s", "--format=%ct", parent).split()[-1]) for parent in parents)
    return git.identity() | {"GIT_AUTHOR_DATE": f"{newest} +0000", "GIT_COMMITTER_DATE": f"{newest} +0000"}

"""What would be lost with a worktree. Whoever is not sure says that something would."""

from __future__ import annotations

from pathlib import Path

from hostkit.tasks.git import Git

_UNDER_WAY = (
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"),
    *("rebase-merge", "rebase-apply", "sequencer"),
)
_OWN = ".hostkit/"  # what hostkit keeps in a checkout


def losses(git: Git, branch: str, target: str) -> tuple[str, ...]:
    """Return what a removal of the worktree that ``git`` works in, and of its branch, would lose, or ().

    ``target``: the commit whose history is safe. Ignored files are no work where a committed
    ``.gitignore`` says so; those that only this machine ignores may be.
    """
    found = [f"{name} is locked" for name in _locked(git)]
    for name in ("HEAD", f"refs/heads/{branch}"):
        commit = git.resolve(name)
        if commit and not git.is_ancestor(commit, target):
            found.append(f"{name.removeprefix('refs/heads/')} has unmerged work, {commit[:12]}")
    if not git.resolve("HEAD"):
        found.append("HEAD is no commit")
    if changed := tuple(dict.fromkeys((*git.changed_paths(), *_unlisted(git)))):
        found.append(f"uncommitted work: {', '.join(changed[:3])}")
    private = Path(git.run("rev-parse", "--absolute-git-dir").strip())
    found += [f"{name} is under way" for name in _UNDER_WAY if (private / name).exists()]
    if refs := git.run("for-each-ref", "--format=%(refname)", "refs/worktree", "refs/bisect").split():
        found.append(f"refs of its own: {refs[0]}")
    return tuple(found)


def _unlisted(git: Git) -> tuple[str, ...]:
    """Return untracked files that no committed rule ignores, whatever this machine's own rules say."""
    listed = git.run("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore").split("\0")
    return tuple(path for path in listed if path and not path.startswith(_OWN))


def _locked(git: Git) -> tuple[str, ...]:
    return tuple(path.name for path in git.locked_worktrees() if path == git.directory.resolve())

"""What would be lost with a worktree. Whoever is not sure says that something would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hostkit.tasks.git import Git

_UNDER_WAY = (
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"),
    *("rebase-merge", "rebase-apply", "sequencer"),
)
_CACHE = "CACHEDIR.TAG"  # https://bford.info/cachedir/
_OWN = ".hostkit/"  # what hostkit keeps in a checkout


def losses(git: Git, branch: str, target: str) -> Iterator[str]:
    """Yield what would be lost with the worktree that ``git`` works in, and with its branch.

    ``target``: the commit whose history is safe. Ignored files are no work where a committed
    ``.gitignore`` says so; those that only this machine ignores may be. Each is looked for only when the
    one before was taken: who wants to know whether there is any asks for the first.
    """
    if git.directory.resolve() in git.locked_worktrees():
        yield "it is locked"
    for name in ("HEAD", f"refs/heads/{branch}"):
        commit = git.resolve(name)
        if not commit and name == "HEAD":
            yield "HEAD is no commit"
        elif commit and not git.is_ancestor(commit, target):
            yield f"{name.removeprefix('refs/heads/')} has unmerged work, {commit[:12]}"
    if changed := git.changed_paths() or _unlisted(git):
        yield f"uncommitted work: {', '.join(changed[:3])}"
    private = Path(git.run("rev-parse", "--absolute-git-dir").strip())
    yield from (f"{name} is under way" for name in _UNDER_WAY if (private / name).exists())
    if refs := git.run("for-each-ref", "--format=%(refname)", "refs/worktree", "refs/bisect").split():
        yield f"refs of its own: {refs[0]}"


def _unlisted(git: Git) -> tuple[str, ...]:
    """Return untracked files that no committed rule ignores, whatever this machine's own rules say.

    A rule that nobody committed is one of them, unless it stands in a folder that says to be a cache.
    """
    others = ("ls-files", "-z", "--others")
    listed = git.run(*others, "--exclude-per-directory=.gitignore").split("\0")
    rules = git.run(*others, "--", ":(glob)**/.gitignore").split("\0")
    own = [rule for rule in rules if rule and not (git.directory / rule).with_name(_CACHE).exists()]
    return tuple(path for path in (*listed, *own) if path and not path.startswith(_OWN))

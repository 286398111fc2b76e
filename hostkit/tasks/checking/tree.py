"""The files of one commit, as git has them: what lies around in a worktree is not among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hostkit.errors import ToolError
from hostkit.tasks.git import Git
from hostkit.tasks.patterns import outside


@dataclass(frozen=True, slots=True)
class Tree:
    """A commit's files by path. ``odd``: paths that are no regular files, with what they are."""

    git: Git
    commit: str
    blobs: dict[str, str] = field(default_factory=dict)  # path to git's name of its content
    odd: dict[str, str] = field(default_factory=dict)

    def matching(self, globs: Sequence[str]) -> tuple[str, ...]:
        """Return the regular files that a glob covers, sorted; see :mod:`hostkit.tasks.patterns`."""
        rest = set(outside(tuple(self.blobs), globs))
        return tuple(sorted(path for path in self.blobs if path not in rest))

    def unmatched(self, globs: Sequence[str]) -> tuple[str, ...]:
        """Return the globs that cover no file."""
        return tuple(glob for glob in globs if not self.matching([glob]))

    def text(self, path: str) -> str:
        """Return what a file says. Raises :class:`ToolError` when git does not give it."""
        done = self.git.ask("cat-file", "blob", self.blobs[path])
        if not done.ok:
            raise ToolError(f"git cat-file failed for {path}: {done.output.strip()}", hint="run git fsck")
        return done.output


def read_tree(git: Git, commit: str) -> Tree:
    """List a commit's files."""
    tree = Tree(git, commit)
    for entry in git.run("ls-tree", "-r", "-z", commit).split("\0"):
        about, _, path = entry.partition("\t")
        mode, kind, name = (*about.split(), "", "", "")[:3]
        if mode in ("100644", "100755"):
            tree.blobs[path] = name
        elif path:
            tree.odd[path] = "a symbolic link" if mode == "120000" else f"a {kind}"
    return tree

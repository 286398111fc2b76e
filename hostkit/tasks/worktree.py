"""One worktree and one branch a task. Work that is not merged is never deleted."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import FailedError, ToolError
from hostkit.tasks.git import Git
from hostkit.tasks.losses import losses

BRANCHES = "hostkit/"
"""What the branches of tasks begin with."""

APART = "_"
"""What folders of passing worktrees begin with: no task's id does."""


class NoBaseError(FailedError):
    """The work of a task's needs does not fit together, so there is nothing to start from."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A worktree that holds everything that its task needs, and the commit there."""

    path: Path
    base: str


class Worktrees:
    """The worktrees of one project, in one folder. Safe to use from several threads."""

    def __init__(self, git: Git, folder: Path, target: str) -> None:
        """Keep worktrees in ``folder``; new branches start at the branch ``target``."""
        self._git = git
        self._folder = folder
        self._target = target
        self._one_at_a_time = threading.Lock()  # git's own locks make a second command fail, not wait

    @property
    def folder(self) -> Path:
        """Return where all of them are."""
        return self._folder

    def path(self, task: str) -> Path:
        """Return where a task's worktree is, or would be."""
        return self._folder / task

    def prepare(self, task: str, needs: Sequence[str]) -> Prepared:
        """Return the task's worktree, made if need be, with the commits ``needs`` merged in.

        An existing one is used as it is: an earlier attempt's work stays. Raises
        :class:`NoBaseError` when the needs conflict, :class:`ToolError` when the folder is in the way.
        """
        with self._one_at_a_time:
            path = self._open(task, lambda: self._start(needs))
            git = self._git.at(path)
            for need in needs:
                if not git.is_ancestor(need, "HEAD"):
                    _merge(git, need, task)
            return Prepared(path, git.resolve("HEAD"))

    @contextmanager
    def apart(self, name: str, commit: str) -> Iterator[Git]:
        """Give a worktree that holds the commit and nothing else; it is removed afterwards.

        What an agent left in its own worktree (ignored files, files that git was told to overlook) is not
        in it. ``name`` is no task's: see :data:`APART`.
        """
        path = self._folder / f"{APART}{name}"
        with self._one_at_a_time:
            self._drop(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._git.run("worktree", "add", "--quiet", "--detach", str(path), commit)
        try:
            yield self._git.at(path)
        finally:
            with self._one_at_a_time:
                self._drop(path)

    def drop_apart(self) -> None:
        """Remove what :meth:`apart` left when its process died."""
        with self._one_at_a_time:
            known = {path for path in self._git.worktrees() if path.parent == self._folder.resolve()}
            for path in sorted(known | {*self._folder.resolve().glob("*")}):
                if path.name.startswith(APART):
                    self._drop(path)

    def _drop(self, path: Path) -> None:
        """Remove a worktree that holds nothing which cannot be made again."""
        self._git.ask("worktree", "unlock", str(path))  # git locks one while it makes it, and died then
        self._git.ask("worktree", "remove", "--force", str(path))
        shutil.rmtree(path, ignore_errors=True)
        self._git.ask("worktree", "prune")

    def _open(self, task: str, start: Callable[[], str]) -> Path:
        path, branch = self.path(task), BRANCHES + task
        self._git.run("worktree", "prune")
        if path.resolve() in self._git.unfinished_worktrees():
            self._drop(path)  # its maker was killed before anybody could work there
        known = {place.resolve(): name for place, name in self._git.worktrees().items()}
        if path.resolve() in known:
            if known[path.resolve()] != branch:
                raise ToolError(
                    f"{path} has {known[path.resolve()] or 'no branch'} checked out, not {branch}",
                    hint=f"in there: git switch {branch}",
                )
            return path
        if path.exists():
            raise ToolError(
                f"{path} is in the way: it is no worktree of this repository",
                hint="move it away; hostkit deletes nothing that it did not make",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._git.resolve(f"refs/heads/{branch}"):
            self._git.run("worktree", "add", "--quiet", str(path), branch)
        else:
            self._git.run("worktree", "add", "--quiet", "--no-track", "-b", branch, str(path), start())
        return path

    def _start(self, needs: Sequence[str]) -> str:
        """Start at the target when it has all the needs, else at the first of them."""
        tip = self._git.resolve(f"refs/heads/{self._target}")
        return tip if all(self._git.is_ancestor(need, tip) for need in needs) else needs[0]

    def remove_merged(self, task: str, target_tip: str) -> bool:
        """Remove a task's worktree and branch if nothing would be lost; return whether they went."""
        path, branch = self.path(task), BRANCHES + task
        with self._one_at_a_time:
            if (
                path.resolve() not in {place.resolve() for place in self._git.worktrees()}
                or not path.is_dir()
            ):
                return False
            tip = self._git.resolve(f"refs/heads/{branch}")
            if any(losses(self._git.at(path), branch, target_tip)):
                return False
            self._git.run("worktree", "remove", str(path))  # git itself refuses what is not clean
            if tip:
                self._git.run("update-ref", "-d", f"refs/heads/{branch}", tip)
            return True

    def kept(self) -> tuple[str, ...]:
        """Return the tasks that have a worktree, as their folders say."""
        if not self._folder.is_dir():
            return ()
        names = [entry.name for entry in self._folder.iterdir() if entry.is_dir() and not entry.is_symlink()]
        return tuple(sorted(name for name in names if not name.startswith(APART)))

    def used_bytes(self) -> int:
        """Return what all worktrees take on the disk. A file that goes away meanwhile takes nothing."""
        return _disk_bytes(self._folder)


def _disk_bytes(folder: Path) -> int:
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        total += _disk_bytes(Path(entry.path))
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return total
    return total


def _merge(git: Git, need: str, task: str) -> None:
    message = f"{task}: on top of {need[:12]}"
    done = git.ask("merge", "--no-ff", "--no-edit", "-m", message, need, env=git.identity())
    if done.ok:
        return
    conflicts = [line for line in done.output.splitlines() if line.startswith("CONFLICT")]
    git.ask("merge", "--abort")
    said = conflicts[0] if conflicts else done.output.strip().splitlines()[-1]
    raise NoBaseError(
        f"what {task} needs does not merge: {said}",
        hint=f"merge it by hand in {git.directory} and run again",
    )


def restore(git: Git, commit: str) -> None:
    """Take away all that is in a worktree of :meth:`Worktrees.apart` besides the commit.

    Raises :class:`ToolError` anywhere else: there may be work there.
    """
    if not git.directory.name.startswith(APART):
        raise ToolError(
            f"{git.directory} is no worktree that hostkit made to prove in",
            hint="this is a bug in hostkit; nothing was touched",
        )
    git.run("checkout", "--quiet", "--force", "--detach", commit)
    git.run("clean", "-ffdxq")

"""What plain commands run on: the checkout, its commit, its changes, and the files that each names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from hostkit.files import canonical_json, sha256_file
from hostkit.tasks.git import Git
from hostkit.tasks.model import Plan, Run, Task
from hostkit.tasks.patterns import outside

_OURS = (".git", ".hostkit")
_MAGIC = frozenset("*?[")


class Stamp(NamedTuple):
    """What a command was and ran on, each part a SHA-256: another one, and its result says nothing any more.

    ``command``: argv, exit code, checks and what it may write. ``inputs``: the content of the files that it
    names as inputs; where it names none, the commit and every change in the checkout. ``needs``: what the
    tasks that it needs were verified by.
    """

    command: str
    inputs: str
    needs: str

    def __str__(self) -> str:
        """Return it as it is kept."""
        return " ".join(self)

    @classmethod
    def of(cls, text: str) -> Stamp:
        """Return what :meth:`__str__` kept."""
        return cls(*text.split())

    def differs(self, other: Stamp) -> str:
        """Return which parts are not the same, in words."""
        names = ("the command", "its inputs", "what it needs")
        parts = zip(names, self, other, strict=True)
        return " and ".join(name for name, mine, theirs in parts if mine != theirs)


class Ground:
    """The checkout as it was when a run began, or when it moved. Files that tasks name are looked at anew."""

    def __init__(self, git: Git, plan: Plan) -> None:
        """Ask git nothing until something is to be known."""
        self._git = git
        self._plan = plan
        self._hashes: dict[str, tuple[tuple[int, ...], str]] = {}
        self._ancestors: dict[str, bool] = {}
        self._commands: dict[str, tuple[Task, str]] = {}

    @property
    def checkout(self) -> Path:
        """Return where commands run."""
        return self._git.directory

    def forget(self) -> None:
        """Look at the commit and its changes anew: the checkout was moved."""
        self.__dict__.pop("_base", None)
        self._ancestors.clear()

    @cached_property
    def _base(self) -> str:
        """The commit with all that is changed, but for what commands of the plan say that they write."""
        written = [glob for task in self._plan.tasks.values() if task.run for glob in task.files]
        seen = self._git.state()
        changed = outside(seen.changed, written) if written else seen.changed
        digest = hashlib.sha256(f"{self.checkout}\0{seen.commit}\0".encode())
        for path in changed:
            digest.update(f"{path}\0{self._hash(path)}\0".encode())
        return digest.hexdigest()

    def stamp(self, task: Task, marks: Sequence[str]) -> Stamp:
        """Return what a command would be and run on now. ``marks``: of the tasks that it needs, verified."""
        assert task.run is not None
        known, command = self._commands.get(task.id, (None, ""))
        if known is not task:
            command = _command(task, task.run)
            self._commands[task.id] = (task, command)
        inputs = self._content(task.run.inputs) if task.run.inputs else self._base
        return Stamp(command, inputs, hashlib.sha256("\n".join(marks).encode()).hexdigest())

    def wrote(self, task: Task) -> str:
        """Return a hash over what is there of the files that a command writes, "" where it names none."""
        return self._content(task.files) if task.files else ""

    def has(self, commit: str) -> bool:
        """True when the commit is in what is checked out."""
        if commit not in self._ancestors:
            self._ancestors[commit] = self._git.is_ancestor(commit, "HEAD")
        return self._ancestors[commit]

    def missing(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return the paths at which the checkout has no regular file."""
        places = ((path, self.checkout / path) for path in paths)
        return tuple(path for path, place in places if place.is_symlink() or not place.is_file())

    def _content(self, globs: Sequence[str]) -> str:
        digest = hashlib.sha256(str(self.checkout).encode())
        for glob in globs:
            digest.update(f"\0\0{glob}".encode())
            for path in sorted(self._covered(glob)):
                digest.update(f"\0{path}\0{self._hash(path)}".encode())
        return digest.hexdigest()

    def _covered(self, glob: str) -> Iterator[str]:
        """Yield the files of the checkout that a glob covers; it is only walked below what is sure of it."""
        clean = glob.strip().removeprefix("./").rstrip("/")
        parts = clean.split("/")
        sure = next((n for n, part in enumerate(parts) if _MAGIC & set(part)), len(parts))
        top = "/".join(parts[:sure])
        if sure == len(parts) and not (self.checkout / top).is_dir():
            yield from [top] if os.path.lexists(self.checkout / top) else []
            return
        found = (f"{top}/{path}" if top else path for path in _files_below(self.checkout / top))
        yield from (path for path in found if not outside((path,), (glob,)))

    def _hash(self, path: str) -> str:
        """Return what a path is: the hash of a file's content, kept as long as its size and times are."""
        place = self.checkout / path
        try:
            seen = place.lstat()
            known = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_mode)
            if path not in self._hashes or self._hashes[path][0] != known:
                told = str(place.readlink()) if place.is_symlink() else sha256_file(place)
                self._hashes[path] = (known, f"{seen.st_mode:o} {told}")
        except OSError as error:
            return f"unreadable: {error.strerror}"
        return self._hashes[path][1]


def _files_below(top: Path) -> Iterator[str]:
    for folder, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name not in _OURS)
        within = os.path.relpath(folder, top)
        yield from (name if within == "." else f"{within}/{name}" for name in files)


def _command(task: Task, run: Run) -> str:
    checks = [f"{type(check).__name__} {getattr(check, 'digest', '')}" for check in task.checks]
    return _digest([run.argv, run.exit, task.files, run.inputs, checks])


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()

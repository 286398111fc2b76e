"""Git, as a program: what tasks and gates need of it, each answer checked."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import HostkitError, ToolError, UsageError
from hostkit.process import Command, Finished, Runner

_NO_COMMIT = "commit something first; where there is no repository: git init"
_HASH = re.compile(r"^[0-9a-f]{40,64}$", re.MULTILINE)
_TIMEOUT_S = 120.0
_COUNTED = ("firmware", "hil_tests", "hostkit", "platformio.ini", "conftest.py")  # built, or judging
_LEFT_BY_TOOLS = re.compile(r"(^|/)(__pycache__/|\.)|~$")  # byte code, hidden files, editors' backups
# A hook's own repository must not become ours; who commits and how git is configured stays as it is.
_OF_A_HOOK = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE|PREFIX|ALTERNATE.*)"
)


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git finds the repository by the working directory alone."""
    return {name: value for name, value in env.items() if not _OF_A_HOOK.fullmatch(name)}


def _complaint(output: str) -> str:
    """Return the line of git's output that says what is wrong: its last one is often just «Aborting»."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("error:", "fatal:", "CONFLICT"))]
    return (marked or lines[-1:] or ["no output"])[0]


@dataclass(frozen=True, slots=True)
class Checkout:
    """What is checked out: ``changes`` is a hash over all that differs from the commit, or "".

    ``parents``: of the commit, more than one for a merge.
    """

    commit: str
    tree: str
    dirty: bool
    changes: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A commit that is checked out, and the paths that differ from it."""

    commit: str
    changed: tuple[str, ...]


class Git:
    """One working tree. Every method raises :class:`ToolError` with git's words when git refuses."""

    def __init__(self, directory: Path, runner: Runner) -> None:
        """Work in ``directory``."""
        self.directory = directory
        self._runner = runner

    def at(self, directory: Path) -> Git:
        """Return the same for another working tree."""
        return Git(directory, self._runner)

    def ask(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run git and return how it ended, whatever its exit code."""
        environment = clean_environment(os.environ) | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        environment["GIT_OPTIONAL_LOCKS"] = "0"  # a look leaves no index.lock, for others to meet or to stay
        return self._runner.run(
            Command(
                ("git", "-c", "core.quotepath=off", "-c", "gc.auto=0", *arguments),
                cwd=self.directory,
                env=environment | dict(env or {}),
                timeout_s=_TIMEOUT_S,
            )
        )

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run git and return what it printed."""
        done = self.ask(*arguments, env=env)
        if not done.ok:
            said = _complaint(done.output)
            raise ToolError(
                f"git {arguments[0]} failed in {self.directory}: {said}",
                hint=f"run it there to see all of it: git {' '.join(arguments)}",
            )
        return done.output

    def common_dir(self) -> Path:
        """Return the repository that all worktrees share: the name of the project."""
        done = self.ask("rev-parse", "--git-common-dir")
        if not done.ok:
            raise UsageError(
                f"{self.directory} is in no git repository",
                hint="tasks and merges need one: git init, then commit",
            )
        said = done.output.strip().splitlines()
        if not said:
            raise ToolError(
                "git rev-parse --git-common-dir printed nothing", hint="is it git? see: command -v git"
            )
        return (self.directory / said[-1]).resolve()

    def resolve(self, name: str) -> str:
        """Return the commit of a name, or "" when there is none."""
        done = self.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        found = _HASH.search(done.output) if done.ok else None
        return found[0] if found else ""

    def checkout(self) -> Checkout:
        """Return what is checked out, with a hash over uncommitted changes and untracked files."""
        named = self.ask("rev-parse", "HEAD^{commit}", "HEAD^{tree}", "HEAD^@")
        found = _HASH.findall(named.output) if named.ok else []
        if len(found) < 2:
            raise UsageError(f"{self.directory} has no commit yet", hint=_NO_COMMIT)
        commit, tree, *parents = found
        paths = self.changed_paths()
        digest = hashlib.sha256()
        for path in paths:
            digest.update(path.encode() + b"\0")
            file = self.directory / path
            digest.update(hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"gone")
        return Checkout(commit, tree, bool(paths), digest.hexdigest() if paths else "", tuple(parents))

    def state(self) -> Seen:
        """Return what is checked out and every path that may differ from it, relative to the directory.

        Ignored files are not looked at, other than by :meth:`changed_paths`: who judges by them says so.
        """
        named = self.ask("rev-parse", "HEAD^{commit}", "--show-prefix")
        if not named.ok:
            raise UsageError(f"{self.directory} has no commit yet", hint=_NO_COMMIT)
        commit, prefix = (*named.output.split("\n"), "")[:2]
        listed = self.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        paths = {entry[3:] for entry in listed.split("\0") if len(entry) > 3}
        marked = self.run("ls-files", "-v", "-z", "--full-name").split("\0")
        paths |= {entry[2:] for entry in marked if entry[:1].islower() or entry[:1] == "S"}
        here = (os.path.relpath(path, prefix or ".") for path in paths)
        return Seen(commit, tuple(sorted(path for path in here if not path.startswith(".hostkit/"))))

    def changed_paths(self) -> tuple[str, ...]:
        """Return paths that differ, or may differ, from the commit: untracked ones included.

        Ignored ones count where they would be built or would judge, and so does what git was told to
        overlook (``update-index --assume-unchanged``, ``--skip-worktree``). What hostkit itself keeps in
        a checkout, under ``.hostkit/``, does not.
        """
        listed = self.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        paths = {entry[3:] for entry in listed.split("\0") if len(entry) > 3}
        marked = self.run("ls-files", "-v", "-z").split("\0")
        paths |= {entry[2:] for entry in marked if entry[:1].islower() or entry[:1] == "S"}
        ignored = self.run("ls-files", "-z", "-o", "-i", "--exclude-standard", "--", *_COUNTED)
        paths |= {path for path in ignored.split("\0") if path and not _LEFT_BY_TOOLS.search(path)}
        return tuple(sorted(path for path in paths if not path.startswith(".hostkit/")))

    def changed_between(self, base: str, commit: str) -> tuple[str, ...]:
        """Return paths that differ between two commits."""
        listed = self.run("diff", "--name-only", "-z", "--no-renames", base, commit)
        return tuple(sorted(path for path in listed.split("\0") if path))

    def is_ancestor(self, older: str, newer: str) -> bool:
        """True when ``newer`` contains ``older`` (or is it)."""
        done = self.ask("merge-base", "--is-ancestor", older, newer)
        if done.returncode not in (0, 1):
            raise ToolError(f"git merge-base failed: {done.output.strip()}", hint="run git fsck")
        return done.returncode == 0

    def worktrees(self) -> dict[Path, str]:
        """Return every worktree with the branch that is checked out there ("" when detached)."""
        return {
            path: fields.get("branch", "").removeprefix("refs/heads/")
            for path, fields in self._listed_worktrees()
        }

    def unfinished_worktrees(self) -> frozenset[Path]:
        """Return worktrees that a git is making, or was when it was killed: locked as «initializing»."""
        listed = self._listed_worktrees()
        return frozenset(path.resolve() for path, fields in listed if fields.get("locked") == "initializing")

    def locked_worktrees(self) -> frozenset[Path]:
        """Return worktrees that somebody locked, for whatever reason."""
        return frozenset(path.resolve() for path, fields in self._listed_worktrees() if "locked" in fields)

    def _listed_worktrees(self) -> Iterator[tuple[Path, dict[str, str]]]:
        for block in self.run("worktree", "list", "--porcelain").split("\n\n"):
            fields = dict(line.partition(" ")[::2] for line in block.splitlines())
            if "worktree" in fields:
                yield Path(fields["worktree"]), fields

    def identity(self) -> dict[str, str]:
        """Return environment for commits that hostkit makes: the user's own name where there is one."""
        if self.ask("var", "GIT_COMMITTER_IDENT").ok and self.ask("var", "GIT_AUTHOR_IDENT").ok:
            return {}
        roles = ("AUTHOR", "COMMITTER")
        return {f"GIT_{role}_NAME": "hostkit" for role in roles} | {
            f"GIT_{role}_EMAIL": "hostkit@localhost" for role in roles
        }


class AskedCheckout:
    """What is checked out, asked of git at once, beside whatever is done before the answer is needed."""

    def __init__(self, git: Git) -> None:
        """Begin to ask."""
        self._git = git
        self._checkout: Checkout | None = None
        self._error: HostkitError | None = None
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._checkout = self._git.checkout()
        except HostkitError as error:
            self._error = error

    def answer(self) -> Checkout:
        """Wait for the answer. Raises what :meth:`Git.checkout` raises, each time it is asked for."""
        self._thread.join()
        if self._checkout is not None:
            return self._checkout
        raise self._error or ToolError("git was asked and did not answer", hint="run the same command again")

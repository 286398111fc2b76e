"""Everything that shapes an artifact, and the build id that is the hash of it.

Every file is read and hashed every time. The tree is small (some hundred files, under 1 MB: 5 ms),
so a cache of digests by time stamp would save nothing that a person notices, and could be wrong: two
writes within one tick of the file system's clock look alike.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hostkit.build.project import CMAKE, INI, EnvSettings
from hostkit.build.toolchain import Toolchain
from hostkit.errors import MissingToolError, ToolError
from hostkit.files import canonical_json
from hostkit.process import Command, Runner

FIRMWARE = "firmware"
FORMAT = 2  # raise when the packer makes other bytes of the same inputs
_GIT_TIMEOUT_S = 20.0
_TRACKED = (FIRMWARE, INI, CMAKE)
_SOURCE_SUFFIXES = {".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".inc", ".s", ".S", ".ld"}


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the sources stand in git.

    ``commit`` has 40 hex digits, or is empty outside a repository. ``dirty`` is False only when the
    build's own inputs (firmware/, platformio.ini, CMakeLists.txt) are exactly those of the commit; a
    changed test or document does not count. ``note`` says why there is no commit, else it is empty.
    """

    commit: str
    dirty: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of one build, as JSON values in ``facts``, and their hash (64 hex digits)."""

    build_id: str
    facts: Mapping[str, object]
    revision: Revision
    sources: int  # number of files


def read_revision(project: Path, runner: Runner) -> Revision:
    """Ask git, in one call. Never raises for a missing git or repository: that is said in ``note``."""
    command = git_command(
        project, "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", *_TRACKED
    )
    try:
        done = runner.run(command)
    except MissingToolError:
        return Revision("", True, "git is not installed: the build carries no commit")
    if done.timed_out:
        return Revision(
            "", True, f"git did not answer in {_GIT_TIMEOUT_S:.0f} s: the build carries no commit"
        )
    if not done.ok:
        reason = (done.output.strip().splitlines() or ["no output"])[0]
        return Revision("", True, f"the build carries no commit: {reason}")
    return parse_status(done.output)


def git_command(project: Path, *arguments: str) -> Command:
    """Return a question to git about the checkout alone: a hook's own repository must not become ours."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return Command(
        ("git", *arguments),
        cwd=project,
        env=inherited | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},  # no index.lock: others use it
        timeout_s=_GIT_TIMEOUT_S,
    )


def parse_status(text: str) -> Revision:
    """Read ``git status --porcelain=v2 --branch``: the commit, and whether anything differs from it."""
    commit, dirty = "", False
    for line in text.splitlines():
        if line.startswith("# branch.oid "):
            commit = line.rsplit(" ", 1)[1]
        elif line and not line.startswith("#"):
            dirty = True
    if commit == "(initial)":
        return Revision("", True, "the repository has no commit yet")
    return Revision(commit, dirty or not commit)


def collect_inputs(project: Path, env: EnvSettings, toolchain: Toolchain, revision: Revision) -> Inputs:
    """Hash every input of a build. Raises :class:`ToolError` for a file that cannot be read."""
    sources = {
        str(path.relative_to(project)): _digest(path)
        for path in sorted({*_firmware(project / FIRMWARE), *env.files})
    }
    facts = {
        "format": FORMAT,
        "env": env.name,
        "chip": env.chip.value,
        "profile": env.profile,
        "version": env.version,
        "compiler": env.compiler.value if env.compiler else env.platform,
        "machine": os.uname().machine,
        "toolchain": dict(toolchain.versions),
        "commit": revision.commit,
        "dirty": revision.dirty,
        "sources": sources,
    }
    return Inputs(hash_facts(facts), facts, revision, len(sources))


def hash_facts(facts: Mapping[str, object]) -> str:
    """Return the build id of these facts: SHA-256 of their canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(facts)).hexdigest()


def changed_sources(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths whose content differs between two builds' facts, sorted."""
    old, new = before.get("sources"), after.get("sources")
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return ()
    return tuple(sorted(str(path) for path in {*old, *new} if old.get(path) != new.get(path)))


def _firmware(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root, onerror=_unreadable):
        names[:] = [name for name in names if name != "__pycache__" and not name.startswith(".")]
        yield from (Path(directory, name) for name in files if _is_input(Path(directory, name)))


def _is_input(path: Path) -> bool:
    """Tell sources from what editors leave: swap files, lock links, backups."""
    if path.suffix in _SOURCE_SUFFIXES:
        return path.exists()  # a lock link such as .#main.cpp points nowhere
    return not path.name.startswith(".") and not path.name.endswith("~")


def _unreadable(error: OSError) -> None:
    raise ToolError(f"cannot read {error.filename}: {error.strerror}", hint="check its owner and mode")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}", hint="check its owner and mode") from error

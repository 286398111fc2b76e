# ruff: noqa: PTH118, PTH123 - thousands of paths, several times slower as objects
"""What a case depends on, as it lies there: the project by content, programs by size, times and inode."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from hostkit.errors import MissingToolError, UsageError
from hostkit.files import canonical_json
from hostkit.gate.evidence import suite_hash
from hostkit.gate.suite import suite_places
from hostkit.tasks.git import AskedCheckout, Checkout, Git

if TYPE_CHECKING:
    from hostkit.process import Runner

_PROGRAMS = ("git", "g++", "clang++", "qemu-system-xtensa", "qemu-system-riscv32")
_NEAREST = "boards.toml"
_SETTINGS = ("hostkit.toml", "platformio.ini", "CMakeLists.txt")
_SOURCES = "firmware"
_BYTE_CODE = (".pyc", ".pyo")


class Surroundings:
    """A project as it is now. Git is asked at once, beside whatever is done before its answer is needed."""

    def __init__(self, project: Path, runner: Runner) -> None:
        """Begin to ask."""
        self.project = project
        self._asked = AskedCheckout(Git(project, runner))

    @property
    def checkout(self) -> Checkout | None:
        """What is checked out, None where there is no commit. Raises :class:`ToolError` with git's words."""
        try:
            return self._asked.answer()
        except (UsageError, MissingToolError):
            return None  # no commit: nothing is known of it at a glance

    def digest(self) -> str:
        """Return the hash of the content: commit, changes, tests, sources, settings; "" without a commit."""
        project = self.project
        nearest = next(
            (above for above in (project, *project.parents) if (above / _NEAREST).is_file()), project
        )
        files = [str(nearest / _NEAREST), *(str(project / name) for name in _SETTINGS)]
        files += sorted(path for path, _ in _files_in(str(project / _SOURCES)))
        read = [(path, _content(path)) for path in files]
        suite = suite_hash(suite_places(project), {})
        checkout = self.checkout
        if checkout is None:
            return ""
        told = [checkout.commit, checkout.tree, checkout.dirty, checkout.changes, suite, read]
        return hashlib.sha256(canonical_json(told)).hexdigest()


def places_digest(project: Path, places: Iterable[str]) -> tuple[str, int]:
    """Return a hash of how programs lie on the disk, and when one was touched last (ns, wall clock)."""
    rows: list[str] = [f"{name}={os.path.realpath(which(name) or '')}" for name in _PROGRAMS]
    newest = 0
    for path, stat in _everything(project, places):
        if stat is None:
            rows.append(path)
            continue
        newest = max(newest, stat.st_ctime_ns, stat.st_mtime_ns)
        rows.append(f"{path}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}")
    return hashlib.sha256("\n".join(rows).encode(errors="surrogateescape")).hexdigest(), newest


def looked_in(project: Path) -> list[str]:
    """Return the module path without the project, which is not of it for tools (``-P``)."""
    return [entry for entry in sys.path if entry and os.path.realpath(entry) != str(project)]


_Found = tuple[str, os.stat_result | None]


def _everything(project: Path, places: Iterable[str]) -> Iterator[_Found]:
    """Yield files of programs, and what says which of them Python would take: module path and ``.pth``."""
    for place in places:
        inside = sorted(_files_in(place))
        yield from inside or ((place, _stat(place)),)
    for folder in looked_in(project):
        yield folder, _stat(folder)
        if os.path.isdir(folder):  # noqa: PTH112
            names = sorted(name for name in os.listdir(folder) if name.endswith(".pth"))  # noqa: PTH208
            yield from ((path, _stat(path)) for path in (os.path.join(folder, name) for name in names))


def _files_in(folder: str) -> Iterator[_Found]:
    """Yield every file below a folder, links followed for what they are but not into folders."""
    try:
        listing = os.scandir(folder)
    except OSError:
        return
    with listing:
        for entry in listing:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files_in(entry.path)
            elif not entry.name.endswith(_BYTE_CODE) and not entry.is_dir():
                yield entry.path, _stat(entry)


def _stat(path: str | os.DirEntry[str]) -> os.stat_result | None:
    try:
        return path.stat() if isinstance(path, os.DirEntry) else os.stat(path)  # noqa: PTH116
    except OSError:
        return None


def _content(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""

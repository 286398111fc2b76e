# ruff: noqa: PTH112, PTH116, PTH118, PTH123, PTH208 - thousands of paths, several times slower as objects
"""Says at a glance that a case is the one that was answered before: same project, same tools, same question.

Which case it is takes a second to find out: the build's inputs, the suite, and every file of every program.
A *witness* keeps what came of that, the key of a cached pass, beside what it came of: the commit and all
that differs from it, tests, sources and settings by content; programs by size, times and inode. It is signed,
as a false one would let a pass answer for something else. Whatever does not match makes it no answer, never
a wrong one: then everything is looked at again.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from hostkit import __version__
from hostkit.errors import InvalidError, MissingToolError, UsageError
from hostkit.files import atomic_write, canonical_json, strict_json
from hostkit.gate.cache import Earlier, recall
from hostkit.gate.dsse import read_envelope
from hostkit.gate.evidence import suite_hash
from hostkit.gate.folder import shown
from hostkit.gate.keys import Signer
from hostkit.gate.suite import suite_places
from hostkit.tasks.git import Git

if TYPE_CHECKING:
    from hostkit.process import Runner

PAYLOAD_TYPE = "application/vnd.hostkit.witness+json"
SETTLED_NS = 2_000_000_000
"""How long before the look a program must have lain as it is: the coarsest file system's tick."""

_LIMIT = 1_000_000  # bytes; one has some thousand
_ASKING = re.compile(r"(HOSTKIT|PYTHON|GIT|PLATFORMIO|XDG|ZIG|LD)_?.*|PATH|HOME|VIRTUAL_ENV|CC|CXX")
_PROGRAMS = ("git", "g++", "clang++", "qemu-system-xtensa", "qemu-system-riscv32")
_NEAREST = "boards.toml"
_SETTINGS = ("hostkit.toml", "platformio.ini", "CMakeLists.txt")
_SOURCES = "firmware"
_BYTE_CODE = (".pyc", ".pyo")


@dataclass(frozen=True, slots=True)
class Question:
    """What a command line asks: the project, its options, and the environment that it was typed in."""

    project: Path
    options: Mapping[str, object]
    env: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """The hash of all that can change what is meant, 64 hex digits."""
        env = {name: value for name, value in self.env.items() if _ASKING.fullmatch(name)}
        asked = {"project": str(self.project), "options": dict(self.options), "env": env}
        us = {"hostkit": __version__, "python": sys.executable, "path": _looked_in(self.project)}
        return hashlib.sha256(canonical_json(asked | us)).hexdigest()


@dataclass(frozen=True, slots=True)
class WitnessStand:
    """Where witnesses are kept, one a question, and by whom they are signed."""

    folder: Path
    signer: Signer
    runner: Runner

    def answer(self, question: Question, now_ns: int) -> Earlier | None:
        """Return the pass that answers a question, None where that has to be found out first.

        Raises :class:`InvalidError` for a witness or a cached pass that somebody tampered with.
        """
        said = self._read(question)
        if said is None or said["project"] != project_digest(question.project, self.runner):
            return None
        if said["places"] != places_digest(question.project, said["looked_at"])[0]:
            return None
        return recall(Path(said["runs"]), said["key"], self.signer.public, now_ns)

    def keep(self, question: Question, earlier: Earlier, project: str, began_ns: int) -> bool:
        """Keep how an answer was found; ``project`` is the digest of the project before it was looked for.

        Nothing is kept, and False returned, where no places are named (the case depends on more than those),
        where the project is another one by now, or where a program
        was touched so lately that it may have been another one at ``began_ns``.
        """
        if not earlier.places:
            return False
        places, newest_ns = places_digest(question.project, earlier.places)
        again = project_digest(question.project, self.runner)
        if newest_ns > began_ns - SETTLED_NS or not project or again != project:
            return False
        said = {
            "question": question.sha256,
            "key": earlier.key,
            "runs": str(earlier.evidence.parent),
            "project": project,
            "looked_at": list(earlier.places),
            "places": places,
        }
        data = self.signer.sign(PAYLOAD_TYPE, canonical_json(said)).to_json()
        atomic_write(self._place(question), data, durable=False)
        return True

    def _read(self, question: Question) -> dict[str, Any] | None:
        place = self._place(question)
        try:
            with place.open("rb") as stream:
                data = stream.read(_LIMIT)
        except OSError:
            return None
        try:
            envelope = read_envelope(data)
            self.signer.public.check(envelope)
            said: dict[str, Any] = strict_json(envelope.payload)
            if (envelope.payload_type, said["question"]) != (PAYLOAD_TYPE, question.sha256):
                raise ValueError("it answers another question")
        except InvalidError as error:
            raise _invalid(place, error.message) from error
        except (ValueError, KeyError, TypeError) as error:
            raise _invalid(place, f"it is none: {error}") from error
        return said

    def _place(self, question: Question) -> Path:
        return self.folder / f"{question.sha256}.json"


def project_digest(project: Path, runner: Runner) -> str:
    """Return the hash of a checkout's content: commit, changes, tests, sources, settings.

    "" where there is no commit.
    """
    try:
        checkout = Git(project, runner).checkout()
    except (UsageError, MissingToolError):
        return ""
    nearest = next((above for above in (project, *project.parents) if (above / _NEAREST).is_file()), project)
    files = [str(nearest / _NEAREST), *(str(project / name) for name in _SETTINGS)]
    files += sorted(_files_in(str(project / _SOURCES)))
    read = [(path, _content(path)) for path in files]
    suite = suite_hash(suite_places(project), {})
    told = [checkout.commit, checkout.tree, checkout.dirty, checkout.changes, suite, read]
    return hashlib.sha256(canonical_json(told)).hexdigest()


def places_digest(project: Path, places: Iterable[str]) -> tuple[str, int]:
    """Return a hash of how programs lie on the disk, and when one was touched last (ns, wall clock)."""
    rows: list[str] = [f"{name}={os.path.realpath(which(name) or '')}" for name in _PROGRAMS]
    newest = 0
    for path in _everything(project, places):
        try:
            stat = os.stat(path)
        except OSError:
            rows.append(path)
            continue
        newest = max(newest, stat.st_ctime_ns, stat.st_mtime_ns)
        rows.append(f"{path}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}")
    return hashlib.sha256("\n".join(rows).encode(errors="surrogateescape")).hexdigest(), newest


def _everything(project: Path, places: Iterable[str]) -> Iterator[str]:
    """Return files of programs, and what says which of them Python would take: module path and ``.pth``."""
    for place in places:
        yield place if not os.path.isdir(place) else ""
        yield from sorted(_files_in(place))
    for folder in _looked_in(project):
        yield folder
        if os.path.isdir(folder):
            yield from sorted(
                os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pth")
            )


def _looked_in(project: Path) -> list[str]:
    """Return the module path without the project, which is not of it for tools (``-P``)."""
    return [entry for entry in sys.path if entry and os.path.realpath(entry) != str(project)]


def _files_in(folder: str) -> Iterator[str]:
    for directory, names, files in os.walk(folder):
        names[:] = [name for name in names if name != "__pycache__"]
        yield from (os.path.join(directory, name) for name in files if not name.endswith(_BYTE_CODE))


def _content(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _invalid(place: Path, what: str) -> InvalidError:
    return InvalidError(
        f"the witness {place.name[:12]} of a cached verdict does not hold: {shown(what)}",
        hint=f"who wrote {place}? remove it, and the gate looks at everything again",
    )

# ruff: noqa: PTH112, PTH116, PTH118, PTH119, PTH123 - thousands of paths, several times slower as objects
"""What is installed beside this interpreter, and whether its files are those that were installed.

Run as a program (:func:`hostkit.interpreter.module_argv`), so that it looks with the eyes of a tool that is
run in the same way: ``python -P -m hostkit.gate.installed CACHE NAME=MODULE PATH ...`` prints a JSON object.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from hostkit.files import atomic_write, canonical_json
from hostkit.words import first_of

_MOST_KEPT = 200  # digests
_MADE_LATER = (".pyc", ".pyo")  # byte code, which Python writes beside what was installed


@dataclass(frozen=True, slots=True)
class Installed:
    """A tool on the disk: ``path`` is the file that runs, ``sha256`` is over all of the tool's files.

    ``problem``: why it is not what was installed, "" when it is.
    """

    version: str
    path: str
    sha256: str
    problem: str = ""


def look_at(name: str, module: str, cache: Mapping[str, str]) -> tuple[Installed, str]:
    """Return a distribution as it lies there, and the key under which its digest may be kept.

    ``cache`` maps such keys to digests of files that were whole when they were read; a key changes with
    size, times and inode of any file.
    """
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return Installed("", "", "", "is not installed"), ""
    spec = find_spec(module)
    origin = os.path.realpath(spec.origin) if spec is not None and spec.origin else ""
    root = os.path.realpath(str(found.locate_file("")))
    files = dict(_files(found, root))
    if origin not in files:
        return Installed(found.version, origin, "", "is not the one that is installed"), ""
    added = [path for path in _lying_in(os.path.join(root, module)) if path not in files]
    if added:
        return Installed(found.version, origin, "", f"has files that were not installed: {_some(added)}"), ""
    key = fingerprint(files)
    if key in cache:
        return Installed(found.version, origin, cache[key]), key
    digests = {path: _sha256(path) for path in files}
    changed = [path for path, digest in digests.items() if files[path] != digest]
    whole = [(os.path.relpath(path, root), digest) for path, digest in sorted(digests.items())]
    total = hashlib.sha256(canonical_json(whole)).hexdigest()
    if changed:
        return Installed(found.version, origin, total, f"was changed since: {_some(changed)}"), ""
    return Installed(found.version, origin, total), key


def _files(found: Distribution, root: str) -> Iterator[tuple[str, str]]:
    """Return the files below ``root`` with the SHA-256 that the installer wrote down."""
    for path, digest, _ in csv.reader((found.read_text("RECORD") or "").splitlines()):
        outside = path.startswith(("..", "/"))  # launchers, which an installer writes anew for each place
        if not outside and digest.startswith("sha256=") and not path.endswith(_MADE_LATER):
            raw = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "==")
            yield os.path.join(root, path), raw.hex()


def _lying_in(folder: str) -> Iterator[str]:
    """Return all files in a module's folder: one that nobody installed could run in another's place."""
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(_MADE_LATER):
                yield os.path.join(directory, name)


def fingerprint(paths: Iterable[str]) -> str:
    """Return a key that changes when any of the files is written, replaced or removed."""
    rows = []
    for path in sorted(paths):
        try:
            stat = os.stat(path)
        except OSError:
            rows.append(path)
            continue
        rows.append(f"{path}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}")
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _sha256(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return "missing"


def look_at_path(path: str, cache: Mapping[str, str]) -> tuple[str, str]:
    """Return the SHA-256 of a file, or over all files of a folder, and the key under which it may be kept."""
    files = sorted(_lying_in(path)) if os.path.isdir(path) else [path]
    key = fingerprint(files)
    if key in cache:
        return cache[key], key
    if files == [path]:
        return _sha256(path), key
    whole = [(os.path.relpath(file, path), _sha256(file)) for file in files]
    return hashlib.sha256(canonical_json(whole)).hexdigest(), key


def _some(names: Sequence[str]) -> str:
    return first_of([os.path.basename(name) for name in names], "file")


def main(argv: Sequence[str]) -> int:
    """Look at each ``NAME=MODULE``, and at each file or folder given by its absolute path."""
    kept = Path(argv[0])
    try:
        cache: dict[str, str] = json.loads(kept.read_bytes())
    except (OSError, ValueError):
        cache = {}
    answer: dict[str, object] = {}
    known = dict(cache)
    for wanted in argv[1:]:
        if wanted.startswith("/"):
            digest, key = look_at_path(wanted, cache)
            seen = Installed("", wanted, digest)
        else:
            name, module = wanted.split("=", 1)
            seen, key = look_at(name, module, cache)
        answer[wanted] = asdict(seen)
        if key:
            known[key] = seen.sha256
    if known != cache:
        atomic_write(kept, canonical_json(dict(list(known.items())[-_MOST_KEPT:])), durable=False)
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The evidence of one run: a directory that is whole or absent, with a hash of every file in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hostkit.errors import ToolError
from hostkit.files import atomic_directory, canonical_json, disk_error, pretty_json, sha256_file

SEAL = "evidence.json"
"""The file that holds the hash of every other file of a bundle."""

LATEST = "latest"
"""A link beside the runs to the newest one."""


@contextmanager
def run_directory(runs: Path, run_id: str) -> Iterator[Path]:
    """Give a staging directory that becomes ``runs/run_id`` when the block ends well, else nothing."""
    with atomic_directory(runs / run_id) as stage:
        yield stage
    _point_latest(runs, run_id)


def _point_latest(runs: Path, run_id: str) -> None:
    """Let ``latest`` name the newest run: a convenience, so a file system without links may refuse."""
    link = runs / f".{LATEST}.{run_id}"
    with suppress(OSError):
        link.symlink_to(run_id)
        link.replace(runs / LATEST)


def write_json(stage: Path, name: str, value: Any) -> None:
    """Write one JSON file of a bundle, for people and programs."""
    write_bytes(stage, name, pretty_json(value))


def write_bytes(stage: Path, name: str, data: bytes) -> None:
    """Write one file of a bundle. Raises :class:`ToolError` when the disk refuses."""
    path = stage / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise disk_error(error, path) from error


def _hashes(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    names = {path.relative_to(directory).as_posix(): path for path in files}
    return {name: sha256_file(path) for name, path in names.items() if name != SEAL}


def seal(stage: Path) -> str:
    """Hash every file, flush them to the disk, write the seal and return the seal's own SHA-256."""
    for path in stage.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    data = pretty_json({"version": 1, "sha256": _hashes(stage)})
    write_bytes(stage, SEAL, data)
    return hashlib.sha256(data).hexdigest()


def broken_files(directory: Path, seal_sha256: str) -> tuple[str, ...]:
    """Return what is wrong with a bundle: changed, missing and added files; empty when it is intact."""
    path = directory / SEAL
    try:
        data = path.read_bytes()
    except OSError:
        return (f"{SEAL} cannot be read",)
    if hashlib.sha256(data).hexdigest() != seal_sha256:
        return (f"{SEAL} is not the one that the ledger names",)
    try:
        sealed: dict[str, str] = json.loads(data)["sha256"]
        found = _hashes(directory)
    except OSError as error:
        raise ToolError(f"cannot read {directory}: {error}", hint="check the disk") from error
    problems = [f"{name} is missing" for name in sealed if name not in found]
    problems += [f"{name} was added" for name in found if name not in sealed]
    problems += [f"{name} was changed" for name in sealed if name in found and found[name] != sealed[name]]
    return tuple(sorted(problems))


def suite_hash(places: tuple[Path, ...], rules: dict[str, object]) -> str:
    """Return the SHA-256 over tests, models and rules: any change of any of them gives another hash.

    ``places``: folders, taken whole, and files. Byte code and hidden files do not count; what does not
    exist counts as empty.
    """
    listing: list[tuple[str, str, str]] = []
    for place in places:
        if place.is_file():
            listing.append((place.name, "", sha256_file(place)))
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            parts = path.relative_to(place).parts
            if path.is_file() and "__pycache__" not in parts and not any(p.startswith(".") for p in parts):
                listing.append((place.name, "/".join(parts), sha256_file(path)))
    return hashlib.sha256(canonical_json({"files": listing, "rules": rules})).hexdigest()

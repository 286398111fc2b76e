"""The evidence of one run: a directory that is whole or absent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hostkit.files import atomic_directory, canonical_json, disk_error, pretty_json, sha256_file

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

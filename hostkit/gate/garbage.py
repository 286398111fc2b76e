"""What hostkit keeps of a user, and which of it evidence refers to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hostkit.build.garbage import Item, Limits, choose, measure, remove, sweep
from hostkit.build.lock import hold
from hostkit.build.slots import BuildSlots
from hostkit.build.store import MANIFEST
from hostkit.clock import Clock
from hostkit.gate.seal import SEAL
from hostkit.gate.witness import WITNESSES
from hostkit.settings.paths import Paths
from hostkit.store.glance import FILE_NAME

ARTIFACT, OBJECT, DIGEST, RUN = "artifact", "object", "mutant's digests", "interrupted run"
WITNESS = "witness"
_LOCK = "gc.lock"


@dataclass(frozen=True, slots=True)
class Yard:
    """Where to look. ``runs``: evidence of this checkout; ``database``: of the ledger, "" for the user's."""

    paths: Paths
    runs: Path
    clock: Clock
    database: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """``gone``: what went, or would. ``kept``: how much evidence refers to. ``note``: what was left out."""

    gone: tuple[Item, ...]
    left: int
    kept: int
    note: str = ""


def collect(yard: Yard, limits: Limits, *, dry: bool = False) -> Collection:
    """Remove what is old, or too much, and referred to by nothing; one collection at a time.

    The compilers' objects are left alone while anybody builds. Raises :class:`ToolError` for a ledger or a
    lock file that cannot be read: nothing is removed then.
    """
    with ExitStack() as stack:
        if not dry:
            stack.enter_context(hold(yard.paths.cache / _LOCK))
            for directory in (yard.paths.artifacts, yard.runs):
                sweep(directory)
        # Looked at before the references are read: what is published meanwhile is no candidate.
        builds, runs = list(_directories(yard.paths.artifacts)), list(_directories(yard.runs))
        items = [*_artifacts(builds, _referred(yard, runs)), *_interrupted(runs)]
        idle = dry or stack.enter_context(BuildSlots(yard.paths.slots, yard.clock).hold_all())
        if idle:
            items += _caches(yard.paths)
        chosen = choose(items, limits, yard.clock.wall_ns() / 1e9)
        gone = chosen if dry else remove(chosen)
    left = sum(item.size for item in items) - sum(item.size for item in gone)
    note = "" if idle else "somebody builds: compiled objects were left alone"
    return Collection(gone, left, sum(1 for item in items if item.kept), note)


def _directories(parent: Path) -> Iterator[Path]:
    """Return what lies there whole: what is being made, or removed, has a name with a dot."""
    if parent.is_dir():
        yield from (
            each for each in sorted(parent.iterdir()) if each.name[0] != "." and not each.is_symlink()
        )


def _artifacts(builds: list[Path], referred: dict[str, str]) -> Iterator[Item]:
    for directory in builds:
        build_id = _build_id(directory)
        item = measure(ARTIFACT, directory, referred.get(build_id, ""))
        if item is not None:
            yield item


def _interrupted(runs: list[Path]) -> Iterator[Item]:
    """Return runs that no verdict came of. A sealed one is evidence, and stays."""
    for directory in runs:
        if not (directory / SEAL).exists() and (item := measure(RUN, directory)) is not None:
            yield item


def _caches(paths: Paths) -> Iterator[Item]:
    """Return what is only ever made again: compiled objects, what mutants and cases were told apart by."""
    folders = (
        (OBJECT, paths.cache / "objects", "*/*"),
        (DIGEST, paths.cache / "mutants" / "objects", "*.json"),
        (WITNESS, paths.cache / WITNESSES, "*/*.json"),
    )
    for kind, folder, pattern in folders:
        for path in folder.glob(pattern):
            if path.is_file() and (item := measure(kind, path)) is not None:
                yield item


def _referred(yard: Yard, runs: list[Path]) -> dict[str, str]:
    """Return for each build id that must stay who refers to it."""
    found: dict[str, str] = {}
    for note in yard.paths.state.glob("flash/*.json"):
        found[_build_id_of(note)] = f"{note.stem} was flashed with it last"
    for run in runs:
        found[_build_id(run)] = f"run {run.name}"
    found |= dict.fromkeys(_in_ledger(yard), "the ledger")
    found.pop("", None)
    return found


def _in_ledger(yard: Yard) -> Iterator[str]:
    from hostkit.store.database import open_database  # noqa: PLC0415 - SQLAlchemy, only here
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    if not yard.database and not (yard.paths.state / FILE_NAME).exists():
        return
    with open_database(yard.paths.state, yard.database) as database:
        yield from [entry.record.build_id for entry in Ledger(database).entries()]


def _build_id(directory: Path) -> str:
    return _build_id_of(directory / MANIFEST)


def _build_id_of(file: Path) -> str:
    try:
        return str(json.loads(file.read_bytes())["build_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""

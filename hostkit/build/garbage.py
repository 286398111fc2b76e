"""What may go of what hostkit keeps, and how it goes: renamed first, so that nobody meets half of it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FLOOR_S = 3600.0
"""What was used in the last hour stays in any case: somebody may be at work with it."""

_DOOMED = re.compile(r"\.doomed-.+-\d+")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that could go. ``size`` in bytes, ``used_s``: seconds since the epoch, of its last use.

    ``kept``: why it must stay, whatever its age; "" when nothing refers to it.
    """

    kind: str
    path: Path
    size: int
    used_s: float
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """``age_s``: what was not used for longer goes. ``size``: bytes that may stay in all; None: any."""

    age_s: float
    size: int | None = None


def choose(items: Iterable[Item], limits: Limits, now_s: float) -> tuple[Item, ...]:
    """Return what goes, the longest unused first. Pure.

    Never what something refers to, nor what was used within :data:`FLOOR_S`: these may stay over the limit.
    """
    everything = sorted(items, key=lambda item: (item.used_s, str(item.path)))
    free = [item for item in everything if not item.kept and now_s - item.used_s > FLOOR_S]
    left = sum(item.size for item in everything)
    gone = []
    for item in free:
        if now_s - item.used_s > limits.age_s or (limits.size is not None and left > limits.size):
            gone.append(item)
            left -= item.size
    return tuple(gone)


def measure(kind: str, path: Path, kept: str = "") -> Item | None:
    """Return an item for a file or a directory as it is now; None when it is gone meanwhile."""
    try:
        about = path.stat()
        size = about.st_size if path.is_file() else sum(_sizes(path))
    except OSError:
        return None
    return Item(kind, path, size, about.st_mtime, kept)


def remove(items: Sequence[Item]) -> tuple[Item, ...]:
    """Remove items; return those that went. One that was used since it was measured stays.

    A kill in between leaves the rest of it under another name, which :func:`sweep` removes.
    """
    return tuple(item for item in items if _remove(item))


def sweep(directory: Path) -> None:
    """Remove what a removal that was killed left in a directory."""
    with suppress(OSError):
        for left in directory.iterdir():
            if _DOOMED.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)


def _remove(item: Item) -> bool:
    try:
        if item.path.stat().st_mtime > item.used_s:
            return False
        if not item.path.is_dir():
            item.path.unlink()
            return True
        doomed = item.path.with_name(f".doomed-{item.path.name}-{os.getpid()}")
        item.path.rename(doomed)
    except OSError:
        return False
    shutil.rmtree(doomed, ignore_errors=True)
    return True


def _sizes(directory: Path) -> Iterable[int]:
    for root, _, files in os.walk(directory):
        for name in files:
            with suppress(OSError):
                yield Path(root, name).lstat().st_size

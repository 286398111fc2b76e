"""A bundle's folder read once, whole: what is judged is what was hashed, and nothing outside is ever opened.

A folder may come from anywhere: links, pipes, folders without end and files of any size are problems to be
said, never something to follow, to wait for or to run out of memory on.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FILE_LIMIT = 128 << 20  # bytes; a transcript of a whole suite has under 2 MiB, of a flood 80
_LIMIT = 256 << 20  # bytes of all files
_MOST_FILES = 1000
_DEEPEST = 4  # folders inside each other


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by name (``/`` between folders), and what is there that has no place in a bundle."""

    files: Mapping[str, bytes]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    size: int = 0
    seen: int = 0


def read_folder(directory: Path) -> Folder:
    """Read a bundle. Never raises: a folder that cannot be read is a problem like any other."""
    reading = _Reading()
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return Folder({}, (f"{shown(str(directory))} cannot be read: {error.strerror}",))
    try:
        _read(descriptor, "", 0, reading)
    finally:
        os.close(descriptor)
    return Folder(reading.files, tuple(reading.problems))


def shown(text: str) -> str:
    """Return a name or words out of a bundle so that a terminal can show them: no control characters."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _read(descriptor: int, above: str, depth: int, reading: _Reading) -> None:
    try:
        names = sorted(os.listdir(descriptor))
    except OSError as error:
        reading.problems.append(f"{shown(above) or 'the bundle'} cannot be read: {error.strerror}")
        return
    if not names and above:
        reading.problems.append(f"{shown(above)} is a folder with nothing in it")
    for name in names:
        reading.seen += 1
        if reading.seen > _MOST_FILES:
            if reading.seen == _MOST_FILES + 1:
                reading.problems.append(f"there are more than {_MOST_FILES} files")
            return
        try:
            _take(descriptor, name, above + name, depth, reading)
        except OSError as error:
            reading.problems.append(f"{shown(above + name)} cannot be read: {error.strerror}")


def _take(parent: int, name: str, path: str, depth: int, reading: _Reading) -> None:
    mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        if depth == _DEEPEST:
            reading.problems.append(f"{shown(path)} lies too deep")
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=parent)
        try:
            _read(descriptor, f"{path}/", depth + 1, reading)
        finally:
            os.close(descriptor)
    elif stat.S_ISREG(mode):
        data = _content(parent, name, min(_FILE_LIMIT, _LIMIT - reading.size))
        if data is None:
            reading.problems.append(f"{shown(path)} is larger than a bundle may be")
            return
        reading.size += len(data)
        reading.files[path] = data
    else:
        what = "a link" if stat.S_ISLNK(mode) else "no plain file"
        reading.problems.append(f"{shown(path)} is {what}")


def _content(parent: int, name: str, limit: int) -> bytes | None:
    """Return a file's bytes, None for more than ``limit``. A pipe that took its place does not block."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.fstat(descriptor).st_size > limit:
            return None
        data = stream.read(limit + 1)
    return data if len(data) <= limit else None

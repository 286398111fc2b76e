"""Files that are either whole or absent: atomic writes, atomic directories, hashes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from enum import Enum
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hostkit.errors import ToolError

if TYPE_CHECKING:
    import socket

REMEMBERED = range(1 << 16, 16 << 20)
"""Bytes of the files of which something is kept. A suite's transcript has 10 MB, a flood's 80."""

_CHUNK = 1 << 20
_STAGED = re.compile(r"\..+\.[a-z0-9_]{8}")  # as tempfile names what it makes
_T = TypeVar("_T")


def remembered(function: Callable[[bytes], _T]) -> Callable[[bytes], _T]:
    """Keep what a pure function made of the latest few files' bytes: one run's are read for many a purpose.

    What it returns must not be changed by anybody.
    """
    kept = lru_cache(maxsize=8)(function)

    @wraps(function)
    def of(data: bytes) -> _T:
        return kept(data) if len(data) in REMEMBERED else function(data)

    return of


def sha256_file(path: Path) -> str:
    """Return the lower-case hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def jsonable(value: Any) -> Any:
    """Return a record as JSON-ready values; an enum by its word, else its name in lower case."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


def pretty_json(value: Any) -> bytes:
    """Return JSON for people: sorted keys, two spaces, final newline."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def strict_json(data: bytes | str) -> Any:
    """Return the value of JSON that says one thing only, as a reader of other people's files wants it.

    Raises :class:`ValueError`, never anything else, for what JSON parsers disagree about or cannot hold: a
    key that is there twice, NaN and infinities, half of a surrogate pair, bytes that are no UTF-8, nesting
    without end.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite_number
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is larger than any number here")
    return number


def disk_error(error: OSError, path: Path) -> ToolError:
    """Turn an ``OSError`` on ``path`` into an error that names the path and a way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ToolError(
            f"no space left while writing {path}", hint="free some space, then run the same command"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ToolError(
            f"cannot write {path}: {error.strerror}", hint="check the owner and mode of that directory"
        )
    return ToolError(f"cannot write {path}: {error.strerror or error}", hint="check the path and the disk")


def fsync_directory(path: Path) -> None:
    """Make renames inside ``path`` durable; a file system that cannot is left alone."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def atomic_write(path: Path, data: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Replace ``path`` by ``data``: a reader, or a crash, sees the old bytes or the new, never a mix.

    Parents are created. Raises :class:`ToolError` when the disk refuses; the old file is kept then.
    """
    import tempfile  # noqa: PLC0415 - not where files are only read

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise disk_error(error, path) from error
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            if durable:
                os.fsync(stream.fileno())
        staged.replace(path)
        if durable:
            fsync_directory(path.parent)
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise disk_error(error, path) from error
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Fill a staging directory, then rename it to ``path``.

    Leaves nothing behind when the block raises. When ``path`` already exists at the end (another
    process made it first) the staged copy is dropped and the existing one stands: use it for
    content-addressed directories, whose content is the same by name. What others left who were killed
    in the block is cleared away.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep_directories(path.parent)
        staged, lock = _stage(path)
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        yield staged
        staged.chmod(0o755)
        try:
            staged.rename(path)
            fsync_directory(path.parent)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        os.close(lock)


def sweep_staged(path: Path) -> None:
    """Remove what killed writers of ``path`` left beside it; for whoever alone may write it."""
    for left in path.parent.glob(f".{path.name}.????????"):
        with suppress(OSError):
            left.unlink()


def _stage(path: Path) -> tuple[Path, int]:
    """Make a staging directory that is locked for as long as the descriptor is open, or its process lives."""
    import tempfile  # noqa: PLC0415 - not where files are only read

    while True:
        staged = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            lock = os.open(staged, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:  # swept by another process before it could be locked
            continue
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if staged.is_dir():
            return staged, lock
        os.close(lock)


def _sweep_directories(parent: Path) -> None:
    """Remove staging directories that nobody holds."""
    for left in parent.iterdir():
        if not _STAGED.fullmatch(left.name) or not left.is_dir():
            continue
        with suppress(OSError):
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Yield a name for a Unix socket that fits the kernel's 107 bytes however deep the directory lies."""
    if len(os.fsencode(path)) < 100 or not Path("/proc/self/fd").exists():
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def listen_private(path: Path) -> socket.socket:
    """Listen on a Unix socket that this user alone can open, from the moment it has its name.

    What lies there already is replaced: the caller knows that it is stale. Raises :class:`ToolError`.
    """
    import socket  # noqa: PLC0415 - not where files are only read

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            with short_path(path) as name:
                listener.bind(name)
        finally:
            os.umask(before)
        listener.listen(16)
    except OSError as error:
        listener.close()
        raise ToolError(f"cannot listen on {path}: {error.strerror}", hint="check that directory") from error
    listener.setblocking(False)
    return listener

"""A lane: a tree of its own for the sources, a virtual board of its own; nothing of the user's is touched."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.catalog import load_catalog
from hostkit.boards.model import BoardSpec
from hostkit.build.inputs import FIRMWARE
from hostkit.build.project import CMAKE, INI
from hostkit.errors import UsageError
from hostkit.files import atomic_write, disk_error
from hostkit.gate.suite import FOLDER, SETTINGS
from hostkit.hil.catalog import BOARDS_FILE, find_catalog

_COPIED = (FIRMWARE, FOLDER, INI, CMAKE, *SETTINGS)
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*")
_OWN_CODE = "hostkit"
"""A project that carries hostkit is measured by its own models, in a lane too."""


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """Where a lane lies and which board it has. ``number`` counts from 0."""

    project: Path
    root: Path
    number: int
    board: BoardSpec

    @property
    def tree(self) -> Path:
        """The copy of the project."""
        return self.root / f"lane{self.number}"


def lane_spec(project: Path, cache: Path, board: str, number: int) -> LaneSpec:
    """Return the lane of a project by number; its board is like ``board`` of the project's boards.toml.

    Raises :class:`UsageError` for a real board: those cannot be made from nothing.
    """
    model = load_catalog(find_catalog(project)).get(board)
    if not model.served:
        raise UsageError(
            f"board {board} is {model.kind.value}: mutants run on boards that hostkit makes itself",
            hint="name a virtual or a simulated one with -b",
        )
    digest = hashlib.sha256(str(project.resolve()).encode()).hexdigest()
    # Locally administered; no two checkouts share a board, nor do two lanes.
    mac = f"02:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}:{digest[6:8]}:{number:02x}"
    spec = BoardSpec(
        name=f"mutant-{digest[:6]}-{number}",
        kind=model.kind,
        chip=model.chip,
        mac=mac,
        flash_size=model.flash_size,
        profile=model.profile,
        frames=model.frames,
    )
    return LaneSpec(project, cache / "mutants" / digest[:12], number, spec)


class Tree:
    """The sources of one lane. Between mutants they are those of the project, byte for byte."""

    def __init__(self, spec: LaneSpec) -> None:
        """Name the lane; :meth:`refresh` makes the copy."""
        self._spec = spec
        self.path = spec.tree

    def refresh(self) -> None:
        """Make the tree equal to the project. What is equal already is not touched, so builds go on.

        Raises :class:`ToolError` when the disk refuses.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in _COPIED:
                _mirror(self._spec.project / name, self.path / name)
            self._link_models()
        except OSError as error:
            raise disk_error(error, self.path) from error
        # Whatever repository lies around: a mutant is no commit, and must not carry the name of one.
        atomic_write(self.path / ".git", b"gitdir: none, this tree holds mutants\n", durable=False)
        atomic_write(self.path / BOARDS_FILE, _catalog(self._spec.board).encode(), durable=False)

    def read(self, file: str) -> str:
        """Return one source. Raises :class:`ToolError` when it cannot be read."""
        try:
            return (self.path / file).read_text(encoding="utf-8")
        except OSError as error:
            raise disk_error(error, self.path / file) from error

    def write(self, file: str, text: str) -> None:
        """Change one source. Raises :class:`ToolError` when the disk refuses."""
        atomic_write(self.path / file, text.encode(), durable=False)

    def _link_models(self) -> None:
        own, link = self._spec.project / _OWN_CODE, self.path / _OWN_CODE
        if link.is_symlink() and (not own.is_dir() or link.readlink() != own):
            link.unlink()
        if own.is_dir() and not link.is_symlink():
            link.symlink_to(own)


def _mirror(source: Path, copy: Path) -> None:
    """Make a file or a folder equal to another one, writing only what differs."""
    wanted = dict(_files(source))
    for name in set(dict(_files(copy))) - set(wanted):
        (copy / name if name else copy).unlink()
    for name, path in wanted.items():
        target = copy / name if name else copy
        data = path.read_bytes()
        with suppress(OSError):
            if target.read_bytes() == data:
                continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of a folder by its relative path; a file alone by ""; nothing where nothing is."""
    if top.is_file():
        yield "", top
        return
    for directory, folders, files in os.walk(top):
        skipped = _NOT_COPIED(directory, [*folders, *files])
        folders[:] = [name for name in folders if name not in skipped]
        for name in files:
            if name not in skipped:
                path = Path(directory, name)
                yield path.relative_to(top).as_posix(), path


def _catalog(board: BoardSpec) -> str:
    rows: Mapping[str, object] = {
        "kind": board.kind.value,
        "chip": board.chip.value,
        "mac": board.mac,
        "flash_size": f"{board.flash_size >> 10}KB",
        "profile": board.profile,
    }
    text = f"[boards.{board.name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in rows.items())
    return text + (f"frames = {board.frames}\n" if board.frames else "")

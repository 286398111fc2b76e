"""What was flashed to a board last. A hint for where to look: only the chip's own MD5 proves anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hostkit.build.model import Artifact
from hostkit.build.store import ArtifactStore
from hostkit.errors import InvalidError
from hostkit.files import atomic_write, pretty_json
from hostkit.settings.paths import Paths


@dataclass(frozen=True, slots=True)
class Remembered:
    """The artifact that a board should hold, or None and ``why`` that is not known."""

    artifact: Artifact | None = None
    why: str = "it is not known what the flash holds"


class FlashMemory:
    """One small file a board, named by the board's identity (ports and names change)."""

    def __init__(self, directory: Path, store: ArtifactStore) -> None:
        """Use ``directory``, which is made when something is written; ``store`` has what was flashed."""
        self._directory = directory
        self._store = store

    @classmethod
    def of(cls, paths: Paths) -> FlashMemory:
        """Return the user's own, shared by all checkouts."""
        return cls(paths.state / "flash", ArtifactStore(paths.artifacts))

    def begin(self, board: str, artifact: Artifact) -> None:
        """Note that a write begins: until it is done, nobody knows what the flash holds."""
        self._note(board, artifact, done=False)

    def done(self, board: str, artifact: Artifact) -> None:
        """Note that every region read back as the artifact's."""
        self._note(board, artifact, done=True)

    def recall(self, board: str) -> Remembered:
        """Return what a board should hold; a note that cannot be read is none."""
        try:
            note = json.loads(self._path(board).read_bytes())
            env, build_id, done = str(note["env"]), str(note["build_id"]), note["done"] is True
        except FileNotFoundError:
            return Remembered()
        except (OSError, ValueError, KeyError, TypeError):
            return Remembered(why="the note of what was flashed last cannot be read")
        if not done:
            return Remembered(why=f"a write of build {build_id[:12]} was begun and did not end well")
        try:
            stored = self._store.load(env, build_id)
        except InvalidError:
            return Remembered(why=f"the stored build {build_id[:12]}, flashed last, is damaged")
        if stored is None:
            return Remembered(why=f"build {build_id[:12]}, flashed last, is not stored any more")
        return Remembered(stored.artifact, "")

    def _note(self, board: str, artifact: Artifact, *, done: bool) -> None:
        note = {"env": artifact.env, "build_id": artifact.build_id, "done": done}
        atomic_write(self._path(board), pretty_json(note), durable=False)

    def _path(self, board: str) -> Path:
        return self._directory / f"{board}.json"

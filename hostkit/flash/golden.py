"""The image that a board is known to run well: the last build of an env that passed a gate on it."""

from __future__ import annotations

from pathlib import Path

from hostkit.build.model import Artifact
from hostkit.build.store import ArtifactStore, read_artifact
from hostkit.errors import InconclusiveError, InvalidError
from hostkit.settings.paths import Paths


def find_known_good(paths: Paths, database: str, board: str, env: str) -> Artifact | None:
    """Return the newest artifact of an env that passed on a board and is still stored whole, or None.

    ``database``: URL of the ledger, "" for the user's own. Raises :class:`ToolError` for one that cannot
    be read.
    """
    from hostkit.store.database import open_database  # noqa: PLC0415 - SQLAlchemy, only when it is needed
    from hostkit.store.ledger import Ledger  # noqa: PLC0415
    from hostkit.store.model import Verdict  # noqa: PLC0415

    with open_database(paths.state, database) as opened:
        records = [entry.record for entry in Ledger(opened).entries()]
    store = ArtifactStore(paths.artifacts)
    for record in reversed(records):
        if (record.board, record.env, record.verdict) == (board, env, Verdict.PASS) and record.build_id:
            try:
                stored = store.load(env, record.build_id)
            except InvalidError:  # damaged: an older one will do
                continue
            if stored is not None:
                return stored.artifact
    return None


def known_good(paths: Paths, database: str, board: str, env: str, directory: Path | None) -> Artifact:
    """Return the artifact in ``directory``, else what :func:`find_known_good` finds.

    Raises :class:`InconclusiveError` when there is none, :class:`InvalidError` for a damaged one.
    """
    if directory is not None:
        return read_artifact(directory).artifact
    found = find_known_good(paths, database, board, env)
    if found is None:
        raise InconclusiveError(
            f"no image of env {env} is known to run on board {board}",
            hint="name one with --artifact DIR, or pass a gate on it once",
        )
    return found

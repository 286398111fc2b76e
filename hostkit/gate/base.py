"""Stored builds of an earlier commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hostkit.build.inputs import FIRMWARE
from hostkit.build.model import Artifact
from hostkit.build.project import CMAKE, INI
from hostkit.build.store import read_artifact
from hostkit.errors import InvalidError
from hostkit.tasks.git import Git

BUILT = (FIRMWARE, INI, CMAKE)
"""Paths that shape a build."""

_LOOKED_AT = 100  # stored builds of an env, the newest first


def builds_at(artifacts: Path, git: Git, commit: str, env: str) -> Iterator[Artifact]:
    """Yield stored builds of clean sources that are those of a commit, the newest first; damaged ones not."""
    same: dict[str, bool] = {commit: True}
    for directory in _newest(artifacts, env):
        try:
            artifact = read_artifact(directory).artifact
        except InvalidError:
            continue
        if artifact.env != env or artifact.dirty or not artifact.commit:
            continue
        if artifact.commit not in same:
            same[artifact.commit] = _same_sources(git, artifact.commit, commit)
        if same[artifact.commit]:
            yield artifact


def _same_sources(git: Git, older: str, commit: str) -> bool:
    return git.ask("diff", "--quiet", "--no-ext-diff", older, commit, "--", *BUILT).returncode == 0


def _newest(artifacts: Path, env: str) -> list[Path]:
    dated = []
    for directory in artifacts.glob(f"{env}-*"):
        try:
            dated.append((directory.stat().st_mtime_ns, directory))
        except OSError:  # collected meanwhile
            continue
    return [directory for _, directory in sorted(dated, reverse=True)[:_LOOKED_AT]]

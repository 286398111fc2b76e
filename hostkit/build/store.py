"""The content-addressed store of artifacts: whole or absent, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact, Image, Sizes
from hostkit.errors import InvalidError
from hostkit.files import atomic_directory, atomic_write, canonical_json, disk_error, pretty_json

MANIFEST = "manifest.json"
LOG = "build.log"
SCHEMA = 1
_ID_IN_NAME = 16


class DamagedArtifactError(InvalidError):
    """A stored artifact is not what its manifest says (exit 4); building again makes it anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact and the warnings that its build printed."""

    artifact: Artifact
    warnings: tuple[str, ...]


class ArtifactStore:
    """Artifacts under one directory, one sub-directory each, named ``<env>-<first 16 digits of the id>``."""

    def __init__(self, root: Path) -> None:
        """Use ``root``; it is made when the first artifact is saved."""
        self._root = root

    def directory(self, env: str, build_id: str) -> Path:
        """Return where this artifact is, or would be."""
        return self._root / f"{env}-{build_id[:_ID_IN_NAME]}"

    def load(self, env: str, build_id: str) -> Stored | None:
        """Return a stored artifact after comparing every file with its digest; None when there is none.

        Raises :class:`DamagedArtifactError` when anything differs.
        """
        directory = self.directory(env, build_id)
        if not directory.is_dir():
            return None
        stored = read_artifact(directory)
        if (stored.artifact.env, stored.artifact.build_id) != (env, build_id):
            raise _damaged(directory, "it holds another build")
        with suppress(
            OSError
        ):  # when it was used last, by which it may be collected; a reader may own nothing
            os.utime(directory)
        return stored

    def save(
        self, artifact: Artifact, files: Mapping[str, bytes], facts: Mapping[str, object], warnings: list[str]
    ) -> Stored:
        """Write an artifact in one step: a crash, Ctrl-C or a full disk leaves nothing half-written.

        ``files`` are the images, the ELF and the log; ``facts`` are what the build id is the hash of.
        When it is there already, that one stands. Raises :class:`ToolError` when the disk refuses.
        """
        directory = self.directory(artifact.env, artifact.build_id)
        manifest = _seal(_manifest(artifact, files, facts, warnings))
        with atomic_directory(directory) as staged:
            for name, data in files.items():
                atomic_write(staged / name, data)
            atomic_write(staged / MANIFEST, pretty_json(manifest))
        return Stored(replace(artifact, directory=directory), tuple(warnings))

    def discard(self, env: str, build_id: str) -> None:
        """Remove an artifact, renaming it first so that nobody reads half of it. Absent is fine."""
        directory = self.directory(env, build_id)
        doomed = directory.with_name(f".doomed-{directory.name}-{os.getpid()}")
        try:
            directory.rename(doomed)
        except FileNotFoundError:
            return
        except OSError as error:
            raise disk_error(error, directory) from error
        shutil.rmtree(doomed, ignore_errors=True)


def read_artifact(directory: Path) -> Stored:
    """Read and check one artifact's directory. Raises :class:`DamagedArtifactError`."""
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        if _seal(manifest) != manifest:
            raise _damaged(directory, "its manifest was changed")
        if not manifest_holds(manifest):
            raise _damaged(directory, "its manifest does not belong to its build id")
        for name, expected in manifest["files"].items():
            data = (directory / name).read_bytes()
            if _entry(data) != expected:
                raise _damaged(directory, f"{name} was changed")
        return _stored(manifest, directory)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(directory, f"it cannot be read ({error})") from error


def manifest_holds(manifest: Mapping[str, Any]) -> bool:
    """Tell whether nothing in a manifest was changed, and its build id is the hash of its inputs."""
    known = manifest.get("schema") == SCHEMA and manifest.get("build_id") == hash_facts(
        manifest.get("inputs", {})
    )
    return known and _seal(manifest) == manifest


def _damaged(directory: Path, what: str) -> DamagedArtifactError:
    return DamagedArtifactError(
        f"artifact {directory.name} is damaged: {what}", hint="run `hostkit build`: it is made anew"
    )


def _entry(data: bytes) -> dict[str, object]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _manifest(
    artifact: Artifact, files: Mapping[str, bytes], facts: Mapping[str, object], warnings: list[str]
) -> dict[str, Any]:
    record = asdict(artifact)
    del record["directory"]  # where it lies is not what it is
    entries = {name: _entry(data) for name, data in files.items()}
    # Through JSON once: what is sealed must be exactly what is read back.
    whole = record | {"schema": SCHEMA, "files": entries, "inputs": facts, "warnings": warnings}
    loaded: dict[str, Any] = json.loads(canonical_json(whole))
    return loaded


def _seal(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the digest of all its other fields: offsets and sizes matter as well."""
    rest = {key: value for key, value in manifest.items() if key != "seal"}
    return rest | {"seal": hashlib.sha256(canonical_json(rest)).hexdigest()}


def _stored(manifest: dict[str, Any], directory: Path) -> Stored:
    plain = ("build_id", "env", "chip", "profile", "version", "commit", "dirty", "elf")
    artifact = Artifact(
        **{name: manifest[name] for name in plain},
        images=tuple(Image(**image) for image in manifest["images"]),
        sizes=Sizes(**manifest["sizes"]),
        toolchain=dict(manifest["toolchain"]),
        directory=directory,
    )
    missing = {image.file for image in artifact.images} | {artifact.elf}
    if missing - set(manifest["files"]):
        raise ValueError("the manifest names a file that it does not list")
    return Stored(artifact, tuple(manifest["warnings"]))

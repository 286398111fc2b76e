"""The seal of a bundle: a signed statement about every file in it, and what it shows of changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostkit.errors import InvalidError
from hostkit.gate.dsse import read_envelope
from hostkit.gate.evidence import write_bytes
from hostkit.gate.folder import read_folder, shown
from hostkit.gate.keys import Signer
from hostkit.gate.statement import (
    PAYLOAD_TYPE,
    Statement,
    read_statement,
    statement_json,
)

if TYPE_CHECKING:
    from hostkit.gate.parts import Files

SEAL = "evidence.json"
"""The file that holds the hash of every other file of a bundle, and the verdict, signed."""


def seal(stage: Path, signer: Signer, predicate: Mapping[str, Any]) -> str:
    """Sign a statement about every file, flush all to the disk, and return the SHA-256 of the seal.

    ``predicate``: what is said of the files, see :func:`hostkit.gate.statement.predicate_of`.
    What is there that no bundle may hold (a link, a pipe) raises :class:`InvalidError`: a test left it.
    """
    folder = read_folder(stage)
    if folder.problems:
        raise InvalidError(
            f"the evidence cannot be sealed: {folder.problems[0]}",
            hint="a test leaves it there: look at that",
        )
    files = {name: data for name, data in folder.files.items() if name != SEAL}
    for name in files:
        descriptor = os.open(stage / name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    data = signer.sign(PAYLOAD_TYPE, statement_json(files, predicate)).to_json()
    write_bytes(stage, SEAL, data)
    return hashlib.sha256(data).hexdigest()


def broken_files(directory: Path, seal_sha256: str) -> tuple[str, ...]:
    """Return what is wrong with a bundle's files: changed, missing and added ones; empty when it is intact.

    Who signed the seal is not asked here: ``seal_sha256`` says which one it must be.
    """
    folder = read_folder(directory)
    data = folder.files.get(SEAL)
    if data is None:
        return (*folder.problems, f"{SEAL} cannot be read")
    if hashlib.sha256(data).hexdigest() != seal_sha256:
        return (*folder.problems, f"{SEAL} is not the one that the ledger names")
    try:
        return (*folder.problems, *differences(folder.files, read_statement(read_envelope(data))))
    except InvalidError as error:
        return (*folder.problems, f"{SEAL}: {error.message}")


def differences(files: Files, statement: Statement) -> tuple[str, ...]:
    """Return which files are not those of a statement."""
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != SEAL}
    sealed = statement.subjects
    problems = [f"{shown(name)} is missing" for name in sealed if name not in found]
    problems += [f"{shown(name)} was added" for name in found if name not in sealed]
    changed = (name for name in sealed if name in found and found[name] != sealed[name])
    problems += [f"{shown(name)} was changed" for name in changed]
    return tuple(sorted(problems))

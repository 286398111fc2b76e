"""Does a bundle hold? Signature, files, parts, verdict: each checked, and all that does not hold is said.

Nothing else than the bundle and a public key is needed: no project, no ledger, no board, no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostkit import __version__
from hostkit.errors import InvalidError
from hostkit.files import canonical_json
from hostkit.gate.crosscheck import broken_json, contradictions
from hostkit.gate.derive import Derived, derive
from hostkit.gate.dsse import read_envelope
from hostkit.gate.folder import Folder, read_folder, shown
from hostkit.gate.keys import PublicKey
from hostkit.gate.parts import Files
from hostkit.gate.seal import SEAL, differences
from hostkit.gate.statement import FIELDS, Statement, predicate_of, read_statement
from hostkit.gate.wording import agree
from hostkit.store.model import Verdict

_MOST = 100  # problems said of one bundle


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it. ``verdict`` None, and nothing of ``statement`` or ``reasons``, unless it holds."""

    key: PublicKey
    problems: tuple[str, ...]
    verdict: Verdict | None = None
    statement: Mapping[str, Any] = field(default_factory=dict)
    seal_sha256: str = ""
    reasons: tuple[str, ...] = ()  # as they follow from the parts, in the words of this version

    @property
    def worded_by(self) -> str:
        """Return the version that worded what is signed, "" for this one: its sentences were not compared."""
        version = str(self.statement.get("hostkit", __version__))
        return "" if version == __version__ else version

    @property
    def holds(self) -> bool:
        """True when everything that was checked is as it must be. The verdict may be any."""
        return not self.problems


def verify(directory: Path, key: PublicKey) -> Verification:
    """Check a bundle of whatever origin with a public key. Never raises for what is in it."""
    return verify_folder(read_folder(directory), key)


def verify_folder(folder: Folder, key: PublicKey) -> Verification:
    """Check the same of a bundle that was read already."""
    files = {name: data for name, data in folder.files.items() if name != SEAL}
    problems = list(folder.problems)
    statement = _signed(folder.files, key, problems)
    if statement is not None:
        problems += differences(files, statement)
    problems += broken_json(files)
    derived = _derived(files, problems)
    if derived is not None:
        ours = statement is None or statement.origin.hostkit == __version__
        problems += _all(contradictions(files, derived, ours=ours), problems)
    if derived is not None and statement is not None:
        problems += _mismatches(derived, statement)
    if statement is None or derived is None or problems:
        return Verification(key, tuple(dict.fromkeys(problems))[:_MOST])
    seal = hashlib.sha256(folder.files[SEAL]).hexdigest()
    decided = derived.decision
    return Verification(key, (), decided.verdict, statement.predicate, seal, decided.reasons)


def _signed(files: Files, key: PublicKey, problems: list[str]) -> Statement | None:
    """Return what is stated, also where the signature does not hold: the rest is worth comparing."""
    if SEAL not in files:
        problems.append(f"{SEAL} is not there: nothing is signed")
        return None
    try:
        envelope = read_envelope(files[SEAL])
        try:
            key.check(envelope)
        except InvalidError as error:
            problems.append(f"{SEAL}: {shown(error.message)}")
        return read_statement(envelope)
    except InvalidError as error:
        problems.append(f"{SEAL}: {shown(error.message)}")
        return None


def _derived(files: Files, problems: list[str]) -> Derived | None:
    try:
        return derive(files)
    except InvalidError as error:
        problems.append(shown(error.message))
        return None


def _all(found: Iterator[str], problems: list[str]) -> list[str]:
    """Take all, up to a part that cannot be read at all."""
    taken: list[str] = []
    try:
        for each in found:
            taken.append(each)
            if len(taken) > _MOST:
                break
    except InvalidError as error:
        if shown(error.message) not in problems:
            taken.append(shown(error.message))
    return taken


def _mismatches(derived: Derived, statement: Statement) -> Iterator[str]:
    said, follows = statement.predicate, predicate_of(derived, statement.origin)
    by, names = "", {*said, *follows}
    if (version := statement.origin.hostkit) != __version__:
        # A field that one of the two does not know says nothing against it; those of the first must be there.
        by, names = f" (it is of hostkit {shown(version)})", {*FIELDS, *(said.keys() & follows.keys())}
    for name in sorted(names):
        same = canonical_json(said.get(name)) == canonical_json(follows.get(name))
        if not same and not (by and name in said and (name == "reasons" or agree(said[name], follows[name]))):
            yield f"the statement says of {shown(name)} what does not follow from the parts{by}"

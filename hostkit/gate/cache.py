"""Passes that are known already: signed entries, each in the place of exactly one case.

The key is the hash of all that a verdict depends on: build id (so every input of the build, the commit
included), tree and uncommitted changes, tests, models and rules, the board, the programs. An entry names a
bundle and is as good as that one is now. What lies in the place and is not such an entry is an error:
somebody put it there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostkit.errors import InvalidError
from hostkit.files import atomic_write, canonical_json, jsonable, strict_json
from hostkit.gate.dsse import read_envelope
from hostkit.gate.folder import read_folder, shown
from hostkit.gate.keys import PublicKey, Signer
from hostkit.gate.seal import SEAL, differences
from hostkit.gate.signed import signed_statement

if TYPE_CHECKING:  # an entry is read without all that
    from hostkit.boards.model import BoardSpec
    from hostkit.gate.bundle import Case
    from hostkit.gate.model import ToolFact

FOLDER = ".cached"
"""Beside the bundles that the entries name."""

PAYLOAD_TYPE = "application/vnd.hostkit.cached-verdict+json"
LIFETIME_NS = 30 * 24 * 3600 * 1_000_000_000
"""How long a pass answers for the next run: what is not in the key (the machine, a board's age) changes."""

_LIMIT = 100_000  # bytes of an entry; one has under 1,000


@dataclass(frozen=True, slots=True)
class Earlier:
    """A pass of an earlier run. ``statement``: what was signed of it. ``key``: of its case.

    ``seal_sha256``: of the seal of its bundle. ``entry``: its place in the ledger, where that was asked.
    ``places``: files and folders of the programs that the key depends on, where they were looked at.
    """

    run: str
    evidence: Path
    statement: dict[str, Any]
    key: str
    places: tuple[str, ...] = ()
    seal_sha256: str = ""
    entry: int = 0

    @property
    def answers_unasked(self) -> bool:
        """Can all that the pass depended on be looked at? Not what silicon is like, nor what it holds now."""
        return self.statement["fidelity"] != "board" and bool(self.statement["rules"]["flash"])


def verdict_key(
    case: Case, boards: Sequence[BoardSpec], build_id: str, tools: Sequence[ToolFact], signer: str = ""
) -> str:
    """Return the hash of all that the verdict on a case depends on, 64 hex digits.

    ``boards``: one, or those that shared the suite, in the order in which they were named. ``signer``: whose
    verdict it is; users who share a checkout have entries of their own.
    """
    from hostkit.gate.tools import tools_digest  # noqa: PLC0415

    checkout, request = case.checkout, case.request
    parts = {
        "env": request.env,
        "board": jsonable(boards[0]),
        "fidelity": boards[0].fidelity.name,
        "build_id": build_id,
        "suite_sha256": case.suite,
        "rules": request.rules.plain(),
        "commit": checkout.commit,
        "tree": checkout.tree,
        "dirty": checkout.dirty,
        "changes_sha256": checkout.changes,
        "tools": tools_digest(tools),
        "signer": signer,
    }
    if boards[1:]:
        parts["also"] = jsonable(list(boards[1:]))
    return hashlib.sha256(canonical_json(parts)).hexdigest()


def keep(evidence: Path, key: str, signer: Signer, seal_sha256: str, now_ns: int) -> None:
    """Let a pass answer for its case from now on."""
    entry = {
        "key": key,
        "run": evidence.name,
        "evidence_sha256": seal_sha256,
        "made_ns": now_ns,
        "until_ns": now_ns + LIFETIME_NS,
    }
    data = signer.sign(PAYLOAD_TYPE, canonical_json(entry)).to_json()
    atomic_write(_place(evidence.parent, key), data)


def recall(runs: Path, key: str, public: PublicKey, now_ns: int) -> Earlier | None:
    """Return the pass of exactly this case, None when there is none, or none that is young enough and there.

    Raises :class:`InvalidError` for an entry that was forged, edited or put in another's place, and for one
    whose bundle does not hold any more.
    """
    place = _place(runs, key)
    try:
        with place.open("rb") as stream:
            data = stream.read(_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _invalid(place, f"it cannot be read: {error.strerror}") from error
    try:
        return _checked(runs, key, public, now_ns, data)
    except InvalidError as error:
        raise _invalid(place, error.message) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(place, f"it is no entry: {error}") from error


def _checked(runs: Path, key: str, public: PublicKey, now_ns: int, data: bytes) -> Earlier | None:
    envelope = read_envelope(data)
    public.check(envelope)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"it is of type {envelope.payload_type!r}")
    entry = strict_json(envelope.payload)
    if entry["key"] != key:
        raise ValueError("it is of another case, put in this one's place")
    if not entry["made_ns"] <= now_ns < entry["until_ns"]:
        return None  # too old, or of the future
    evidence = runs / entry["run"]
    if not evidence.exists():
        return None
    folder = read_folder(evidence)
    statement, _ = signed_statement(folder, (public,))
    if hashlib.sha256(folder.files[SEAL]).hexdigest() != entry["evidence_sha256"]:
        raise ValueError(f"its bundle {evidence.name} is another one")
    for problem in (*folder.problems, *differences(folder.files, statement)):
        raise ValueError(f"its bundle {evidence.name} does not hold: {problem}")
    said = dict(statement.predicate)
    if (said["run"], said["verdict"], said["selection"]) != (entry["run"], "pass", ""):
        raise ValueError(f"its bundle {evidence.name} is no pass of a whole suite")
    return Earlier(entry["run"], evidence, said, key, seal_sha256=entry["evidence_sha256"])


def _place(runs: Path, key: str) -> Path:
    return runs / FOLDER / f"{key}.json"


def _invalid(place: Path, what: str) -> InvalidError:
    return InvalidError(
        f"the cached verdict {place.name[:12]} does not hold: {shown(what)}",
        hint=f"run the gate with --fresh; who wrote {place}?",
    )

"""What is signed of a bundle: an in-toto Statement about every file in it, and the verdict that they make."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hostkit import __version__
from hostkit.errors import InvalidError
from hostkit.files import canonical_json, jsonable, strict_json
from hostkit.gate.dsse import Envelope

if TYPE_CHECKING:  # what is checked at a glance loads no more than it needs
    from hostkit.gate.derive import Derived
    from hostkit.gate.parts import Files

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""The payload type of in-toto's statements in a DSSE envelope."""

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:hostkit:verdict:v1"
"""What the predicate of such a statement is; raised when a field changes its meaning."""

FIELDS = frozenset(
    [
        "run",
        "commit",
        "tree",
        "dirty",
        "changes_sha256",
        "env",
        "board",
        "profile",
        "fidelity",
        "build_id",
        "suite_sha256",
        "rules",
        "selection",
        "tools_sha256",
        "verdict",
        "rung",
        "reasons",
        "decided_ns",
        "ledger",
        "hostkit",
    ]
)
"""What a predicate of that type has in every version; later versions may say more."""


class StatementError(InvalidError):
    """What an envelope holds is no statement about a bundle (exit 4)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a statement says that does not follow from the files. ``ledger``: the digest of the newest entry
    that the ledger held, "" for an empty one or none; ``decided_ns``: wall clock since the epoch."""

    decided_ns: int
    ledger: str = ""
    hostkit: str = __version__


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read: SHA-256 of files by name, and what is said of them."""

    subjects: Mapping[str, str]
    predicate: Mapping[str, Any]

    @property
    def origin(self) -> Origin:
        """Return what does not follow from the files."""
        return Origin(self.predicate["decided_ns"], self.predicate["ledger"], self.predicate["hostkit"])


def predicate_of(derived: Derived, origin: Origin) -> dict[str, Any]:
    """Return what is said of a bundle: which case it was, by what it was judged, and the verdict."""
    run, facts, decision = derived.run, derived.facts, derived.decision
    told = {
        "run": run.run,
        "commit": run.commit,
        "tree": run.tree,
        "dirty": run.dirty,
        "changes_sha256": run.changes_sha256,
        "env": run.env,
        "board": jsonable(run.board),
        "profile": run.board.profile if run.board else "",
        "fidelity": facts.fidelity.name.lower() if facts.fidelity else "",
        "build_id": facts.build.build_id if facts.build else "",
        "suite_sha256": run.suite_sha256,
        "rules": derived.rules.plain(),
        "selection": run.selection,
        "tools_sha256": derived.tools_sha256,
        "verdict": decision.verdict.value,
        "rung": decision.rung.word if decision.rung else "",
        "reasons": list(decision.reasons),
        "decided_ns": origin.decided_ns,
        "ledger": origin.ledger,
        "hostkit": origin.hostkit,
    }
    if run.also:
        told["also"] = jsonable(list(run.also))
    if run.parents:
        told["parents"] = list(run.parents)
    if decision.waived:
        told["waived"] = jsonable(list(decision.waived))
    return told


def board_names(predicate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the boards that a predicate is about: one, those that shared a suite, or none.

    With commas between them they are what the ledger calls them.
    """
    boards = (predicate.get("board"), *predicate.get("also", ()))
    return tuple(str(board["name"]) for board in boards if isinstance(board, Mapping))


def statement_json(files: Files, predicate: Mapping[str, Any]) -> bytes:
    """Return the statement that is signed: its subjects are all files, sorted by name."""
    subjects = [
        {"name": name, "digest": {"sha256": hashlib.sha256(files[name]).hexdigest()}}
        for name in sorted(files)
    ]
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        }
    )


def read_statement(envelope: Envelope) -> Statement:
    """Return what an envelope states. Raises :class:`StatementError`; signatures are checked elsewhere."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise _broken(f"its payload is of type {envelope.payload_type!r}")
    try:
        value = strict_json(envelope.payload)
        if (value["_type"], value["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError(f"it is of type {value['_type']!r}, {value['predicateType']!r}")
        subjects = {each["name"]: each["digest"]["sha256"] for each in value["subject"]}
        if len(subjects) < len(value["subject"]):
            raise ValueError("a file is in it twice")
        statement = Statement(subjects, value["predicate"])
        origin = statement.origin
        texts = [*subjects, *subjects.values(), origin.ledger, origin.hostkit]
        if type(origin.decided_ns) is not int or not all(isinstance(each, str) for each in texts):
            raise TypeError("a field is of another type")
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(str(error)) from error
    return statement


def _broken(what: str) -> StatementError:
    return StatementError(f"no statement about a bundle: {what}", hint="it is of another program, or version")

"""Says at a glance that a case is the one that was answered before: same project, same tools, same question.

Which case it is takes a second to find out: the build's inputs, the suite, and every file of every program.
A *witness* keeps what came of that, the key of a cached pass, beside what it came of: the commit and all
that differs from it, tests, sources and settings by content; programs by size, times and inode. It is signed,
as a false one would let a pass answer for something else. Whatever does not match makes it no answer, never
a wrong one: then everything is looked at again.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hostkit import __version__
from hostkit.errors import InvalidError
from hostkit.files import atomic_write, canonical_json, strict_json
from hostkit.gate.cache import Earlier, recall
from hostkit.gate.dsse import read_envelope
from hostkit.gate.folder import shown
from hostkit.gate.keys import Signer
from hostkit.gate.standing import standing_line
from hostkit.gate.surroundings import Surroundings, looked_in, places_digest
from hostkit.store.glance import lines_of_commit

WITNESSES = "witnesses"
"""In the cache: a folder for each key, a file for each question."""

PAYLOAD_TYPE = "application/vnd.hostkit.witness+json"
SETTLED_NS = 2_000_000_000
"""How long before the look a program must have lain as it is: the coarsest file system's tick."""

_LIMIT = 1_000_000  # bytes; one has some thousand
_PASSING = frozenset(f"HOSTKIT_{name}" for name in ("LEASE_TOKEN", "LEASE_GENERATION", "ATTEMPT"))
_ASKING = re.compile(r"(HOSTKIT|PYTHON|GIT|PLATFORMIO|XDG|ZIG|LD)_?.*|PATH|HOME|VIRTUAL_ENV|CC|CXX")


@dataclass(frozen=True, slots=True)
class Question:
    """What a command line asks: the project, its options, and the environment that it was typed in."""

    project: Path
    options: Mapping[str, object]
    env: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """The hash of all that can change what is meant, 64 hex digits."""
        env = {name: value for name, value in self.env.items() if _ASKING.fullmatch(name)}
        env = {name: value for name, value in env.items() if name not in _PASSING}
        asked = {"project": str(self.project), "options": dict(self.options), "env": env}
        us = {"hostkit": __version__, "python": sys.executable, "path": looked_in(self.project)}
        return hashlib.sha256(canonical_json(asked | us)).hexdigest()


@dataclass(frozen=True, slots=True)
class WitnessStand:
    """Where witnesses are kept, one a question, and by whom they are signed. ``state``: of the ledger."""

    folder: Path
    signer: Signer
    state: Path

    def answer(self, question: Question, now: Surroundings, now_ns: int) -> Earlier | None:
        """Return the pass that answers a question, None where that has to be found out first.

        Raises :class:`InvalidError` for a witness or a cached pass that somebody tampered with.
        """
        said = self._read(question)
        if said is None or said["places"] != places_digest(question.project, said["looked_at"])[0]:
            return None
        if said["project"] != now.digest():
            return None
        found = recall(Path(said["runs"]), said["key"], self.signer.public, now_ns)
        if found is None or now.checkout is None:
            return None
        lines = lines_of_commit(self.state, now.checkout.commit)
        place = standing_line(lines, found.statement, found.seal_sha256)
        return replace(found, entry=place) if place else None

    def keep(
        self, question: Question, earlier: Earlier, was: str, now: Surroundings, *, began_ns: int
    ) -> bool:
        """Keep how an answer was found; ``was`` is the digest of the project before it was looked for.

        Nothing is kept, and False returned, where no places are named (the case depends on more than those),
        where the project is another one by now, or where a program was touched so lately that it may have
        been another one at ``began_ns``.
        """
        if not earlier.places:
            return False
        places, newest_ns = places_digest(question.project, earlier.places)
        if newest_ns > began_ns - SETTLED_NS or not was or now.digest() != was:
            return False
        said = {
            "question": question.sha256,
            "key": earlier.key,
            "runs": str(earlier.evidence.parent),
            "project": was,
            "looked_at": list(earlier.places),
            "places": places,
        }
        data = self.signer.sign(PAYLOAD_TYPE, canonical_json(said)).to_json()
        atomic_write(self._place(question), data, durable=False)
        return True

    def _read(self, question: Question) -> dict[str, Any] | None:
        place = self._place(question)
        try:
            with place.open("rb") as stream:
                data = stream.read(_LIMIT)
        except OSError:
            return None
        try:
            envelope = read_envelope(data)
            self.signer.public.check(envelope)
            said: dict[str, Any] = strict_json(envelope.payload)
            if (envelope.payload_type, said["question"]) != (PAYLOAD_TYPE, question.sha256):
                raise ValueError("it answers another question")
        except InvalidError as error:
            raise _invalid(place, error.message) from error
        except (ValueError, KeyError, TypeError) as error:
            raise _invalid(place, f"it is none: {error}") from error
        return said

    def _place(self, question: Question) -> Path:
        return self.folder / self.signer.public.key_id[:16] / f"{question.sha256}.json"


def _invalid(place: Path, what: str) -> InvalidError:
    return InvalidError(
        f"the witness {place.name[:12]} of a cached verdict does not hold: {shown(what)}",
        hint=f"who wrote {place}? remove it, and the gate looks at everything again",
    )

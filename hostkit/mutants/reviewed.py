"""Generic mutants that a person found to change nothing that can be seen: ``mutants/equivalent.toml``.

An entry holds for exactly one edit of exactly this code: when anything but comments and space changes in the
file, the review is out of date and does not count any more.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hostkit.errors import UsageError
from hostkit.mutants.model import Mutant
from hostkit.mutants.planted import EQUIVALENT, FOLDER
from hostkit.mutants.tokens import CODE, Kind, tokens_of


class Review(BaseModel):
    """One ``[[equivalent]]``. ``line``: the code around the edit, with the edit in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    code: str = Field(pattern=r"^[0-9a-f]{16}$")
    name: str
    change: str
    reason: str = Field(min_length=20)


class Reviews(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    equivalent: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The reviews that hold today, by mutant; ``stale``: names of those whose code has changed."""

    reasons: Mapping[tuple[str, str, str], str]
    stale: tuple[str, ...]

    def reason(self, mutant: Mutant) -> str:
        """Return why a mutant is equivalent, "" when nobody said so."""
        return self.reasons.get((mutant.file, mutant.name, mutant.about), "")


def code_digest(source: str) -> str:
    """Return 16 hex digits over a file's tokens and directives: comments and space do not count."""
    kept = CODE | {Kind.DIRECTIVE}
    text = "\n".join(token.text for token in tokens_of(source) if token.kind in kept)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_reviews(project: Path, sources: Mapping[str, str]) -> Verdicts:
    """Read the reviews. Raises :class:`UsageError` for a file that cannot be understood."""
    path = project / FOLDER / EQUIVALENT
    if not path.is_file():
        return Verdicts({}, ())
    try:
        found = Reviews.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}", hint="see https://toml.io for the syntax") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path}: {where}: {first['msg']}", hint="file, code, name, change, reason"
        ) from error
    return judge_reviews(found.equivalent, sources)


def judge_reviews(reviews: Sequence[Review], sources: Mapping[str, str]) -> Verdicts:
    """Sort out the reviews whose code is still the code that was looked at. Pure."""
    digests = {file: code_digest(text) for file, text in sources.items()}
    fresh = [review for review in reviews if digests.get(review.file) == review.code]
    stale = tuple(review.name for review in reviews if digests.get(review.file) != review.code)
    return Verdicts({(r.file, r.name, r.change): r.reason for r in fresh}, stale)


def template_of(mutant: Mutant, source: str) -> str:
    """Return the entry for a mutant as TOML, for a person to complete."""
    rows = [
        ("file", mutant.file),
        ("code", code_digest(source)),
        ("name", mutant.name),
        ("change", mutant.about),
        ("reason", ""),
    ]
    return "[[equivalent]]\n" + "".join(f"{key} = '''{value}'''\n" for key, value in rows)

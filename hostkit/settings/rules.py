"""The table ``[gate]`` of ``hostkit.toml``: what a merge must pass, and who may waive a part of it.

    [gate]
    may_waive = ["5f0c…"]            # ids of keys, as `hostkit keys show` prints them; none: nobody

    [[gate.require]]                 # a merge must pass every one of these
    env = "virtual"
    min_rung = "wired"               # of built < booted < linked < rendered < wired < timed < soaked
    min_fidelity = "virtual"         # of virtual < simulated < board
    boards = ["bench1"]              # a pass on each of these; left out: on any one

Budgets are settings (``growth_base``, ``max_…_growth``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hostkit.boards.model import Fidelity
from hostkit.errors import UsageError
from hostkit.store.model import Rung

FILE_NAME = "hostkit.toml"
TABLE = "gate"
"""The table of the file that is read here; all else in it are settings."""

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(min_length=1)]
RungWord = Literal["built", "booted", "linked", "rendered", "wired", "timed", "soaked"]
FidelityWord = Literal["virtual", "simulated", "board"]

_REQUIRE = re.compile(r"\s*\[\[\s*gate\s*\.\s*require\s*\]\]")
_GATE = re.compile(r"\s*\[\s*gate\s*\]")
_HEADER = re.compile(r"\s*\[")


class Requirement(BaseModel):
    """One env that a merge must pass. ``boards``: a pass on each of them is needed; none: on any one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    env: Name
    boards: list[Name] = Field(default_factory=list)
    min_rung: RungWord = "wired"
    min_fidelity: FidelityWord = "virtual"

    @property
    def rung(self) -> Rung:
        """The least rung, as the ladder has it."""
        return Rung.from_word(self.min_rung)

    @property
    def fidelity(self) -> Fidelity:
        """The least fidelity, ordered."""
        return Fidelity[self.min_fidelity.upper()]


class MergeRules(BaseModel):
    """All of the table. Without ``require`` the settings' env on any board is what a merge must pass."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    may_waive: list[KeyId] = Field(default_factory=list)
    require: list[Requirement] = Field(default_factory=list)

    def of_env(self, env: str) -> Requirement | None:
        """Return the first requirement of an env, None where there is none."""
        return next((each for each in self.require if each.env == env), None)


def read_rules(project: Path) -> MergeRules:
    """Return the rules of a checkout, none without a file. Raises :class:`UsageError` with file and line."""
    path = project / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return MergeRules()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="make it a readable UTF-8 file") from error
    return parse_rules(text, path.name)


def parse_rules(text: str, name: str) -> MergeRules:
    """Return the rules that a file's text holds. Pure. Raises :class:`UsageError` with file and line."""
    try:
        table = tomllib.loads(text).get(TABLE, {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}", hint="see https://toml.io for the syntax") from error
    try:
        return MergeRules.model_validate(table)
    except ValidationError as error:
        raise _misfit(text, name, error) from error


def _misfit(text: str, name: str, error: ValidationError) -> UsageError:
    first = error.errors()[0]
    steps = [str(step) for step in first["loc"]]
    line = _line_of(text.splitlines(), first["loc"])
    return UsageError(
        f"{name}:{line}: {'.'.join([TABLE, *steps])}: {first['msg'].lower()}",
        hint="[gate] has may_waive (ids of keys, 64 hex digits, see `hostkit keys show`); "
        "[[gate.require]] has env, boards, min_rung, min_fidelity",
    )


def _line_of(lines: Sequence[str], loc: Sequence[Any]) -> int:
    """Return the 1-based line that a value stands in: its key's, else its table's (TOML keeps no places)."""
    if loc[:1] == ("require",) and len(loc) > 1 and isinstance(loc[1], int):
        starts = [number for number, line in enumerate(lines) if _REQUIRE.match(line)]
        start, key = (starts[loc[1]] if loc[1] < len(starts) else 0), str(loc[2]) if len(loc) > 2 else ""
    else:
        start = next((number for number, line in enumerate(lines) if _GATE.match(line)), 0)
        key = str(loc[0]) if loc else ""
    for number, line in enumerate(lines[start + 1 :], start + 1):
        if _HEADER.match(line):
            break
        if key and re.match(rf"\s*[\"']?{re.escape(key)}\b", line):
            return number + 1
    return start + 1

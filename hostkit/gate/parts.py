"""The parts of a bundle as they are written, read back with their types.

A bundle may come from anywhere, so nothing is taken on trust here: JSON that two readers could read
differently, a wrong type, a word that there is not, all are a :class:`PartError` that names the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hostkit.boards.model import BoardSpec, Fidelity
from hostkit.build.growth import GrowthLimits
from hostkit.build.model import Image, Sizes
from hostkit.build.store import MANIFEST, manifest_holds
from hostkit.errors import InvalidError
from hostkit.files import canonical_json, strict_json
from hostkit.flash.model import FlashRecord
from hostkit.gate.chosen import selection_of
from hostkit.gate.model import ChallengeFact, QuarantineFact, Rules, Stop, ToolFact
from hostkit.store.model import Rung

RUN, SUITE_END, STOP, FLASH = "run.json", "suite.json", "stop.json", "flash.json"
"""What was asked; how the suite's process ended; why the gate went no further; what was flashed."""

MEASUREMENTS, TOOLS, TIMINGS, VERDICT, SUMMARY = (
    "measurements.json",
    "tools.json",
    "timings.json",
    "verdict.json",
    "summary.txt",
)
"""What tests measured; with which tools; how long each stage took; the decision; the same for people."""

QUARANTINE = "quarantine.json"
"""The entries of the suite's quarantine, where it has any."""

WAIVERS, GROWTH = "waivers.json", "growth.json"
"""The files of ``waivers/``, where there are any; by what the firmware grew too much, where it is waived."""

BASE, AFFECTED = "base.json", "affected.json"
"""The manifest of the build that growth counts from; what a change touches, where that chose what ran."""

CHALLENGES = "challenge.json"
"""Every question with its answer and the right one."""

BOARDS = "boards"
"""The folder with the parts that are of one board each, of those that shared the suite with the first."""

BOOT_TRANSCRIPT, END_TRANSCRIPT = "boot.jsonl", "end.jsonl"
"""Both directions of the line while a board was flashed and booted, and at the last challenge."""

Files = Mapping[str, bytes]
"""A bundle's files by name, with ``/`` between folders."""


def folder_of(board: str) -> str:
    """Return where in a bundle the parts of another board than the first lie, with the ``/`` at its end."""
    return f"{BOARDS}/{board}/"


class PartError(InvalidError):
    """A part of a bundle is not what such a part is (exit 4)."""

    def __init__(self, name: str, what: str) -> None:
        """Name the file and what is wrong with it."""
        super().__init__(f"{name}: {what}", hint="the bundle was changed, or another hostkit made it")
        self.name = name


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class RulesPart(_Part):
    """Rules as :meth:`Rules.plain` writes them."""

    min_rung: str
    min_fidelity: str
    flash: bool
    build: bool
    whole_suite: bool
    soak_s: float = 0.0
    growth: GrowthLimits | None = None
    may_waive: tuple[str, ...] = ()

    def rules(self) -> Rules:
        """Return them as a record. Raises :class:`ValueError` for a word that there is not."""
        fidelity = {each.name.lower(): each for each in Fidelity}.get(self.min_fidelity)
        if fidelity is None:
            raise ValueError(f"no fidelity is called {self.min_fidelity!r}")
        return Rules(
            min_rung=Rung.from_word(self.min_rung),
            min_fidelity=fidelity,
            flash=self.flash,
            build=self.build,
            whole_suite=self.whole_suite,
            soak_s=self.soak_s,
            growth=self.growth,
            may_waive=self.may_waive,
        )


class RunPart(_Part):
    """``run.json``: what was asked, of what. ``board`` None: none was taken.

    ``parents``: of a merge commit, the one that was merged onto first. ``also``: boards that shared the suite
    with ``board``.
    """

    run: str
    env: str
    board: BoardSpec | None
    asked_board: str
    rules: RulesPart
    selection: str
    suite_sha256: str
    commit: str
    tree: str
    dirty: bool
    changes_sha256: str
    parents: tuple[str, ...] = ()
    also: tuple[BoardSpec, ...] = ()

    @property
    def boards(self) -> tuple[BoardSpec, ...]:
        """The board, or those that shared the suite; none where none was taken."""
        return () if self.board is None else (self.board, *self.also)


class ManifestPart(_Part):
    """``manifest.json``: what the build made, as far as it matters here."""

    build_id: str
    env: str
    chip: str
    profile: str
    commit: str
    dirty: bool
    images: tuple[Image, ...]
    sizes: Sizes
    toolchain: dict[str, str]


class TouchedPart(_Part):
    """Of ``affected.json``: may an env's firmware differ from that of the base, and why.

    ``patterns``: by name, where nothing but these can.
    """

    env: str
    affected: bool
    reasons: tuple[str, ...]
    patterns: tuple[str, ...] = ()


class TouchedTestsPart(_Part):
    """Of ``affected.json``: which of the suite's files changed, and why all of it runs, if it does."""

    all: bool
    files: tuple[str, ...]
    reasons: tuple[str, ...]


class AffectedPart(_Part):
    """``affected.json``: what the difference from a base touches."""

    base: str
    changed: tuple[str, ...]
    envs: tuple[TouchedPart, ...]
    tests: TouchedTestsPart

    def selection(self, env: str) -> str:
        """Return pytest's ``-k`` for a gate on an env, "" for all of the suite."""
        ours = [each for each in self.envs if each.env == env and each.affected]
        whole = self.tests.all or any(not each.patterns for each in ours)
        patterns = [name for each in ours for name in each.patterns]
        return selection_of(whole=whole, patterns=patterns, files=self.tests.files)


class ToolsPart(_Part):
    """``tools.json``: the programs that had a part in it, as far as it matters here."""

    executables: tuple[ToolFact, ...]


@dataclass(frozen=True, slots=True)
class SuiteEnd:
    """``suite.json``: how the suite's process ended. ``exit_code`` is pytest's, negative for a signal."""

    exit_code: int
    timed_out: bool


_T = TypeVar("_T")
_STOP, _END, _FLASH = TypeAdapter(Stop), TypeAdapter(SuiteEnd), TypeAdapter(FlashRecord)
_RUN, _MANIFEST = TypeAdapter(RunPart), TypeAdapter(ManifestPart)
_CHALLENGES, _TOOLS = TypeAdapter(tuple[ChallengeFact, ...]), TypeAdapter(ToolsPart)
_AFFECTED = TypeAdapter(AffectedPart)
_QUARANTINE = TypeAdapter(tuple[QuarantineFact, ...])
_TEXTS = TypeAdapter(dict[str, str])


def json_part(files: Files, name: str) -> Any:
    """Return the value of a JSON file. Raises :class:`PartError`, also when it is not there."""
    if name not in files:
        raise PartError(name, "it is not there")
    try:
        return strict_json(files[name])
    except ValueError as error:
        raise PartError(name, str(error)) from error


def _typed(files: Files, name: str, adapter: TypeAdapter[_T]) -> _T:
    value = json_part(files, name)
    try:
        return adapter.validate_json(canonical_json(value), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise PartError(
            name, f"{where}: {first['msg'].lower()}" if where else first["msg"].lower()
        ) from error


def run_part(files: Files) -> tuple[RunPart, Rules]:
    """Return what was asked, and the rules as a record."""
    run = _typed(files, RUN, _RUN)
    try:
        return run, run.rules.rules()
    except ValueError as error:
        raise PartError(RUN, str(error)) from error


def manifest_part(files: Files) -> ManifestPart | None:
    """Return what was built, None when nothing was. Its build id must be the hash of its inputs."""
    return _manifest(files, MANIFEST)


def _manifest(files: Files, name: str) -> ManifestPart | None:
    if name not in files:
        return None
    manifest = _typed(files, name, _MANIFEST)
    if not manifest_holds(json_part(files, name)):
        raise PartError(name, "its build id is not the hash of its inputs, or a field was changed")
    return manifest


def flash_part(files: Files) -> FlashRecord | None:
    """Return what was flashed, None when nothing was."""
    return _typed(files, FLASH, _FLASH) if FLASH in files else None


def suite_end(files: Files) -> SuiteEnd | None:
    """Return how the suite ended, None when it was never started."""
    return _typed(files, SUITE_END, _END) if SUITE_END in files else None


def stop_part(files: Files) -> Stop | None:
    """Return why the gate went no further, None when it went to its end."""
    return _typed(files, STOP, _STOP) if STOP in files else None


def challenges_part(files: Files) -> tuple[ChallengeFact, ...]:
    """Return what the board was asked; whether an answer is right is worked out from it."""
    return _typed(files, CHALLENGES, _CHALLENGES) if CHALLENGES in files else ()


def tools_part(files: Files) -> tuple[ToolFact, ...]:
    """Return the programs that had a part in it."""
    return _typed(files, TOOLS, _TOOLS).executables


def quarantine_part(files: Files) -> tuple[QuarantineFact, ...]:
    """Return which tests do not count, none without the file."""
    return _typed(files, QUARANTINE, _QUARANTINE) if QUARANTINE in files else ()


def waivers_part(files: Files) -> dict[str, str]:
    """Return the files of ``waivers/`` by their place, none without the part."""
    return _typed(files, WAIVERS, _TEXTS) if WAIVERS in files else {}


def base_part(files: Files) -> ManifestPart | None:
    """Return what was built at the base of a growth, None without the part. It holds as a manifest must."""
    return _manifest(files, BASE)


def affected_part(files: Files) -> AffectedPart | None:
    """Return what a change touches, None where that did not choose what ran."""
    return _typed(files, AFFECTED, _AFFECTED) if AFFECTED in files else None


def growth_part(files: Files) -> str:
    """Return by what the firmware grew too much where that was waived, "" elsewhere."""
    return _typed(files, GROWTH, _TEXTS).get("reason", "") if GROWTH in files else ""

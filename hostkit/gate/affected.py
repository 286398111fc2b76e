"""What a change can touch: which envs' firmware, and which of the suite's files. Unknown means everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hostkit.build.affected import PLATFORMS, Known, objects_affected, why_affected
from hostkit.build.depends import read_depends
from hostkit.build.inputs import FIRMWARE
from hostkit.build.project import env_names, read_env
from hostkit.build.service import find_inputs
from hostkit.build.store import MANIFEST
from hostkit.clock import Clock
from hostkit.errors import HostkitError, UsageError
from hostkit.files import strict_json
from hostkit.gate.base import BUILT, builds_at
from hostkit.gate.chosen import selection_of
from hostkit.gate.suite import FOLDER
from hostkit.process import Runner
from hostkit.settings.paths import Paths
from hostkit.tasks.git import Git

_PATTERNS = PurePosixPath(FIRMWARE) / "lib" / "pattern"
# What is in a namespace without a name no other object sees.
_OWN = re.compile(r"^namespace \{\n.*?^\}  // namespace$", re.DOTALL | re.MULTILINE)
_UNREAD = re.compile(r"^#include [^\n]*|//[^\n]*", re.MULTILINE)
_ONE_PATTERN = r'namespace hk \{ const Pattern k\w+\{"%s",[^{};]*\}; \}'


@dataclass(frozen=True, slots=True)
class Touched:
    """One env: ``reasons`` why its firmware can differ from that of the base; none: it cannot.

    ``patterns``: by name, where nothing but these can.
    """

    env: str
    reasons: tuple[str, ...]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """``files``: test files that changed, by stem. ``reasons``: why all of the suite is touched, if it is."""

    files: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Affected:
    """The answer for a base (a commit, 40 hex digits): the paths that differ from it, what they touch."""

    base: str
    changed: tuple[str, ...]
    envs: tuple[Touched, ...]
    suite: Suite

    def whole(self, env: str) -> bool:
        """True when all of the suite must run on an env."""
        changed = (each for each in self.envs if each.env == env and each.reasons)
        return bool(self.suite.reasons) or any(not each.patterns for each in changed)

    def patterns(self, env: str) -> tuple[str, ...]:
        """Return the patterns that are all that an env's firmware can draw otherwise."""
        return tuple(name for each in self.envs if each.env == env for name in each.patterns)

    def selection(self, env: str) -> str:
        """Return pytest's ``-k`` for what a change touches on an env, "" for nothing, or for all."""
        whole = self.whole(env)
        return selection_of(whole=whole, patterns=self.patterns(env), files=self.suite.files)

    def plain(self) -> dict[str, object]:
        """Return it as JSON-ready values."""
        return {
            "schema": "hostkit.affected/1",
            "base": self.base,
            "changed": list(self.changed),
            "envs": [
                {"env": each.env, "affected": bool(each.reasons), "reasons": list(each.reasons)}
                | {"patterns": list(each.patterns)}
                for each in self.envs
            ],
            "tests": {
                "all": bool(self.suite.reasons),
                "files": list(self.suite.files),
                "reasons": list(self.suite.reasons),
            },
        }


@dataclass(frozen=True, slots=True)
class Desk:
    """What :func:`survey` works with."""

    project: Path
    paths: Paths
    runner: Runner
    clock: Clock


def survey(desk: Desk, base: str, envs: Iterable[str] = ()) -> Affected:
    """Compare the work tree with a commit. ``envs``: only these, else all of platformio.ini.

    Nothing is built. Raises :class:`UsageError` for a base that is no commit, or an unknown env.
    """
    git = Git(desk.project, desk.runner)
    commit = git.resolve(base)
    if not commit:
        raise UsageError(f"{base!r} is no commit of {desk.project}", hint="name a branch, a tag or a commit")
    changed = tuple(sorted({*git.changed_between(commit, "HEAD"), *git.changed_paths()}))
    names = tuple(envs) or env_names(desk.project)
    touched = tuple(_touched(desk, git, commit, env) for env in names)
    return Affected(commit, changed, touched, touched_suite(changed))


def touched_suite(changed: Iterable[str]) -> Suite:
    """Return what changed files mean for the suite; those of the firmware are the builds' business. Pure."""
    files, reasons = [], []
    for path in changed:
        place = PurePosixPath(path)
        if place.parts[0] in BUILT or is_document(place):
            continue
        if place.parts[0] == FOLDER and len(place.parts) == 2 and place.match("test_*.py"):
            files.append(place.stem)
        else:
            reasons.append(f"{path}: nothing says which tests it touches")
    return Suite(tuple(files), tuple(reasons))


def is_document(path: PurePosixPath) -> bool:
    """True for what no program reads: below docs/, Markdown, a licence."""
    return path.parts[0] == "docs" or path.suffix == ".md" or path.name.startswith("LICENSE")


def defines_its_pattern_alone(name: str, source: str) -> bool:
    """True for C++ that gives the rest of the firmware one thing: the pattern of that name. Pure."""
    shared = _OWN.sub("", source)
    return re.fullmatch(_ONE_PATTERN % re.escape(name), " ".join(_UNREAD.sub("", shared).split())) is not None


def _touched(desk: Desk, git: Git, commit: str, env: str) -> Touched:
    settings = read_env(desk.project, env)
    try:
        inputs = find_inputs(desk.project, env, paths=desk.paths, runner=desk.runner, clock=desk.clock)
    except HostkitError as error:
        return Touched(env, (f"what a build of {env} takes is not known: {error.message}",))
    known = _known(desk, git, commit, env)
    if known is None:
        return Touched(env, (f"no stored build of {env} at {commit[:12]} says what it is made of",))
    why = why_affected(known, inputs.facts, _platform(settings.platform))
    return Touched(env, why, _patterns(desk.project, objects_affected(known, inputs.facts)) if why else ())


def _patterns(project: Path, sources: Iterable[str]) -> tuple[str, ...]:
    """Return the names of patterns whose own sources these are; none where one is anything else's."""
    places = sorted(PurePosixPath(source) for source in sources)
    for place in places:
        file = project / place
        if place.parent != _PATTERNS or not file.is_file():
            return ()
        if not defines_its_pattern_alone(place.stem, file.read_text(encoding="utf-8", errors="replace")):
            return ()
    return tuple(place.stem for place in places)


def _platform(platform: str) -> str:
    place = PurePosixPath(platform.partition("://")[2])
    return place.name if place.is_relative_to(PLATFORMS) else ""


def _known(desk: Desk, git: Git, commit: str, env: str) -> Known | None:
    for artifact in builds_at(desk.paths.artifacts, git, commit, env):
        objects = read_depends(artifact.directory)
        if objects is not None:
            facts: Mapping[str, Any] = strict_json((artifact.directory / MANIFEST).read_bytes())["inputs"]
            return Known(artifact.build_id, facts, objects)
    return None

"""What a change can touch: which envs' firmware, and which of the suite's files. Unknown means everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hostkit.build.affected import PLATFORMS, Known, why_affected
from hostkit.build.depends import read_depends
from hostkit.build.project import env_names, read_env
from hostkit.build.service import find_inputs
from hostkit.build.store import MANIFEST
from hostkit.clock import Clock
from hostkit.errors import HostkitError, UsageError
from hostkit.files import strict_json
from hostkit.gate.base import BUILT, builds_at
from hostkit.gate.suite import FOLDER
from hostkit.process import Runner
from hostkit.settings.paths import Paths
from hostkit.tasks.git import Git


@dataclass(frozen=True, slots=True)
class Touched:
    """One env: ``reasons`` why its firmware can differ from that of the base; none: it cannot."""

    env: str
    reasons: tuple[str, ...]


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
        return bool(self.suite.reasons) or any(each.reasons for each in self.envs if each.env == env)

    def selection(self) -> str:
        """Return pytest's ``-k`` for the test files that changed, "" for none."""
        return " or ".join(self.suite.files)

    def plain(self) -> dict[str, object]:
        """Return it as JSON-ready values."""
        return {
            "schema": "hostkit.affected/1",
            "base": self.base,
            "changed": list(self.changed),
            "envs": [
                {"env": each.env, "affected": bool(each.reasons), "reasons": list(each.reasons)}
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
    touched = tuple(Touched(env, _why(desk, git, commit, env)) for env in names)
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


def _why(desk: Desk, git: Git, commit: str, env: str) -> tuple[str, ...]:
    settings = read_env(desk.project, env)
    try:
        inputs = find_inputs(desk.project, env, paths=desk.paths, runner=desk.runner, clock=desk.clock)
    except HostkitError as error:
        return (f"what a build of {env} takes is not known: {error.message}",)
    known = _known(desk, git, commit, env)
    if known is None:
        return (f"no stored build of {env} at {commit[:12]} says what it is made of",)
    return why_affected(known, inputs.facts, _platform(settings.platform))


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

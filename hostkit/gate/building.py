"""The build of a gate, and what of it goes into the evidence."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from hostkit.boards.model import BoardSpec
from hostkit.build.growth import GrowthLimits, check_growth
from hostkit.build.model import Artifact
from hostkit.build.platformio import CompileError
from hostkit.build.project import read_env
from hostkit.build.service import BuildResult, build
from hostkit.build.store import LOG, MANIFEST
from hostkit.errors import FailedError, InconclusiveError
from hostkit.flash.plan import refuse_env
from hostkit.gate.base import builds_at
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.model import Stage
from hostkit.gate.parts import BASE, GROWTH
from hostkit.gate.run import Run
from hostkit.gate.waived import Waives
from hostkit.gate.waivers import in_force
from hostkit.tasks.git import Git

DIAGNOSTICS = "diagnostics.txt"
"""What the compiler says of a build that failed."""


def run_build(run: Run, boards: Sequence[BoardSpec] = ()) -> None:
    """Build what is checked out, or find that it was built before; nothing for ``boards`` of another chip."""
    bench = run.bench
    with run.stage(Stage.BUILD):
        chip = read_env(run.request.project, run.request.env).chip.value
        for spec in boards:
            refuse_env(run.request.env, chip, spec)
        try:
            result = build(
                run.request.project,
                run.request.env,
                paths=bench.paths,
                runner=bench.runner,
                clock=bench.clock,
                on_event=bench.listener.build,
                timeout_s=bench.settings.build_timeout_s,
            )
        except CompileError as error:
            told = "\n".join(str(diagnostic) for diagnostic in error.diagnostics)
            write_bytes(run.into, DIAGNOSTICS, told.encode())
            raise
        run.ran.artifact = result.artifact
        _keep(result, run.into)
        how = "unchanged" if result.cached else "built"
        run.tell(Stage.BUILD, f"{how}, build {result.artifact.short_id}")
        if run.request.rules.growth is not None:
            _check_growth(run, result.artifact, run.request.rules.growth)


def _check_growth(run: Run, artifact: Artifact, limits: GrowthLimits) -> None:
    """Compare with the build of the base. Raises :class:`InconclusiveError` when that is not stored.

    Too much growth is a failure of the build, or goes into the evidence where a waiver answers for it.
    """
    git = Git(run.request.project, run.bench.runner)
    base = next(builds_at(run.bench.paths.artifacts, git, limits.base, artifact.env), None)
    if base is None:
        raise InconclusiveError(
            f"no build of {artifact.env} at {limits.base[:12]} is stored: what it grew by is not known",
            hint=f"build that commit once: git worktree add ../base {limits.base[:12]}, hostkit build there",
        )
    shutil.copyfile(base.directory / MANIFEST, run.into / BASE)
    try:
        check_growth(base, artifact, limits)
    except FailedError as error:
        if not in_force(run.waivers, Waives.GROWTH):
            raise
        write_json(run.into, GROWTH, {"reason": error.message})  # the decision tells of it


def _keep(result: BuildResult, into: Path) -> None:
    """Copy what says how the artifact came to be; the artifact itself stays in its store."""
    for name in (MANIFEST, LOG):
        shutil.copyfile(result.artifact.directory / name, into / name)

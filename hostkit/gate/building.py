"""The build of a gate, and what of it goes into the evidence."""

from __future__ import annotations

import shutil
from pathlib import Path

from hostkit.build.platformio import CompileError
from hostkit.build.service import BuildResult, build
from hostkit.build.store import LOG, MANIFEST
from hostkit.gate.evidence import write_bytes
from hostkit.gate.model import Stage
from hostkit.gate.run import Run

DIAGNOSTICS = "diagnostics.txt"
"""What the compiler says of a build that failed."""


def run_build(run: Run) -> None:
    """Build what is checked out, or find that it was built before."""
    bench = run.bench
    with run.stage(Stage.BUILD):
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


def _keep(result: BuildResult, into: Path) -> None:
    """Copy what says how the artifact came to be; the artifact itself stays in its store."""
    for name in (MANIFEST, LOG):
        shutil.copyfile(result.artifact.directory / name, into / name)

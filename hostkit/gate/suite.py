"""The suite as a child process: plain pytest, so that what a person runs by hand is what the gate runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hostkit.process import Command

FOLDER = "hil_tests"
"""Where a project keeps the tests of any board."""

OBSERVATIONS, JUNIT, TRANSCRIPT, OUTPUT = "observations.jsonl", "junit.xml", "link.jsonl", "pytest.txt"
"""Files that the suite leaves in the evidence."""

_SETTINGS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "conftest.py")
# Options that come from outside would leave tests out without the verdict knowing.
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "COLUMNS")


@dataclass(frozen=True, slots=True)
class SuiteCall:
    """One call of the suite. ``build``: the build id that must run, "" for any; ``into``: where files go."""

    project: Path
    board: str
    build: str
    selection: str
    into: Path
    timeout_s: float


def suite_command(call: SuiteCall, env: Mapping[str, str]) -> Command:
    """Return the child's command. ``env`` has the lease's token, so that the child is let through.

    The working directory comes first on the module path: a checkout that carries hostkit is measured by
    the models of that checkout.
    """
    argv = [sys.executable, "-m", "pytest", FOLDER, "--board", call.board]
    argv += ["--observations", str(call.into / OBSERVATIONS), "--transcript", str(call.into / TRANSCRIPT)]
    argv += ["--junitxml", str(call.into / JUNIT), "-p", "no:cacheprovider"]
    if call.build:
        argv += ["--expect-build", call.build]
    if call.selection:
        argv += ["-k", call.selection]
    kept = {name: value for name, value in env.items() if name not in _FOREIGN}
    return Command(
        tuple(argv), call.project, kept | {"PYTHONDONTWRITEBYTECODE": "1"}, timeout_s=call.timeout_s
    )


def suite_places(project: Path) -> tuple[Path, ...]:
    """Return what decides how the suite judges: tests, models, pytest's settings."""
    own = project / "hostkit" / "hil"
    models = own if own.is_dir() else Path(sys.modules["hostkit"].__file__ or "").parent / "hil"
    return (project / FOLDER, models, *(project / name for name in _SETTINGS))

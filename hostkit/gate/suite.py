"""The suite as a child process: plain pytest, so that what a person runs by hand is what the gate runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hostkit.process import Command

FOLDER = "hil_tests"
"""Where a project keeps the tests of any board."""

OBSERVATIONS, JUNIT, TRANSCRIPT, OUTPUT = "observations.jsonl", "junit.xml", "link.jsonl", "pytest.txt"
"""Files in the evidence that are of the suite; the JUnit report is made of its observations."""

PICTURES = "pictures"
"""The folder for frames over time; see :mod:`hostkit.hil.picture`."""

SETTINGS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "conftest.py")
"""Files of a project that pytest reads its settings from."""

# What comes from outside could leave tests out, or put other code in the place of theirs. (PYTHONUTF8 and
# the like only say how text is written.)
_FOREIGN = re.compile(
    r"PYTEST_.*|PYTHON(PATH|STARTUP|OPTIMIZE|WARNINGS|INSPECT|BREAKPOINT|HOME|USERBASE|PLATLIBDIR)|COLUMNS"
)
# pytest itself is the one that is installed, also where the checkout has a folder of that name.
_START = (
    "import atexit, gc, os, sys, pytest; "
    "atexit.register(gc.freeze); "  # no search for garbage in what goes with the process
    "sys.path.insert(0, os.getcwd()); sys.exit(pytest.main())"
)
_KEPT = {
    # pytest tells a source from its byte code by second and size, which is not enough for a verdict.
    "PYTHONDONTWRITEBYTECODE": "1",
    # glibc gives the memory of each picture of the model back, only to fetch it again: a tenth of the time.
    "MALLOC_TOP_PAD_": str(16 << 20),
}
# Nor do settings of the checkout choose among the tests: what is in the folder is the suite.
_WHOLE = (
    "addopts=",
    "python_files=test_*.py *_test.py",
    "python_classes=Test",
    "python_functions=test",
    "norecursedirs=.* __pycache__",
)


@dataclass(frozen=True, slots=True)
class SuiteCall:
    """One call of the suite. ``build``: the build id that must run, "" for any; ``into``: where files go.

    ``timeout_s`` is for the suite without its soak of ``soak_s``, 0 for none. ``share``: the folder where
    boards that share the suite take their tests, None where one board runs all of it.
    """

    project: Path
    board: str
    build: str
    selection: str
    into: Path
    timeout_s: float
    soak_s: float = 0.0
    retries: int = 0
    share: Path | None = None


def suite_command(call: SuiteCall, env: Mapping[str, str]) -> Command:
    """Return the child's command. ``env`` has the lease's token, so that the child is let through.

    The working directory comes first on the module path: a checkout that carries hostkit is measured by
    the models of that checkout. Neither the environment nor pytest's settings leave tests out.
    """
    argv = [sys.executable, "-P", "-c", _START, FOLDER, "--board", call.board]
    argv += ["--observations", str(call.into / OBSERVATIONS), "--transcript", str(call.into / TRANSCRIPT)]
    argv += ["--pictures", str(call.into / PICTURES), "-p", "no:cacheprovider"]
    argv += [word for setting in _WHOLE for word in ("-o", setting)]
    if call.build:
        argv += ["--expect-build", call.build]
    if call.selection:
        argv += ["-k", call.selection]
    if call.retries:
        argv += ["--retries", str(call.retries)]
    if call.share is not None:
        argv += ["--share", str(call.share)]
    if call.soak_s:
        argv += ["--soak", f"{call.soak_s:.3f}s"]
    kept = {name: value for name, value in env.items() if not _FOREIGN.fullmatch(name)}
    timeout_s = call.timeout_s + call.soak_s
    return Command(tuple(argv), call.project, kept | _KEPT, timeout_s=timeout_s)


def suite_places(project: Path) -> tuple[Path, ...]:
    """Return what decides how the suite judges: tests, models, pytest's settings."""
    own = project / "hostkit" / "hil"
    models = own if own.is_dir() else Path(sys.modules["hostkit"].__file__ or "").parent / "hil"
    return (project / FOLDER, models, *(project / name for name in SETTINGS))

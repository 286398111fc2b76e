"""The one file that runs PlatformIO: argv and environment (pure), run, and what its end means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hostkit.build.inputs import Inputs
from hostkit.build.output import (
    Diagnostic,
    Step,
    errors,
    installing,
    is_out_of_space,
    parse_diagnostics,
    parse_step,
    unreachable_package,
    warnings,
)
from hostkit.build.project import EnvSettings
from hostkit.build.toolchain import Toolchain
from hostkit.errors import FailedError, MissingToolError, ToolError
from hostkit.files import disk_error
from hostkit.interpreter import installed_only, module_argv
from hostkit.process import Command, Finished, Runner

TIMEOUT_S = 600.0
"""A cold build takes some 20 s; PlatformIO waits 60 s for a registry that it cannot reach."""

# All else of the user's environment stays out: PLATFORMIO_BUILD_FLAGS or CPATH would change the
# output without changing the build id.
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
_KEPT_SUFFIX = ("_proxy", "_PROXY")


class CompileError(FailedError):
    """The sources do not build (exit 1). ``diagnostics`` are the compiler's, errors first."""

    def __init__(self, message: str, *, hint: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Keep the diagnostics beside message and hint."""
        super().__init__(message, hint=hint)
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Places:
    """Directories of one run. ``work`` is this checkout's and env's own; ``core`` and ``cache`` are shared.

    ``product``: the file that the linker writes.
    """

    project: Path
    work: Path
    core: Path
    cache: Path
    product: str = "program"

    @property
    def zig(self) -> Path:
        """Where zig keeps what it compiled, its own C and C++ libraries among it."""
        return self.cache / "zig"

    @property
    def output(self) -> Path:
        """PlatformIO's build directory. It removes all of it when the set of files changes."""
        return self.work / "out"

    @property
    def program(self) -> Path:
        """What the linker writes; PlatformIO adds the env's name, which is also that of ``work``."""
        return self.output / self.work.name / self.product


@dataclass(frozen=True, slots=True)
class Compiled:
    """What PlatformIO left: the executable, all it printed, and the compiler's warnings."""

    program: Path
    log: str
    warnings: tuple[Diagnostic, ...]


def places_for(project: Path, env: str, *, core: Path, cache: Path) -> Places:
    """Return the directories of a checkout's env. Nothing is made."""
    return Places(project, project / ".hostkit" / "build" / env, core, cache)


def command_for(
    places: Places, env: EnvSettings, toolchain: Toolchain, inputs: Inputs, outer: Mapping[str, str]
) -> Command:
    """Return how PlatformIO is run. ``outer`` is the user's environment, of which little is kept. Pure."""
    own = {
        "PLATFORMIO_CORE_DIR": str(places.core),
        # Registered by name there: shared, one checkout would build with another's platform.
        "PLATFORMIO_PLATFORMS_DIR": str(places.work / "platforms"),
        "ZIG_GLOBAL_CACHE_DIR": str(places.zig),
        "ZIG_LOCAL_CACHE_DIR": str(places.zig),
        "HK_COMPILER": env.compiler.value if env.compiler else "",
        "HK_BUILD_LOCK": str(places.work / "scons.lock"),
    }
    if toolchain.self_contained:
        own["HK_OBJECT_CACHE"] = str(places.cache / "objects")
    environment = kept_environment(outer) | common_environment(places, env, inputs) | own
    return Command(run_argv(places, env), cwd=places.project, env=environment, timeout_s=TIMEOUT_S)


def kept_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the little of the user's environment that a build may see. Pure."""
    return installed_only({k: v for k, v in outer.items() if k in _KEPT or k.endswith(_KEPT_SUFFIX)})


def common_environment(places: Places, env: EnvSettings, inputs: Inputs) -> dict[str, str]:
    """Return what PlatformIO and src/build_info.cpp are told whatever the platform. Pure."""
    return {
        "LC_ALL": "C.UTF-8",  # the compiler's words are parsed
        "PLATFORMIO_WORKSPACE_DIR": str(places.work / "workspace"),
        "PLATFORMIO_BUILD_DIR": str(places.output),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",  # days: never ask the network
        "HK_BUILD_ID": inputs.build_id,
        "HK_VERSION": env.version,
        "HK_COMMIT": inputs.revision.commit,
        "HK_DIRTY": str(int(inputs.revision.dirty)),
        "HK_PROFILE": env.profile,
        "HK_CHIP": env.chip.value,
    }


def run_argv(places: Places, env: EnvSettings) -> tuple[str, ...]:
    """Return the command line of PlatformIO. Pure."""
    return (*module_argv("platformio"), "run", "-e", env.name, "-d", str(places.project))


def compile_env(
    command: Command, places: Places, runner: Runner, on_step: Callable[[Step | str], None]
) -> Compiled:
    """Run PlatformIO; ``on_step`` gets each line, and the progress that it tells of.

    Raises :class:`CompileError` for sources that do not build, :class:`ToolError` for a PlatformIO
    that hangs, fails otherwise or is missing, and for a full disk.
    """
    make_directory(places.work)
    forget_moved_platform(places)
    lines = _Lines(on_step)
    done = runner.run(command, on_text=lines.feed)
    lines.feed("\n")
    diagnostics = parse_diagnostics(done.output)
    if not done.ok:
        raise explain_failure(done, diagnostics)
    if not places.program.is_file():
        raise ToolError(
            f"PlatformIO succeeded but left no program at {places.program}",
            hint="the env's platform must be one of firmware/platforms, or espressif32 with ESP-IDF",
        )
    return Compiled(places.program, done.output, warnings(diagnostics))


def explain_failure(done: Finished, diagnostics: tuple[Diagnostic, ...]) -> ToolError | FailedError:
    """Return the error that a failed run amounts to. Pure."""
    if done.timed_out:
        last = installing(done.output)
        return ToolError(
            f"PlatformIO was ended after {done.seconds:.0f} s without finishing"
            + (f"; the last that it began to install from its registry was {last}" if last else ""),
            hint="raise build_timeout_s if it was at work; it hangs so where its registry cannot be reached",
        )
    if (package := unreachable_package(done.output)) is not None:
        return ToolError(
            f"PlatformIO cannot reach its registry, from which it must install {package}",
            hint="build this env where PlatformIO has network access; env virtual needs no registry",
        )
    if is_out_of_space(done.output):
        return ToolError("no space left on the disk while building", hint="free some space and run it again")
    if "No module named platformio" in done.output:
        return MissingToolError("PlatformIO is not installed", hint="run `pip install platformio`")
    bad = errors(diagnostics)
    if not bad:
        tail = "\n".join(done.output.strip().splitlines()[-5:]) or "no output"
        return ToolError(
            f"PlatformIO failed (exit {done.returncode}) and named no error:\n{tail}",
            hint="run `hostkit doctor`, then `hostkit build -v` to see all of it",
        )
    first, count = bad[0], len(bad)
    more = "" if count == 1 else f" (first of {count} errors)"
    return CompileError(
        f"{first}{more}", hint="mend it and build again", diagnostics=(*bad, *warnings(diagnostics))
    )


def forget_moved_platform(places: Places) -> bool:
    """Remove PlatformIO's note of where the platform lies if it names another place; True if it did.

    A moved or copied checkout would build with the platform of the old one.
    """
    for link in (places.work / "platforms").glob("*.pio-link"):
        try:
            here = Path(json.loads(link.read_text())["cwd"]) == places.project
        except (OSError, ValueError, KeyError, TypeError):
            here = False
        if not here:
            shutil.rmtree(link.parent, ignore_errors=True)
            return True
    return False


def make_directory(path: Path) -> None:
    """Make a directory and its parents. Raises :class:`ToolError` when the disk refuses."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, path) from error


class _Lines:
    """Cuts pieces of output into lines and passes on each, with the progress it tells of."""

    def __init__(self, on_step: Callable[[Step | str], None]) -> None:
        self._on_step = on_step
        self._rest = ""

    def feed(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._on_step(line)
            if (step := parse_step(line)) is not None:
                self._on_step(step)

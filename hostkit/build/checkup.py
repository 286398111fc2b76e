"""What a machine needs to build and flash, what it has, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from shutil import which

from hostkit.build.inputs import git_command
from hostkit.build.platformio import Places, forget_moved_platform, make_directory, places_for
from hostkit.build.project import env_names
from hostkit.build.provision import SCONS_PACKAGE, is_provisioned, provision
from hostkit.build.toolchain import package_version, zig_binary
from hostkit.errors import HostkitError, UsageError
from hostkit.process import Command, Runner
from hostkit.settings.paths import Paths

SCONS_VERSION = "4.11.1"
_TIMEOUT_S = 20.0
_MIN_PYTHON = (3, 11)
# A rule that keeps from git what nobody writes, and a path that it must cover. Byte code of the platforms,
# which each build makes, and what `pio run` leaves make a tree unclean, and so every gate in it; what
# hostkit keeps does not, but goes into a commit with `git add -A`.
_RULES = {"__pycache__/": "firmware/__pycache__/x.pyc", ".pio/": ".pio/x", ".hostkit/": ".hostkit/x"}


class State(Enum):
    """How one thing stands."""

    OK = "ok"
    OPTIONAL = "optional"  # not there, and most of hostkit works without it
    MISSING = "missing"  # not there, and needed


@dataclass(frozen=True, slots=True)
class Check:
    """One thing: its state, what was found, and what to do (empty when it is ok).

    ``fixable``: ``hostkit doctor --fix`` does it.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is examined; ``project`` is None outside a checkout, ``devices`` is where serial ports are."""

    project: Path | None
    paths: Paths
    runner: Runner
    devices: Path = Path("/dev")


def examine(where: Surroundings) -> tuple[Check, ...]:
    """Look at everything, change nothing; never raises for what is missing."""
    return (
        _python(),
        _package("platformio", "platformio", "builds"),
        _scons(),
        _zig(),
        _package("zcbor", "zcbor", "the firmware's CBOR sources"),
        _package("esptool", "esptool", "flashing"),
        _program("git", "--version", where.runner, "builds carry no commit, and tasks cannot run"),
        _program("g++", "-dumpfullversion", where.runner, "nothing is lost: zig compiles"),
        _core(where.paths.core),
        _writable("cache directory", where.paths.cache, ", or set HOSTKIT_CACHE_DIR"),
        _writable("state directory", where.paths.state, ", or set HOSTKIT_STATE_DIR"),
        *_checkout(where),
        _serial_ports(where.devices),
    )


def mend(where: Surroundings) -> tuple[str, ...]:
    """Do what can be done without asking anyone, and return what was done.

    Raises :class:`ToolError` when the disk refuses.
    """
    done: list[str] = []
    for path in (where.paths.cache, where.paths.state):
        if not path.is_dir():
            make_directory(path)
            done.append(f"made {path}")
    if provision(where.paths.core):
        done.append(f"provisioned PlatformIO's core directory {where.paths.core}")
    done += [
        f"removed a platform link that pointed out of this checkout ({places.work})"
        for places in _places(where)
        if forget_moved_platform(places)
    ]
    return tuple(done)


def _python() -> Check:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= _MIN_PYTHON:
        return Check("Python", State.OK, found)
    return Check("Python", State.MISSING, found, "install Python 3.11 or newer")


def _package(name: str, distribution: str, purpose: str) -> Check:
    if found := package_version(distribution):
        return Check(name, State.OK, found)
    return Check(name, State.MISSING, "", f"`pip install {distribution}` (for {purpose})")


def _scons() -> Check:
    found = package_version("SCons")
    if found == SCONS_VERSION:
        return Check("SCons", State.OK, found)
    return Check(
        "SCons", State.MISSING, found, f"`pip install SCons=={SCONS_VERSION}` (PlatformIO's {SCONS_PACKAGE})"
    )


def _zig() -> Check:
    binary = zig_binary()
    if binary is None:
        return Check("zig", State.MISSING, "", "`pip install ziglang` (the C++ compiler)")
    if not os.access(binary, os.X_OK):
        return Check("zig", State.MISSING, str(binary), "`pip install --force-reinstall ziglang`")
    return Check("zig", State.OK, package_version("ziglang"))


def _program(name: str, option: str, runner: Runner, without: str) -> Check:
    if which(name) is None:
        return Check(name, State.OPTIONAL, "", f"install it if you like; without it, {without}")
    try:
        done = runner.run(Command((name, option), timeout_s=_TIMEOUT_S))
    except HostkitError as error:
        return Check(name, State.OPTIONAL, error.message, "check that it runs")
    words = done.output.split()
    return Check(name, State.OK, words[-1] if words else "it does not say its version")


def _core(core: Path) -> Check:
    if is_provisioned(core):
        return Check("PlatformIO core", State.OK, str(core))
    return Check(
        "PlatformIO core",
        State.MISSING,
        "not provisioned",
        "`hostkit doctor --fix` (a build does it too)",
        True,
    )


def _writable(name: str, path: Path, way_out: str = "") -> Check:
    """A directory that is not there yet is fine when it can be made."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Check(name, State.OK, str(path))
    return Check(name, State.MISSING, str(path), f"make {existing} writable{way_out}")


def _checkout(where: Surroundings) -> Iterator[Check]:
    if where.project is None:
        yield Check("checkout", State.OPTIONAL, "not in one", "change to a firmware checkout to build")
        return
    try:
        names = env_names(where.project)
    except UsageError as error:
        yield Check("checkout", State.MISSING, error.message, error.hint)
        return
    yield Check("checkout", State.OK, f"{where.project} (env {', '.join(names)})")
    yield _writable("work directory", where.project / ".hostkit")
    yield from _ignored(where.project, where.runner)


def _ignored(project: Path, runner: Runner) -> Iterator[Check]:
    """What git would show as somebody's work; nothing to say where git is not there or has no repository."""
    try:
        done = runner.run(git_command(project, "check-ignore", *_RULES.values()))
    except HostkitError:
        return
    if done.returncode not in (0, 1):  # 1: none of them
        return
    seen = [rule for rule, path in _RULES.items() if path not in done.output.splitlines()]
    if not seen:
        yield Check("ignored by git", State.OK, " ".join(_RULES))
        return
    yield Check(
        "ignored by git",
        State.OPTIONAL,
        f"not {' '.join(seen)}: what tools leave there counts as uncommitted, or gets committed",
        f"add to {project / '.gitignore'}, a line each: {' '.join(seen)}",
    )


def _places(where: Surroundings) -> Iterator[Places]:
    if where.project is None:
        return
    try:
        names = env_names(where.project)
    except UsageError:
        return
    for name in names:
        yield places_for(where.project, name, core=where.paths.core, cache=where.paths.cache)


def _serial_ports(devices: Path) -> Check:
    ports = [path for pattern in ("ttyUSB*", "ttyACM*") for path in sorted(devices.glob(pattern))]
    closed = [str(path) for path in ports if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        return Check(
            "serial ports",
            State.OPTIONAL,
            f"no permission on {', '.join(closed)}",
            "add yourself to the group that owns them: `sudo usermod -aG dialout $USER`, then log in again",
        )
    found = ", ".join(str(path) for path in ports) or "none (virtual boards need none)"
    return Check("serial ports", State.OK, found)

"""Which compiler builds, and the versions of everything that shapes its output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from hostkit.build.project import Compiler
from hostkit.errors import MissingToolError, ToolError
from hostkit.files import atomic_write, canonical_json
from hostkit.process import Command, Runner

# Not the C compiler's wheel: that one is needed only when it is chosen.
_PACKAGES = {"platformio": "platformio", "scons": "SCons", "zcbor": "zcbor"}
_VERSION_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler and what identifies it: ``versions`` maps tool names to versions, compiler included.

    ``compiler`` is None for that of a platform from PlatformIO's registry: ``versions`` names the platform.
    """

    compiler: Compiler | None
    versions: Mapping[str, str]

    @property
    def self_contained(self) -> bool:
        """True when the compiler's version also fixes every system header and library: zig's wheel."""
        return self.compiler is Compiler.ZIG


def package_version(distribution: str) -> str:
    """Return an installed distribution's version, or an empty string. Nothing is imported."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def zig_binary() -> Path | None:
    """Return the compiler inside the ziglang wheel, or None where it is not installed."""
    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        return None
    binary = Path(spec.submodule_search_locations[0]) / "zig"
    return binary if binary.is_file() else None


def find_toolchain(compiler: Compiler, *, cache: Path, runner: Runner) -> Toolchain:
    """Return the toolchain. A system compiler's version is measured once and kept in ``cache``.

    Raises :class:`MissingToolError` for a missing compiler or Python package.
    """
    versions = {name: _need(distribution) for name, distribution in _PACKAGES.items()}
    if compiler is Compiler.ZIG:
        versions["zig"] = _need("ziglang")
    else:
        versions[compiler.value] = _system_compiler(compiler, cache / "compilers.json", runner)
    return Toolchain(compiler, dict(sorted(versions.items())))


def registry_toolchain(platform: str) -> Toolchain:
    """Return the toolchain of a platform from PlatformIO's registry: its pin fixes the packages it brings.

    Raises :class:`MissingToolError` for a missing Python package.
    """
    versions = {name: _need(_PACKAGES[name]) for name in ("platformio", "zcbor")}
    return Toolchain(None, versions | {"platform": platform})


def zcbor_directory() -> Path:
    """Return where zcbor's C sources lie, without importing it. Raises :class:`MissingToolError`."""
    spec = find_spec("zcbor")
    if spec is None or not spec.submodule_search_locations:
        raise MissingToolError(
            "the Python package zcbor is not installed", hint="run `pip install zcbor` (the CBOR sources)"
        )
    return Path(spec.submodule_search_locations[0])


def _need(distribution: str) -> str:
    found = package_version(distribution)
    if not found:
        raise MissingToolError(
            f"the Python package {distribution} is not installed", hint=f"run `pip install {distribution}`"
        )
    return found


def _system_compiler(compiler: Compiler, known: Path, runner: Runner) -> str:
    """Return "version target" of a compiler on PATH.

    The cache is keyed by the program's real path, size, inode and change time, and package managers
    replace a compiler by a new file: a stale answer would need the same inode, changed in the same
    nanosecond to another program of the same length.
    """
    found = which(compiler.value)
    if found is None:
        raise MissingToolError(
            f"{compiler.value} is not on PATH",
            hint="install it, or use the default: custom_hostkit_compiler = zig",
        )
    real = Path(found).resolve()
    stat = real.stat()
    key = f"{real}:{stat.st_size}:{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"
    answers = _read(known)
    if key not in answers:
        answers = {key: _measure(compiler, str(real), runner)}
        atomic_write(known, canonical_json(answers), durable=False)
    return answers[key]


def _read(path: Path) -> dict[str, str]:
    try:
        stored = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in stored.items()} if isinstance(stored, dict) else {}


def _measure(compiler: Compiler, program: str, runner: Runner) -> str:
    option = "-dumpfullversion" if compiler is Compiler.GXX else "-dumpversion"
    done = runner.run(Command((program, option, "-dumpmachine"), timeout_s=_VERSION_TIMEOUT_S))
    if not done.ok:
        raise ToolError(
            f"{program} does not say its version: {done.output.strip() or 'no output'}",
            hint="check that the compiler runs",
        )
    return " ".join(done.output.split())

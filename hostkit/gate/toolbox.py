"""Looks at the programs that had a part in a run: where each lies, its version, and what it is made of."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import which
from typing import Any

import hostkit
from hostkit.boards.model import Kind
from hostkit.boards.qemu.board import find_qemu
from hostkit.build.toolchain import package_version, zig_binary
from hostkit.errors import InconclusiveError, ToolError
from hostkit.gate.model import ToolFact
from hostkit.gate.run import Run
from hostkit.interpreter import installed_only, module_argv
from hostkit.process import Command

DIGESTS = "tool-digests.json"
"""In the cache: digests of files that were read before, by their size, times and inode."""

_TIMEOUT_S = 120.0  # a cold disk, and a compiler of 170 MB
_SUITE = ("pytest=pytest", "pyserial=serial")
_BUILD = ("platformio=platformio", "SCons=SCons", "zcbor=zcbor")
_FLASH = ("esptool=esptool",)
_SIMULATOR = ("labwired=labwired",)


def used_tools(run: Run) -> tuple[ToolFact, ...]:
    """Return every program that the stages of a run used, as it lies on the disk now.

    Raises :class:`ToolError` when they cannot be looked at.
    """
    packages, programs = tuple(_packages(run)), dict(_programs(run))
    seen = _look(run, (*packages, *programs.values()))
    facts = [
        ToolFact(name, version or str(seen[path]["version"]), path, str(seen[path]["sha256"]))
        for (name, path), version in zip(programs.items(), map(_version, programs), strict=True)
    ]
    facts += [ToolFact(name.partition("=")[0], **seen[name]) for name in packages]
    said = run.ran.flash.esptool if run.ran.flash is not None else ""
    return tuple(_not_another(fact, said) if fact.name == "esptool" else fact for fact in facts)


def tool_places(tools: Sequence[ToolFact]) -> tuple[str, ...]:
    """Return files and folders that hold the tools: programs, and what is installed of packages."""
    places = {tool.path for tool in tools}
    for tool in tools:
        with suppress(PackageNotFoundError):
            found = distribution(tool.name)
            tops = {path.parts[0] for path in found.files or () if path.parts[0] != ".."}
            places |= {os.path.realpath(str(found.locate_file(top))) for top in tops}
    return tuple(sorted(place for place in places if not place.endswith("__pycache__")))


def _packages(run: Run) -> Iterator[str]:
    spec, rules = run.ran.spec, run.request.rules
    yield from _SUITE
    if rules.build:
        yield from (name for name in _BUILD if name != "SCons=SCons" or "scons" in _toolchain(run))
    if rules.flash:
        yield from _FLASH
    if spec is not None and spec.kind is Kind.SIMULATED:
        yield from _SIMULATOR


def _programs(run: Run) -> Iterator[tuple[str, str]]:
    """Return name and real path of programs that are one file, and of hostkit itself."""
    yield "python", os.path.realpath(sys.executable)
    yield "hostkit", str(Path(str(hostkit.__file__)).resolve().parent)
    spec = run.ran.spec
    if spec is not None and spec.kind is Kind.QEMU:
        with suppress(InconclusiveError):
            yield "qemu", os.path.realpath(find_qemu(spec))
    compiler = zig_binary() if "zig" in _toolchain(run) else None
    for name, found in (
        ("git", which("git")),
        ("zig", compiler),
        *((name, which(name)) for name in ("g++", "clang++") if name in _toolchain(run)),
    ):
        if found is not None:
            yield name, os.path.realpath(found)


def _toolchain(run: Run) -> Mapping[str, str]:
    return run.ran.artifact.toolchain if run.ran.artifact is not None else {}


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    if name == "zig":
        return package_version("ziglang")
    return hostkit.__version__ if name == "hostkit" else ""


def _look(run: Run, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Look with the eyes of a child that is run as the tools are."""
    argv = (*module_argv("hostkit.gate.installed"), str(run.bench.paths.cache / DIGESTS), *wanted)
    done = run.bench.runner.run(Command(argv, env=installed_only(run.bench.env), timeout_s=_TIMEOUT_S))
    try:
        answer: dict[str, dict[str, Any]] = json.loads(done.output)
    except ValueError:
        last = (done.output.strip().splitlines() or ["no output"])[-1]
        raise ToolError(
            f"the tools of this run cannot be looked at: {last}", hint="is hostkit installed for this Python?"
        ) from None
    return answer


def _not_another(esptool: ToolFact, said: str) -> ToolFact:
    """Compare with what esptool itself said when it wrote."""
    if said and not esptool.problem and said != esptool.version:
        return ToolFact(esptool.name, esptool.version, esptool.path, esptool.sha256, f"called itself {said}")
    return esptool

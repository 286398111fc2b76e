"""Compiler, linker and PlatformIO text to facts: diagnostics with file and line, and progress. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from hostkit.build.project import INI


class Severity(Enum):
    """How bad a diagnostic is; notes belong to the one before them and are not kept."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint. ``file`` is as the compiler named it (relative to the checkout where it can be);
    it is empty, and ``line`` and ``column`` are 0, where the tool named none."""

    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """``file:line:column``, ``file`` or nothing."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        """Return it as compilers write it."""
        return f"{self.place}: {self.message}" if self.place else self.message


class StepKind(Enum):
    """What a build is doing."""

    SOURCES = "sources"  # how many there are is known now
    COMPILE = "compile"
    REUSE = "reuse"  # an object of another checkout serves
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of progress: ``what`` is a path inside the build directory; ``count`` is for SOURCES."""

    kind: StepKind
    what: str = ""
    count: int = 0


_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_COMPILER = re.compile(
    r"(?P<file>[^\s:][^:]*):(?P<line>\d+):(?:(?P<column>\d+):)? "
    r"(?P<kind>fatal error|error|warning): (?P<text>.*)"
)
# lld and zig: "ld.lld: error: undefined symbol: f()", "error: undefined symbol: f()"
_LLD = re.compile(r"(?:\S*ld(?:\.lld)?: |zig: )?(?P<kind>error|warning): (?P<text>.*)")
# lld, on the line after: ">>> referenced by main.cpp"
_REFERENCED = re.compile(r">>> (?:referenced|defined) (?:by|at|in) (?P<file>[^\s:(]+)")
# GNU ld: "/usr/bin/ld: a.o: in function `main': a.cpp:(.text+0x5): undefined reference to `f()'"
_GNU_LD = re.compile(r"(?:\S*/ld: )?(?P<file>[^\s:]+):\(\.[^)]*\): (?P<text>(?:undefined|multiple) .*)")
_GNU_MULTIPLE = re.compile(r"\S*/ld: (?P<file>[^\s:]+): in function .*: (?P<text>multiple definition.*)")
_PLATFORMIO = re.compile(
    r"Error: (?P<text>.*)"
    r"|(?P<named>\w*(?:Error|Exception|NotFound)|(?:Unknown|Incompatible|Invalid)\w+): (?P<rest>.*)"
)
# What PlatformIO finds in platformio.ini when it runs, each with the name of a Python class before it.
_SETTINGS = re.compile(
    r"InvalidProjectConfError: Invalid '(?P<file>.*)' \(project configuration file\): '(?P<invalid>.*)'"
    r"|(?:Undefined\w+|UnknownEnvNames|InvalidEnvName|ProjectOptionValue)Error: (?P<text>.*)"
    r"|PackageException: (?P<link>Can not create a symbolic link .*)"
)
_SCRIPT = re.compile(r"\*\*\* (missing SConscript file .*)")  # of extra_scripts
_CRASHED = re.compile(r"(?:sh: .*|.*: )?(?P<text>Killed|Segmentation fault|.*No space left on device.*)")
_ECHO = ("collect2:", "scons: ***", "*** [")
# PlatformIO's own words, http.py: HTTPClientError comes with or without a text.
_NO_REGISTRY = re.compile(
    r"^(?:Error: )?(?:HTTPClientError\b|You are not connected to the Internet)", re.MULTILINE
)
_INSTALLING = re.compile(r"Manager: Installing (.+)")
_SOURCES = re.compile(r"hostkit: (\d+) sources")
# An object comes out of the cache with the list of what it was compiled from, which is no source.
_ACTION = re.compile(r"(Compiling|Linking) (.+)|Retrieved `(.+(?<!\.d))' from cache")


def clean(text: str) -> str:
    """Return the text without colour codes."""
    return _ANSI.sub("", text)


def parse_diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """Return warnings and errors in the order in which they were printed, each once."""
    found: list[Diagnostic] = []
    for line in clean(text).split("\n"):
        if (item := _parse_line(line.rstrip())) is not None:
            found.append(item)
        elif found and not found[-1].file and (match := _REFERENCED.match(line)):
            found[-1] = replace(found[-1], file=match["file"])
    return tuple(dict.fromkeys(found))


def errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the errors; those that name a line come first, as the others are mostly their echo."""
    bad = [item for item in diagnostics if item.severity is Severity.ERROR]
    return tuple(sorted(bad, key=lambda item: not item.line))


def warnings(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the warnings, in order."""
    return tuple(item for item in diagnostics if item.severity is Severity.WARNING)


def parse_step(line: str) -> Step | None:
    """Return what a line of PlatformIO's output says of the progress, or None."""
    line = clean(line).strip()
    if match := _SOURCES.fullmatch(line):
        return Step(StepKind.SOURCES, count=int(match[1]))
    if match := _ACTION.fullmatch(line):
        if match[3]:
            return Step(StepKind.REUSE, match[3])
        return Step(StepKind.COMPILE if match[1] == "Compiling" else StepKind.LINK, match[2])
    return None


def is_out_of_space(text: str) -> bool:
    """True when the disk was full, whichever tool says so and however."""
    return re.search(r"No space left on device|\bENOSPC\b|NoSpaceLeft|Disk quota exceeded", text) is not None


def unreachable_package(text: str) -> str | None:
    """Return what PlatformIO wanted from its registry when that did not answer; None when it did.

    The name is as PlatformIO says it ("espressif32 @ 6.9.0"), or "a package" where it said none.
    """
    return None if _NO_REGISTRY.search(text) is None else installing(text) or "a package"


def installing(text: str) -> str:
    """Return the last package that PlatformIO began to install, or an empty text."""
    names = _INSTALLING.findall(clean(text))
    return str(names[-1]).strip() if names else ""


def _parse_line(line: str) -> Diagnostic | None:
    if line.startswith(_ECHO):
        return None
    if match := _COMPILER.match(line):
        severity = Severity.WARNING if match["kind"] == "warning" else Severity.ERROR
        place = (match["file"], int(match["line"]), int(match["column"] or 0))
        return Diagnostic(severity, match["text"], *place)
    if match := _LLD.fullmatch(line):
        return Diagnostic(Severity(match["kind"]), match["text"])
    if match := _GNU_LD.fullmatch(line) or _GNU_MULTIPLE.fullmatch(line):
        return Diagnostic(Severity.ERROR, match["text"], match["file"])
    if match := _SETTINGS.fullmatch(line):
        said = match["invalid"] or match["text"] or match["link"]
        return Diagnostic(Severity.ERROR, said, Path(match["file"] or INI).name)
    if match := _SCRIPT.fullmatch(line):
        return Diagnostic(Severity.ERROR, match[1], INI)
    if match := _PLATFORMIO.fullmatch(line):
        return Diagnostic(Severity.ERROR, match["text"] or f"{match['named']}: {match['rest']}")
    if match := _CRASHED.fullmatch(line):
        return Diagnostic(Severity.ERROR, match["text"])
    return None

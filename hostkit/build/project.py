"""What ``platformio.ini`` says of an env, read without PlatformIO: importing that takes half a second."""

from __future__ import annotations

import codecs
import configparser
import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import TypeVar

from hostkit.boards.model import Chip
from hostkit.errors import ToolError, UsageError

INI = "platformio.ini"
CMAKE = "CMakeLists.txt"
_PREFIX = "custom_hostkit_"
_SIZE = re.compile(r"(\d+)\s*([KM]?)", re.IGNORECASE)
_SUFFIX = {"": 1, "K": 1 << 10, "M": 1 << 20}
_REFERENCE = re.compile(r"\$\{([^.}]+)\.([^}]+)\}")
_INI_HINT = "an option is `name = value`, indented lines go on with the one above"
_LARGEST = 1 << 20  # bytes; ours has 3,000, and 10 MB of options kept a build busy for more than 90 s
_UNCLOSED = re.compile(r"^\[[^\]\n]*$", re.MULTILINE)
# What fits esp_app_desc_t's text fields, a C string, a file name and a terminal without any quoting.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,30}")
_WORD_RULE = "1 to 31 letters, digits and . _ + -, the first a letter or a digit"
_Choice = TypeVar("_Choice", bound=Enum)
_MAX_DEPTH = 8  # extends and ${…} deeper than this go round in a circle


class Compiler(Enum):
    """Host compilers that the platforms of this repository can use."""

    ZIG = "zig"
    GXX = "g++"
    CLANG = "clang++"


@dataclass(frozen=True, slots=True)
class EnvSettings:
    """hostkit's own options of one env (``custom_hostkit_…``); budgets in bytes, 0 for none.

    ``compiler`` is None where the platform brings its own, as those of PlatformIO's registry do.
    """

    name: str
    platform: str  # as written: "symlink://firmware/platforms/virtual", "espressif32@6.9.0"
    chip: Chip
    profile: str
    version: str
    compiler: Compiler | None
    flash_budget: int
    ram_budget: int
    files: tuple[Path, ...]  # platformio.ini, what it includes by extra_configs, and CMake's entry file

    @property
    def from_registry(self) -> bool:
        """True when PlatformIO fetches the platform from its registry: it does not lie in this repository."""
        return _is_foreign(self.platform)


def read_env(project: Path, env: str, *, compiler: str = "") -> EnvSettings:
    """Read one env's settings; ``compiler`` (a :class:`Compiler` value) overrides the file's choice.

    Raises :class:`UsageError` with file and line for a broken file or value, and with the nearest
    names for an env that is not there.
    """
    reader = _Reader(project)
    section = f"env:{env}"
    if not reader.parser.has_section(section):
        raise reader.misspelt(env) or _unknown_env(env, reader.envs(), reader.files[0])
    if not _WORD.fullmatch(env):
        raise UsageError(f"[{section}] is no name for an env", hint=f"it must be {_WORD_RULE}")
    platform = reader.option(section, "platform")
    return EnvSettings(
        name=env,
        platform=platform,
        chip=reader.choice(section, "chip", Chip, Chip.ESP32.value),
        profile=reader.word(section, "profile", "dual-160"),
        version=reader.word(section, "version", "0.0.0"),
        compiler=None if _is_foreign(platform) else reader.compiler(section, compiler),
        flash_budget=reader.size(section, "flash_budget"),
        ram_budget=reader.size(section, "ram_budget"),
        files=(*reader.files, *_cmake(project, platform)),
    )


def env_names(project: Path) -> tuple[str, ...]:
    """Return the names of all envs, in the file's order. Raises :class:`UsageError` for a broken file."""
    return _Reader(project).envs()


def _unknown_env(env: str, known: tuple[str, ...], path: Path) -> UsageError:
    near = get_close_matches(env, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"it has {', '.join(known)}" if known else "add a section [env:NAME]"
    return UsageError(f"no env {env!r} in {path.name}", hint=hint)


def _is_foreign(platform: str) -> bool:
    return bool(platform) and not platform.startswith(("symlink://", "file://"))


def _cmake(project: Path, platform: str) -> tuple[Path, ...]:
    """ESP-IDF's build starts in the project's root; the rest of it lies in firmware/."""
    entry = project / CMAKE
    return (entry,) if _is_foreign(platform) and entry.is_file() else ()


def _compiler(text: str) -> Compiler:
    try:
        return Compiler(text)
    except ValueError:
        allowed = ", ".join(item.value for item in Compiler)
        raise UsageError(f"HK_COMPILER={text} names no compiler", hint=f"use one of {allowed}") from None


class _Reader:
    """The merged file, with the lookups that PlatformIO does: ``extends``, ``[env]``, ``${a.b}``."""

    def __init__(self, project: Path) -> None:
        self.parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#", ";"))
        self.files: list[Path] = []
        self._read(project / INI)
        for pattern in self.parser.get("platformio", "extra_configs", fallback="").split():
            for name in sorted(glob.glob(str(project / pattern), recursive=True)):  # noqa: PTH207 - "/…", "~"
                self._read_extra(project, Path(name))

    def _read_extra(self, project: Path, path: Path) -> None:
        if not path.resolve().is_relative_to(project.resolve()):
            raise UsageError(
                f"{self.place('extra_configs')}: extra_configs names {path}, outside of the checkout",
                hint="what shapes a build is part of its commit: keep the file in the checkout",
            )
        self._read(path)

    def _read(self, path: Path) -> None:
        try:
            text = _text_of(path)
            self.parser.read_string(text, source=str(path))
        except (configparser.Error, UnicodeDecodeError) as error:
            line, what = _explain(error)
            hint = "save it as UTF-8" if isinstance(error, UnicodeDecodeError) else _INI_HINT
            raise UsageError(f"{path}:{line}: {what}", hint=hint) from error
        if cut := _UNCLOSED.search(text):  # to configparser, [env:NAME without its end is an option
            line = text.count("\n", 0, cut.start()) + 1
            raise UsageError(f"{path}:{line}: a section without its ]: {cut[0]}", hint=_INI_HINT)
        self.files.append(path)

    def envs(self) -> tuple[str, ...]:
        return tuple(name[4:] for name in self.parser.sections() if name.startswith("env:"))

    def get(self, section: str, option: str, default: str) -> str:
        return self.option(section, _PREFIX + option, default)

    def option(self, section: str, option: str, default: str = "") -> str:
        return self._expand(next(self._values(section, option, 0), default), 0).strip()

    def compiler(self, section: str, override: str) -> Compiler:
        return _compiler(override) if override else self.choice(section, "compiler", Compiler, "zig")

    def _values(self, section: str, option: str, depth: int) -> Iterator[str]:
        if depth > _MAX_DEPTH:
            raise UsageError(f"[{section}] extends itself", hint=f"look at `extends` in {self.files[0]}")
        if self.parser.has_option(section, option):
            yield self.parser.get(section, option)
        for parent in self.parser.get(section, "extends", fallback="").replace(",", " ").split():
            if not self.parser.has_section(parent):
                raise self._no_parent(section, parent)
            yield from self._values(parent, option, depth + 1)
        if depth == 0 and self.parser.has_section("env"):
            yield from self._values("env", option, depth + 1)

    def _expand(self, text: str, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise UsageError(f"{text!r} refers to itself", hint=f"look at ${{…}} in {self.files[0]}")

        def value(match: re.Match[str]) -> str:
            found = self.parser.get(match[1], match[2], fallback=None)
            return match[0] if found is None else self._expand(found, depth + 1)

        return _REFERENCE.sub(value, text)

    def _no_parent(self, section: str, parent: str) -> UsageError:
        near = get_close_matches(parent, self.parser.sections(), n=1, cutoff=0.5)
        return UsageError(
            f"{self.place('extends', parent)}: [{section}] extends {parent!r}, and there is no such section",
            hint=f"did you mean {near[0]}?"
            if near
            else f"add a section [{parent}], or remove it from `extends`",
        )

    def misspelt(self, env: str) -> UsageError | None:
        """Return what is wrong with a line that looks like the section of an env and is not it."""
        like = re.compile(rf"\s*(\[+\s*env[\s:.=/-]*{re.escape(env)}\s*\]+)", re.IGNORECASE)
        for path in self.files if env else ():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if match := like.match(line):
                    return UsageError(
                        f"{path}:{number}: no env {env!r}: {match[1]} is not its section",
                        hint=f"write [env:{env}], at the very beginning of the line",
                    )
        return None

    def place(self, option: str, text: str = "") -> str:
        """Return ``file:line`` of an option whose line has the text, or the first file."""
        for path in reversed(self.files):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.split("=")[0].strip() == option and text in line:
                    return f"{path}:{number}"
        return str(self.files[0])

    def choice(self, section: str, option: str, kind: type[_Choice], default: str) -> _Choice:
        text = self.get(section, option, default)
        try:
            return kind(text)
        except ValueError:
            raise self._bad(option, text, "one of " + ", ".join(str(item.value) for item in kind)) from None

    def word(self, section: str, option: str, default: str) -> str:
        text = self.get(section, option, default)
        if not _WORD.fullmatch(text):
            raise self._bad(option, text, _WORD_RULE)
        return text

    def size(self, section: str, option: str) -> int:
        text = self.get(section, option, "0")
        match = _SIZE.fullmatch(text)
        if match is None:
            raise self._bad(option, text, "a number of bytes, such as 1048576, 1024K or 1M")
        return int(match[1]) * _SUFFIX[match[2].upper()]

    def _bad(self, option: str, text: str, wanted: str) -> UsageError:
        name = _PREFIX + option
        return UsageError(f"{self.place(name, text)}: {name} is {text!r}", hint=f"it must be {wanted}")


def _text_of(path: Path) -> str:
    """Read a file of settings. Raises :class:`UsageError` where there is none that a person wrote."""
    try:
        if not path.is_file():  # nor a FIFO, which would be waited on
            raise _no_file(path)
        size = path.stat().st_size
        data = path.read_bytes() if size <= _LARGEST else b""
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}", hint="check its owner and mode") from error
    if size > _LARGEST:
        raise UsageError(
            f"{path} has {size} bytes, which nobody wrote",
            hint=f"it is read up to {_LARGEST} bytes: restore it with `git checkout -- {path.name}`",
        )
    if data.startswith(codecs.BOM_UTF8):
        raise UsageError(
            f"{path}:1: it begins with a byte order mark, which PlatformIO cannot read",
            hint="save it as UTF-8 without one",
        )
    return data.decode("utf-8").replace("\r\n", "\n")


def _no_file(path: Path) -> UsageError:
    if os.path.lexists(path):
        return UsageError(
            f"{path} is no text file", hint="put the file there, or take it out of extra_configs"
        )
    return UsageError(f"no {path.name} in {path.parent}", hint="run hostkit in a checkout")


def _explain(error: configparser.Error | UnicodeDecodeError) -> tuple[int, str]:
    """Return the line and a few words for what is wrong with the file."""
    match error:
        case configparser.MissingSectionHeaderError():
            return error.lineno, f"no [section] before {error.line.strip()!r}"
        case configparser.DuplicateOptionError():
            return error.lineno or 0, f"option {error.option!r} is there twice in [{error.section}]"
        case configparser.DuplicateSectionError():
            return error.lineno or 0, f"section [{error.section}] is there twice"
        case configparser.ParsingError() if error.errors:
            number, line = error.errors[0]
            return number, f"neither a [section] nor an option: {_without_end(line)}"
        case UnicodeDecodeError():
            return error.object[: error.start].count(b"\n") + 1, "not UTF-8 text"
    return 0, str(error)


def _without_end(line: str) -> str:
    """``line`` is as configparser gives it: the repr of a text with its newline."""
    return line.replace("\\n", "")

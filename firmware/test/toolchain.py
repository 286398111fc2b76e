"""Compiling with what is there: g++ or zig, sanitizers where they link, objects kept by content."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

STANDARD = ("-std=c++17", "-fno-exceptions", "-fno-rtti")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wshadow")
OPTIMISE = ("-O1", "-g")
SANITIZERS = ("-fsanitize=address,undefined", "-fsanitize=undefined")
FATAL = ("-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
# zig takes "address" among others and leaves it out without a word (it has no runtime for it), so
# the compiler itself has to say that it is on.
PROBE = """
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ON
#endif
#endif
#if defined(WANT_ADDRESS) && !defined(ON) && !defined(__SANITIZE_ADDRESS__)
#error "AddressSanitizer is not on"
#endif
int main(void) { return 0; }
"""


class BuildError(Exception):
    """The compiler or the linker refused; the message is what it printed."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """How to call one compiler, and the sanitizer flags that link with it (none: empty)."""

    name: str
    cpp: tuple[str, ...]
    c: tuple[str, ...]
    identity: str
    sanitize: tuple[str, ...]


def find_compiler(asked: str | None) -> Compiler:
    """Return g++ where it is on PATH, else zig of the ziglang package; `asked` names one of them."""
    if asked in (None, "g++") and shutil.which("g++"):
        return Compiler("g++", ("g++",), ("gcc",), answer("g++", "-v", "--version"), ())
    if asked in (None, "zig") and importlib.util.find_spec("ziglang"):
        zig = (sys.executable, "-m", "ziglang")
        return Compiler("zig", (*zig, "c++"), (*zig, "cc"), answer(*zig, "version"), ())
    raise BuildError(f"no compiler: {asked or 'neither g++ nor zig'} is installed")


def answer(*argv: str) -> str:
    """Return what a program prints."""
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def zcbor_directory() -> Path:
    """Return where the zcbor package lies; its Python side is not imported."""
    spec = importlib.util.find_spec("zcbor")
    if spec is None or not spec.submodule_search_locations:
        raise BuildError("zcbor is not installed: its C sources come in its wheel")
    return Path(next(iter(spec.submodule_search_locations)))


class Toolchain:
    """Compiles and links below one directory; an object is compiled once for the same content."""

    def __init__(self, compiler: Compiler, firmware: Path, build: Path) -> None:
        self._firmware = firmware
        self._build = build
        self._zcbor = zcbor_directory()
        self._env = dict(os.environ)
        self._env.setdefault("ZIG_GLOBAL_CACHE_DIR", str(build / "zig"))
        self._compiler = compiler
        for directory in ("objects", "needs"):
            (build / directory).mkdir(parents=True, exist_ok=True)

    def with_sanitizers(self) -> tuple[str, ...]:
        """Turn on the strongest sanitizers that link; return their flags."""
        for flag in SANITIZERS:
            if self._links((flag, *FATAL)):
                compiler = self._compiler
                self._compiler = Compiler(
                    compiler.name, compiler.cpp, compiler.c, compiler.identity, (flag, *FATAL)
                )
                return (flag,)
        return ()

    def prune(self) -> None:
        """Forget objects and programs that nobody asked for in a week."""
        oldest = time.time() - 7 * 24 * 3600
        for path in (
            *self._build.glob("objects/*"),
            *self._build.glob("tests-*"),
            *self._build.glob("host-*"),
        ):
            with contextlib.suppress(FileNotFoundError):  # another run was faster
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def program(self, name: str, sources: list[Path], extra: tuple[str, ...] = ()) -> Path:
        """Compile the sources and zcbor, link them, return the program."""
        zcbor = [self._zcbor / "src" / f"zcbor_{part}.c" for part in ("common", "decode", "encode")]
        objects = self.objects([*sources, *zcbor], extra)
        key = digest(*(path.name for path in objects))
        program = self._build / f"{name}-{key[:16]}"
        if program.exists():
            os.utime(program)
        else:
            partial = program.with_name(f"{program.name}.{os.getpid()}")
            # Linked by the C driver: the firmware needs no C++ runtime library, and zig would build one.
            self._call(*self._compiler.c, *self._compiler.sanitize, *map(str, objects), "-o", str(partial))
            partial.replace(program)
        return program

    def objects(self, sources: list[Path], extra: tuple[str, ...] = ()) -> list[Path]:
        """Compile the sources, with more flags if need be; return where the objects lie."""
        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            return list(pool.map(lambda source: self._object(source, extra), sources))

    def _object(self, source: Path, extra: tuple[str, ...]) -> Path:
        command = [*self._command(source), *extra]
        where = self._relative(source)
        base = digest(self._compiler.identity, where, *map(self._neutral, command))
        needs = self._build / "needs" / base
        cached = self._cached(base, source, needs)
        if cached is not None and cached.exists():
            os.utime(cached)  # in use: see prune()
            return cached
        partial = self._build / "objects" / f"{base}.{os.getpid()}.o"
        depfile = partial.with_suffix(".d")
        self._call(*command, "-MMD", "-MF", str(depfile), "-c", where, "-o", str(partial))
        write_whole(needs, "\n".join(self._parse(depfile, source)))
        final = self._cached(base, source, needs)
        assert final is not None
        partial.replace(final)
        return final

    def _cached(self, base: str, source: Path, needs: Path) -> Path | None:
        """Return where the object of this content lies or will lie; None while its headers are unknown."""
        if not needs.exists():
            return None
        files = [source, *(self._firmware / name for name in needs.read_text().split("\n") if name)]
        if not all(path.exists() for path in files):
            return None
        key = digest(base, *(digest_file(path) for path in files))
        return self._build / "objects" / f"{key}.o"

    def _command(self, source: Path) -> list[str]:
        include = ["-isystem", str(self._zcbor / "include")]
        if source.suffix == ".c":
            return [*self._compiler.c, *OPTIMISE, *self._compiler.sanitize, "-w", *include]
        paths = ["-Ilib", "-Iports", *include]
        if source.parent == self._firmware / "test":
            # Tests keep large fakes in statics; their guards would need the C++ runtime library.
            paths += ["-Itest", "-fno-threadsafe-statics"]
        elif not source.is_relative_to(self._firmware):
            paths += ["-Itest"]
        return [*self._compiler.cpp, *STANDARD, *WARNINGS, *OPTIMISE, *self._compiler.sanitize, *paths]

    def _parse(self, depfile: Path, source: Path) -> list[str]:
        names = depfile.read_text().replace("\\\n", " ").partition(":")[2].split()
        depfile.unlink()
        own = {self._relative(source), str(source)}
        return sorted({name for name in names if name not in own and not Path(name).is_absolute()})

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._firmware) if path.is_relative_to(self._firmware) else path)

    def _neutral(self, argument: str) -> str:
        """Return an argument without the directory of this checkout or environment."""
        return argument.replace(str(self._zcbor), "zcbor").replace(sys.executable, "python")

    def _links(self, flags: tuple[str, ...]) -> bool:
        marker = self._build / f"links-{digest(self._compiler.identity, PROBE, *flags)[:16]}"
        if not marker.exists():
            probe = self._build / f"probe.{os.getpid()}.c"
            probe.write_text(PROBE)
            out = str(probe.with_suffix(""))
            wanted = ["-DWANT_ADDRESS"] if "address" in flags[0] else []
            command = (*self._compiler.c, *flags, *wanted, str(probe), "-o", out)
            works = subprocess.run(command, env=self._env, capture_output=True, check=False).returncode == 0
            works = works and subprocess.run([out], capture_output=True, check=False).returncode == 0
            probe.unlink()
            Path(out).unlink(missing_ok=True)
            write_whole(marker, "yes" if works else "no")
        return marker.read_text() == "yes"

    def _call(self, *argv: str) -> None:
        done = subprocess.run(
            argv, cwd=self._firmware, env=self._env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BuildError(done.stderr or done.stdout)


def write_whole(path: Path, content: str) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)


def digest_file(path: Path) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(*parts: str) -> str:
    """Return one hash of several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

"""Compile and run the host tests of firmware/lib. Needs this project's Python environment, no more.

    .venv/bin/python firmware/test/run.py [--compiler g++|zig] [--no-sanitize] [--filter WORDS]
    .venv/bin/python firmware/test/run.py --host       builds the host program and prints its path

Prints one line a test and "N passed, N failed". Exit code 0 if all passed (and there were any),
1 if one failed, 5 if nothing could be compiled.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from toolchain import BuildError, Toolchain, find_compiler, write_whole
from vectors import generate

# The port with ESP-IDF is compiled against stand-ins of its headers (test/espidf_stubs): syntax and types.
STUBS = "-Itest/espidf_stubs"
ESPIDF = {
    "ESP32": (STUBS,),
    "ESP32-S3 with USB and loopback": (STUBS, "-DHK_STUB_S3", "-DHK_STUB_USB", "-DHK_LOOPBACK_GPIOS=6,7"),
}
TOOL_FAILED = 5
TIME_LIMIT_S = 100


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compile and run the host tests of firmware/lib.")
    firmware = Path(__file__).resolve().parent.parent
    parser.add_argument("--firmware", type=Path, default=firmware, help="the firmware directory to test")
    parser.add_argument("--build-dir", type=Path, default=firmware.parent / ".hostkit" / "firmware-tests")
    parser.add_argument("--compiler", choices=("g++", "zig"), help="default: g++ if present, else zig")
    parser.add_argument("--no-sanitize", action="store_true", help="without ASan and UBSan")
    parser.add_argument("--filter", help="run only tests whose name holds this")
    parser.add_argument(
        "--host", action="store_true", help="build the host program, print its path, run nothing"
    )
    return parser.parse_args()


def library(firmware: Path) -> list[Path]:
    """Return the sources that tests and host program share."""
    ports = ("ports/host", "ports/espidf/pure")
    sources = [
        *(firmware / "lib").rglob("*.cpp"),
        *(p for port in ports for p in (firmware / port).glob("*.cpp")),
    ]
    return sorted(sources)


def build_tests(tools: Toolchain, firmware: Path, build: Path) -> Path:
    """Compile the test program."""
    vectors = build / "golden_vectors.cpp"
    write_whole(vectors, generate(firmware / "protocol" / "vectors"))
    return tools.program("tests", [*library(firmware), *sorted((firmware / "test").glob("*.cpp")), vectors])


def check_espidf(tools: Toolchain, firmware: Path) -> None:
    """Compile, and only compile, what is built with ESP-IDF on a chip."""
    sources = [*sorted((firmware / "ports" / "espidf").glob("*.cpp")), firmware / "src" / "main_espidf.cpp"]
    for name, flags in ESPIDF.items():
        tools.objects(sources, flags)
        print(f"ports/espidf compiles for {name}, against stand-ins of ESP-IDF's headers")


def build_host(tools: Toolchain, firmware: Path) -> Path:
    """Compile the host program."""
    own = [firmware / "src" / name for name in ("main_host.cpp", "build_info.cpp")]
    return tools.program("host", [*library(firmware), *own])


def run(program: Path, words: str | None) -> int:
    """Run the test program; it prints its own report."""
    # The firmware has no heap, so there is nothing that could leak; the leak checker needs ptrace.
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    argv = [str(program), *([words] if words else [])]
    return subprocess.run(argv, env=env, timeout=TIME_LIMIT_S, check=False).returncode


def main() -> int:
    """Do what the command line says."""
    arguments = parse_arguments()
    firmware = arguments.firmware.resolve()
    build = arguments.build_dir.resolve()
    build.mkdir(parents=True, exist_ok=True)
    try:
        compiler = find_compiler(arguments.compiler)
        tools = Toolchain(compiler, firmware, build)
        flags = () if arguments.no_sanitize else tools.with_sanitizers()
        if arguments.host:
            print(build_host(tools, firmware))
            return 0
        program = build_tests(tools, firmware, build)
        check_espidf(tools, firmware)
        tools.prune()
    except BuildError as error:
        print(error, file=sys.stderr)
        return TOOL_FAILED
    print(f"firmware tests, {compiler.name} {' '.join(flags) or 'without sanitizers'}", flush=True)
    return 0 if run(program, arguments.filter) == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

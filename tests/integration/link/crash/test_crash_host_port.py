"""The host port's panic handler, for real: each way to go wrong, decoded to the line where it happened."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit.link.crash.decode import Crash, decode
from hostkit.link.crash.elf import ElfLocator
from hostkit.link.crash.model import CrashKind
from hostkit.link.crash.stream import find_crashes

SOURCE = """\
#include <stdlib.h>
#include "host/panic.hpp"

namespace hk {
volatile int zero = 0;
volatile int* volatile nowhere = nullptr;
void (*volatile no_function)() = nullptr;

__attribute__((noinline)) void store() { *nowhere = 7; zero = 1; }  // store
__attribute__((noinline)) void load() { zero = *nowhere; zero = 1; }  // load
__attribute__((noinline)) void divide() { zero = 7 / zero; zero = 1; }  // divide
__attribute__((noinline)) void trap() { __builtin_trap(); }  // trap
__attribute__((noinline)) int overflow(int n) {
    volatile char big[4096];
    big[0] = 1;
    return overflow(n + 1) + big[0];
}
__attribute__((noinline)) void call() { no_function(); zero = 1; }  // call
__attribute__((noinline)) void give_up() { abort(); }
__attribute__((noinline)) void choose(char how) {
    switch (how) {
        case 's': return store();
        case 'l': return load();
        case 'd': return divide();
        case 't': return trap();
        case 'o': zero = overflow(0); return;
        case 'c': return call();
        default: give_up();
    }
}
}

int main(int, char** argv) {
    hk::host::Panic::begin("0123456789abcdef0123456789abcdef");
    hk::choose(argv[1][0]);
    return 0;
}
"""

GLIBC = "2.28"  # as firmware/platforms/virtual has it: the stubs are made already

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the handler names addresses there"
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, project_root: Path, shared_cache: Path) -> Path:
    into = tmp_path_factory.mktemp("panics")
    (into / "wrong.cpp").write_text(SOURCE)
    ports = project_root / "firmware" / "ports"
    target = ("-target", f"x86_64-linux-gnu.{GLIBC}")
    flags = ["-std=c++17", "-Os", "-g1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
    flags += ["-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion"]
    sources = [str(ports / "host" / "panic.cpp"), "wrong.cpp"]
    caches = {name: str(shared_cache / "zig") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
    compiles = [["c++", *target, *flags, f"-I{ports}", "-c", source] for source in sources]
    for command in (*compiles, ["cc", *target, "panic.o", "wrong.o", "-o", "wrong"]):
        zig = [sys.executable, "-m", "ziglang", *command]
        subprocess.run(zig, cwd=into, check=True, env=os.environ | caches)
    return into / "wrong"


def _crash(program: Path, how: str) -> Crash:
    done = subprocess.run([program, how], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0x53
    (report,) = find_crashes(done.stdout)
    assert report.elf == "0123456789abcdef"
    return decode(report, ElfLocator(program))


def _line(mark: str) -> int:
    return next(n for n, line in enumerate(SOURCE.splitlines(), 1) if line.endswith(f"// {mark}"))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("store", "StoreProhibited"),
        ("load", "LoadProhibited"),
        ("divide", "IntegerDivideByZero"),
        ("trap", "IllegalInstruction"),
    ],
)
def test_an_exception_is_told_in_a_chips_words_and_decoded(program: Path, how: str, reason: str) -> None:
    crash = _crash(program, how[0])
    assert crash.report.reason == reason
    assert crash.place is not None
    assert (crash.place.function, crash.place.line) == (f"hk::{how}", _line(how))
    assert [location.places[-1].function for location in crash.locations[1:]] == ["hk::choose", "main"]


def test_a_full_stack_is_told_as_such_and_the_backtrace_is_bounded(program: Path) -> None:
    crash = _crash(program, "o")
    assert crash.report.kind is CrashKind.STACK_OVERFLOW
    assert crash.place is not None
    assert crash.place.function == "hk::overflow"
    assert 30 < len(crash.report.backtrace) < 40


def test_a_call_into_nothing_names_who_called(program: Path) -> None:
    crash = _crash(program, "c")
    assert crash.reason == (
        "panic: InstrFetchProhibited at 0x00000000, not in the ELF file; "
        f"called from hk::call, wrong.cpp:{_line('call')}"
    ).replace("wrong.cpp", crash.place.file if crash.place else "?")


def test_an_abort_is_an_abort(program: Path) -> None:
    crash = _crash(program, "a")
    assert crash.report.kind is CrashKind.ABORT
    assert crash.report.blames_firmware

"""Small programs with debug information, linked where a chip's code lies; compiled once for a session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

SOURCE = """\
#define MARK(name) \\
    asm volatile("1:\\n.pushsection .marks, \\"a\\"\\n.globl " name "\\n" name ": .4byte 1b\\n.popsection")

namespace hk {
namespace {
__attribute__((always_inline)) inline void poke(volatile int* at, int value) {
    MARK("inlined"); *at = value;  // INLINED
}
}
namespace lava {
__attribute__((noinline)) void draw(volatile int* at, int value) {
    MARK("fault"); *at = value;  // FAULT
}
struct Blob {
    __attribute__((noinline)) void move(volatile int* at, int value) {
        poke(at, value);  // MOVE
    }
};
}
}

extern "C" __attribute__((noinline)) void app_main(volatile int* at, int value) {
    hk::lava::Blob blob;
    hk::lava::draw(at, value);  // CALL
    MARK("back");
    blob.move(at, value);
}

extern "C" void _start() {
    app_main(nullptr, 7);
    for (;;) {
    }
}
"""

_SCRIPT = (
    "ENTRY(_start)\nSECTIONS {{ . = {base:#x}; .text : {{ *(.text*) }} .marks : {{ KEEP(*(.marks)) }} }}\n"
)
_TARGETS = {
    "xtensa": ("riscv32-freestanding-none", 0x400D0000),  # no compiler for Xtensa: its addresses, at least
    "riscv": ("riscv32-freestanding-none", 0x42000000),
    "host": ("x86_64-linux-musl", 0x1000000),
}


@dataclass(frozen=True)
class Program:
    """An ELF file; ``symbols`` has functions and marked places, lines come from comments in its source.

    The places are noted in a section of their own: llvm's addr2line would name a label among the code instead
    of the function around it.
    """

    elf: Path
    symbols: dict[str, int]

    def line(self, mark: str) -> int:
        """Return the number of the source line that ends with a mark."""
        return next(n for n, line in enumerate(SOURCE.splitlines(), 1) if line.endswith(f"// {mark}"))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Callable[[str, int], Program]:
    """Compile for "xtensa", "riscv" or "host" with a version of DWARF."""
    made: dict[tuple[str, int], Program] = {}

    def make(kind: str, dwarf: int = 5) -> Program:
        if (kind, dwarf) not in made:
            made[kind, dwarf] = _compile(tmp_path_factory.mktemp(kind), kind, dwarf, shared_cache / "zig")
        return made[kind, dwarf]

    return make


def _compile(into: Path, kind: str, dwarf: int, cache: Path) -> Program:
    target, base = _TARGETS[kind]
    (into / "firmware").mkdir()
    (into / "firmware" / "lava.cpp").write_text(SOURCE)
    (into / "link.ld").write_text(_SCRIPT.format(base=base))
    command = [sys.executable, "-m", "ziglang", "c++", "-target", target, f"-gdwarf-{dwarf}", "-Os"]
    command += ["-fno-exceptions", "-fno-sanitize=all", "-fno-pic", "-nostdlib", "-T", "link.ld"]
    command += [f"-ffile-prefix-map={into}=.", "-o", "firmware.elf", "firmware/lava.cpp"]
    if target.startswith("riscv32"):
        command.append("-mcpu=generic_rv32+m+c")
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    subprocess.run(command, cwd=into, check=True, env=os.environ | caches)
    return Program(into / "firmware.elf", _symbols(into / "firmware.elf"))


def _symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        marks = file.get_section_by_name(".marks")
        found = {}
        for symbol in file.get_section_by_name(".symtab").iter_symbols():
            offset = symbol["st_value"] - marks["sh_addr"]
            marked = 0 <= offset < marks["sh_size"] and isinstance(symbol["st_shndx"], int)
            there = int.from_bytes(marks.data()[offset : offset + 4], "little") if marked else 0
            found[symbol.name] = there or symbol["st_value"]
        return found

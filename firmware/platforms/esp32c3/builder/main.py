"""SCons builder of the ESP32-C3: the firmware as a program for rv32imc without an operating system."""

import os
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()
sys.path.insert(0, str(Path(env.PioPlatform().get_dir()).resolve().parent / "shared"))

from firmware_build import FirmwareBuild, package_directory  # noqa: E402

CPU = "-mcpu=generic_rv32+m+c"
# Compiled as for Linux, where zig has the headers of C and C++; linked as for no system at all, where
# its compiler-rt has what the compiler calls (memcpy, 64-bit division). Nothing of a C library comes along.
COMPILE = "-target riscv32-linux-musl " + CPU + " -fno-pic -fno-sanitize=all -fno-threadsafe-statics"
LINK = "-target riscv32-freestanding-none " + CPU + " -nostartfiles"

build = FirmwareBuild(env)
zig = package_directory("ziglang")
if zig is None or os.environ.get("HK_COMPILER", "zig") != "zig":
    build.fail("the ESP32-C3 is compiled by zig alone: run `pip install ziglang`, leave HK_COMPILER unset")
build.use_zig(zig, COMPILE, LINK)
script = env.File("$PROJECT_DIR/firmware/ports/esp32c3/link.ld")
env.Append(
    CCFLAGS=["-ffunction-sections", "-fdata-sections", "-g"],
    LINKFLAGS=["-Wl,--gc-sections", "-Wl,-T,firmware/ports/esp32c3/link.ld"],
)
build.program(script)

"""SCons builder of the virtual board: the firmware and zcbor's C sources as one native program."""

import os
import platform
import shutil
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()
sys.path.insert(0, str(Path(env.PioPlatform().get_dir()).resolve().parent / "shared"))

from firmware_build import FirmwareBuild, package_directory  # noqa: E402

# The oldest glibc that the program must run on: RHEL 8's. zig carries the stubs of every version.
GLIBC = "2.28"
SYSTEM_COMPILERS = {"g++": "gcc", "clang++": "clang"}


def choose_compiler(build):
    """Use what HK_COMPILER names; without it zig where it is installed, else what is on PATH."""
    asked = os.environ.get("HK_COMPILER", "")
    zig = package_directory("ziglang")
    if asked in ("", "zig") and zig is not None:
        libc = "gnu." + GLIBC if platform.libc_ver()[0] == "glibc" else "musl"
        target = "-target %s-linux-%s" % (platform.machine(), libc)
        build.use_zig(zig, target, target)
        return
    for name, cc in SYSTEM_COMPILERS.items():
        if asked in ("", name) and shutil.which(name):
            build.use_system(cc, name)
            return
    build.fail("no C++ compiler (%s): run `pip install ziglang` or install g++" % (asked or "zig, g++, clang++"))


build = FirmwareBuild(env)
choose_compiler(build)
# Lines, functions and what was inlined stay in the ELF file, for crashes; hostkit leaves them out of the
# image. (Those of zig's own start files name the directory they were compiled in.) The frame pointer is
# what the panic handler of ports/host walks along.
build.debug("-g1", "-fno-omit-frame-pointer")
build.program()

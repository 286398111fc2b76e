"""SCons builder of the virtual board: the firmware and zcbor's C sources as one native program.

Read from the environment (``hostkit build`` sets them; a plain ``pio run`` need not):

HK_COMPILER       "zig" (default), "g++" or "clang++"
HK_OBJECT_CACHE   directory of compiled objects, shared by all checkouts
HK_BUILD_LOCK     file to lock as long as this process lives
HK_BUILD_ID, HK_VERSION, HK_COMMIT, HK_DIRTY, HK_PROFILE, HK_CHIP   what src/build_info.cpp says
"""

import ctypes
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from SCons.CacheDir import CacheDir
from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()

# The oldest glibc that the program must run on: RHEL 8's. zig carries the stubs of every version.
GLIBC = "2.28"
SYSTEM_COMPILERS = {"g++": "gcc", "clang++": "clang"}


DEBUG = ["-g1", "-fno-omit-frame-pointer"]

DIGEST_SIZE = hashlib.sha256().digest_size


class CheckedCache(CacheDir):
    """Objects stored behind their own SHA-256: one that a crash left empty or torn is compiled again."""

    def retrieve(self, node):
        """Fetch an object if a whole one is there."""
        path = self.cachepath(node)[1]
        if path and os.path.isfile(path):
            data = Path(path).read_bytes()
            if hashlib.sha256(data[DIGEST_SIZE:]).digest() != data[:DIGEST_SIZE]:
                os.unlink(path)
        return super().retrieve(node)

    @classmethod
    def copy_to_cache(cls, env, src, dst):
        """Store an object."""
        data = Path(src).read_bytes()
        Path(dst).write_bytes(hashlib.sha256(data).digest() + data)
        return dst

    @classmethod
    def copy_from_cache(cls, env, src, dst):
        """Take an object out; `retrieve` has checked it."""
        Path(dst).write_bytes(Path(src).read_bytes()[DIGEST_SIZE:])
        return dst


def package_directory(name):
    """Return where a Python package lies, without importing it, or None."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec else None


def fail(message):
    """End the build with one line that hostkit (and a person) can read."""
    sys.stderr.write("Error: %s\n" % message)
    env.Exit(1)


def stop_with_parent():
    """When PlatformIO is killed, finish the running compiles and stop, as on Ctrl-C."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG of <linux/prctl.h>


def lock_build_directory():
    """Hold the directory until this process ends: it may outlive whoever started it by one compile."""
    path = os.environ.get("HK_BUILD_LOCK")
    if path:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def use_zig(directory):
    """Take the compiler of the ziglang wheel; return what identifies it."""
    # By name, not by path: a path would be part of every object's signature.
    env.PrependENVPath("PATH", str(directory))
    libc = "gnu." + GLIBC if platform.libc_ver()[0] == "glibc" else "musl"
    target = " -target %s-linux-%s" % (platform.machine(), libc)
    env.Replace(CC="zig cc" + target, CXX="zig c++" + target, LINK="zig cc" + target)
    return "zig " + answer(str(directory / "zig"), "version")


def use_system(name):
    """Take g++ or clang++ on PATH; return what identifies it."""
    env.Replace(CC=SYSTEM_COMPILERS[name], CXX=name, LINK=name)
    return name + " " + answer(name, "-dumpversion") + " " + answer(name, "-dumpmachine")


def answer(*argv):
    """Run a program and return what it prints."""
    return subprocess.check_output(argv, text=True).strip()


def choose_compiler():
    """Use what HK_COMPILER names; without it zig where it is installed, else what is on PATH."""
    asked = os.environ.get("HK_COMPILER", "")
    zig = package_directory("ziglang")
    if asked in ("", "zig") and zig is not None:
        return use_zig(zig)
    for name in SYSTEM_COMPILERS:
        if asked in ("", name) and shutil.which(name):
            return use_system(name)
    return fail("no C++ compiler (%s): run `pip install ziglang` or install g++" % (asked or "zig, g++, clang++"))


def identity_macros():
    """Return the macros of src/build_info.cpp; those that are not set keep that file's own defaults."""
    defines = []
    for name in ("HK_BUILD_ID", "HK_VERSION", "HK_COMMIT", "HK_PROFILE", "HK_CHIP"):
        if name in os.environ:
            defines.append((name, env.StringifyMacro(os.environ[name])))
    if "HK_DIRTY" in os.environ:
        defines.append(("HK_DIRTY", os.environ["HK_DIRTY"]))
    return defines


def compile_source(env, node):
    """Compile one file; only build_info.cpp gets the identity, so a new one recompiles nothing else."""
    if os.path.basename(str(node)) == "build_info.cpp":
        built = env.Object(node, CPPDEFINES=list(env.get("CPPDEFINES", [])) + identity_macros())
        env.NoCache(built)
    else:
        built = env.Object(node)
    env.Depends(built, env.Value(IDENTITY))  # its command line shows the compiler's name, not its version
    return built


def zcbor_objects(directory):
    """Compile zcbor's C sources as they come in its wheel, without this project's warnings."""
    # The macros of build_flags: they change what zcbor's headers and sources agree on.
    defines = env.ParseFlagsExtended(env.get("BUILD_FLAGS", []))["CPPDEFINES"]
    quiet = env.Clone(CCFLAGS=["-Os", *DEBUG], CFLAGS=["-std=c11"], CPPDEFINES=defines)
    objects = []
    for name in ("zcbor_common", "zcbor_decode", "zcbor_encode"):
        source = directory / "src" / (name + ".c")
        built = quiet.Object(os.path.join("$BUILD_DIR", "zcbor", name), str(source))
        env.Depends(built, env.Value(IDENTITY))
        objects.extend(built)
    return objects


stop_with_parent()
lock_build_directory()
IDENTITY = choose_compiler()
ZCBOR = package_directory("zcbor") or fail("zcbor is not installed: run `pip install zcbor`")
ZIG = package_directory("ziglang")

if os.environ.get("HK_OBJECT_CACHE"):
    env.CacheDir(os.environ["HK_OBJECT_CACHE"], CheckedCache)

# The compiler is known by IDENTITY; hashing its binary (180 MB) in every new directory takes 0.4 s.
env.Replace(IMPLICIT_COMMAND_DEPENDENCIES=0, PROGSUFFIX="")
# In $( $) because it names the checkout: the same sources elsewhere must give the same signature,
# and, thanks to this very flag, give the same bytes.
PREFIX_MAP = ' $( "-ffile-prefix-map=$PROJECT_DIR=." "-ffile-prefix-map=%s=zcbor"' % ZCBOR
PREFIX_MAP += (' "-ffile-prefix-map=%s=zig"' % ZIG if ZIG else "") + " $)"
env.Replace(CCCOM=env["CCCOM"] + PREFIX_MAP, CXXCOM=env["CXXCOM"] + PREFIX_MAP)
# Lines, functions and what was inlined stay in the ELF file, for crashes; hostkit leaves them out of the
# image. (Those of zig's own start files name the directory they were compiled in.) The frame pointer is
# what the panic handler of ports/host walks along.
env.Append(CCFLAGS=DEBUG)
env.Append(CPPPATH=[str(ZCBOR / "include")])

env.AddBuildMiddleware(compile_source)
env.Append(PIOBUILDFILES=zcbor_objects(ZCBOR))

program = env.BuildProgram()
env.Depends(program, env.Value(IDENTITY))
env.NoCache(program)
sys.stdout.write("hostkit: %d sources\n" % len(env["PIOBUILDFILES"]))

env.Default([program])

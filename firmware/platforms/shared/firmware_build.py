"""What the builders of this repository's platforms share: object cache, zcbor, identity, compilers.

To PlatformIO a platform is one directory; each builder puts this one on its path. Read from the
environment (``hostkit build`` sets them; a plain ``pio run`` need not):

HK_COMPILER       "zig" (default), "g++" or "clang++"; the chips' platforms know zig only
HK_OBJECT_CACHE   directory of compiled objects, shared by all checkouts
HK_BUILD_LOCK     file to lock as long as this process lives
HK_BUILD_ID, HK_VERSION, HK_COMMIT, HK_DIRTY, HK_PROFILE, HK_CHIP   what src/build_info.cpp says
"""

import ctypes
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from SCons.CacheDir import CacheDir
from SCons.Defaults import StaticObjectEmitter
from SCons.Tool import createObjBuilders

DEPENDENCIES = ".d"
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


def answer(*argv):
    """Run a program and return what it prints."""
    return subprocess.check_output(argv, text=True).strip()


def with_dependencies(target, source, env):
    """Emit beside an object the file where the compiler says what it read: both are cached, or neither."""
    target, source = StaticObjectEmitter(target, source, env)
    return [target[0], str(target[0]) + DEPENDENCIES], source


class FirmwareBuild:
    """One build of the firmware by a platform's SCons environment."""

    def __init__(self, env):
        """Lock the build directory and find zcbor; ``choose`` the compiler next."""
        self.env = env
        self.identity = ""
        self._debug = []
        self._stop_with_parent()
        self._lock_build_directory()
        self.zcbor = package_directory("zcbor") or self.fail("zcbor is not installed: run `pip install zcbor`")

    def fail(self, message):
        """End the build with one line that hostkit (and a person) can read."""
        sys.stderr.write("Error: %s\n" % message)
        self.env.Exit(1)

    def use_zig(self, directory, compile_for, link_for):
        """Take the compiler of the ziglang wheel, with options for compiling and for linking."""
        # By name, not by path: a path would be part of every object's signature.
        self.env.PrependENVPath("PATH", str(directory))
        self.env.Replace(
            CC="zig cc " + compile_for, CXX="zig c++ " + compile_for, LINK="zig cc " + link_for,
            AS="zig cc " + compile_for, ASPPCOM="$AS -c -o $TARGET $SOURCES",
        )
        self.identity = "zig " + answer(str(directory / "zig"), "version")

    def use_system(self, cc, cxx):
        """Take a compiler on PATH."""
        self.env.Replace(CC=cc, CXX=cxx, LINK=cxx)
        self.identity = cxx + " " + answer(cxx, "-dumpversion") + " " + answer(cxx, "-dumpmachine")

    def debug(self, *flags):
        """Compile zcbor's sources with these flags too, so that a crash in them has a line."""
        self._debug = list(flags)
        self.env.Append(CCFLAGS=self._debug)

    def program(self, *needs):
        """Compile and link all sources of the env, and zcbor's; ``needs``: files that the linker reads."""
        env = self.env
        if os.environ.get("HK_OBJECT_CACHE"):
            env.CacheDir(os.environ["HK_OBJECT_CACHE"], CheckedCache)
        # The compiler is known by its identity; hashing its binary (180 MB) in every new directory takes 0.4 s.
        env.Replace(IMPLICIT_COMMAND_DEPENDENCIES=0, PROGSUFFIX="")
        # In $( $) because it names the checkout: the same sources elsewhere must give the same signature,
        # and, thanks to this very flag, give the same bytes.
        zig = package_directory("ziglang")
        mapped = ' $( "-ffile-prefix-map=$PROJECT_DIR=." "-ffile-prefix-map=%s=zcbor"' % self.zcbor
        mapped += (' "-ffile-prefix-map=%s=zig"' % zig if zig else "") + " $)"
        mapped += " -MMD -MF ${TARGET}" + DEPENDENCIES
        env.Replace(CCCOM=env["CCCOM"] + mapped, CXXCOM=env["CXXCOM"] + mapped)
        env.Replace(ASPPCOM=env["ASPPCOM"] + " -MMD -MF ${TARGET}" + DEPENDENCIES)
        for suffix in (".c", ".cc", ".cpp", ".cxx", ".S"):
            createObjBuilders(env)[0].add_emitter(suffix, with_dependencies)
        env.Append(CPPPATH=[str(self.zcbor / "include")])
        # PlatformIO counts the arguments of what it is given, and a method has one too many.
        env.AddBuildMiddleware(lambda env, node: self._compile_source(env, node))
        env.Append(PIOBUILDFILES=self._zcbor_objects())
        built = env.BuildProgram()
        env.Depends(built, [env.Value(self.identity), *needs])
        env.NoCache(built)
        sys.stdout.write("hostkit: %d sources\n" % len(env["PIOBUILDFILES"]))
        env.Default([built])

    def _stop_with_parent(self):
        """When PlatformIO is killed, finish the running compiles and stop, as on Ctrl-C."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG of <linux/prctl.h>

    def _lock_build_directory(self):
        """Hold the directory until this process ends: it may outlive whoever started it by one compile."""
        path = os.environ.get("HK_BUILD_LOCK")
        if path:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _identity_macros(self):
        """Return the macros of src/build_info.cpp; those that are not set keep that file's own defaults."""
        defines = []
        for name in ("HK_BUILD_ID", "HK_VERSION", "HK_COMMIT", "HK_PROFILE", "HK_CHIP"):
            if name in os.environ:
                defines.append((name, self.env.StringifyMacro(os.environ[name])))
        if "HK_DIRTY" in os.environ:
            defines.append(("HK_DIRTY", os.environ["HK_DIRTY"]))
        return defines

    def _compile_source(self, env, node):
        """Compile one file; only build_info.cpp gets the identity, so a new one recompiles nothing else."""
        if os.path.basename(str(node)) == "build_info.cpp":
            built = env.Object(node, CPPDEFINES=list(env.get("CPPDEFINES", [])) + self._identity_macros())
            env.NoCache(built)
        else:
            built = env.Object(node)
        env.Depends(built, env.Value(self.identity))  # its command line shows the compiler's name, not its version
        return built[:1]  # the linker has no use for the other

    def _zcbor_objects(self):
        """Compile zcbor's C sources as they come in its wheel, without this project's warnings."""
        # The macros of build_flags: they change what zcbor's headers and sources agree on.
        defines = self.env.ParseFlagsExtended(self.env.get("BUILD_FLAGS", []))["CPPDEFINES"]
        quiet = self.env.Clone(CCFLAGS=["-Os", *self._debug], CFLAGS=["-std=c11"], CPPDEFINES=defines)
        objects = []
        for name in ("zcbor_common", "zcbor_decode", "zcbor_encode"):
            source = self.zcbor / "src" / (name + ".c")
            built = quiet.Object(os.path.join("$BUILD_DIR", "zcbor", name), str(source))
            self.env.Depends(built, self.env.Value(self.identity))
            objects.extend(built[:1])
        return objects

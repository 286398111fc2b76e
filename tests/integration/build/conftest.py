"""Checkouts to build for real, and a cache that starts without a single object or artifact."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.build.service import BuildResult, OnEvent, build, ignore
from hostkit.clock import SystemClock
from hostkit.process import Command, Finished, Runner, SystemRunner
from hostkit.settings.paths import Paths

TINY = {
    "lib/app.hpp": "#pragma once\nint answer(int value);\n",
    "lib/app.cpp": '#include "app.hpp"\nint answer(int value) { return value + 1; }\n',
    "src/build_info.cpp": """\
#ifndef HK_BUILD_ID
#define HK_BUILD_ID "0000000000000000000000000000000000000000000000000000000000000000"
#endif
const char* build_id() { return HK_BUILD_ID; }
""",
    "src/main_host.cpp": """\
#include <cstdio>
#include "app.hpp"
const char* build_id();
int main() { return std::puts(build_id()) < 0 ? 1 : answer(41) - 42; }
""",
}


class RecordingRunner:
    """The real runner, remembering what was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, ...]] = []

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        self.started.append(command.argv)
        return SystemRunner().run(command, on_text=on_text)


BuildIn = Callable[..., BuildResult]
MakePaths = Callable[[Path], Paths]


@pytest.fixture(scope="session")
def build_in() -> BuildIn:
    """Build the env "virtual" of a directory with real tools."""

    def run(
        project: Path, paths: Paths, *, runner: Runner | None = None, on_event: OnEvent = ignore
    ) -> BuildResult:
        seams = {"paths": paths, "runner": runner or SystemRunner(), "clock": SystemClock()}
        return build(project, "virtual", on_event=on_event, **seams)

    return run


@pytest.fixture
def recording() -> RecordingRunner:
    return RecordingRunner()


@pytest.fixture(scope="session")
def copy_checkout(project_root: Path) -> Callable[[Path], Path]:
    """Copy what a build reads of this project into a new directory."""

    def copy(into: Path) -> Path:
        ignored = shutil.ignore_patterns("__pycache__", "test", "vectors")
        shutil.copytree(project_root / "firmware", into / "firmware", ignore=ignored)
        shutil.copy(project_root / "platformio.ini", into)
        return into

    return copy


@pytest.fixture(scope="session")
def make_paths(shared_cache: Path) -> MakePaths:
    """Return directories without a single object or artifact.

    Only zig's own cache is shared between runs: it holds the C library's stubs, which take 6 s to make.
    """

    def make(base: Path) -> Paths:
        paths = Paths(base / "state", base / "cache")
        paths.cache.mkdir(parents=True)
        (shared_cache / "zig").mkdir(exist_ok=True)
        (paths.cache / "zig").symlink_to(shared_cache / "zig")
        return paths

    return make


@pytest.fixture(scope="session")
def cold_paths(tmp_path_factory: pytest.TempPathFactory, make_paths: MakePaths) -> Paths:
    """The directories of the one cold build."""
    return make_paths(tmp_path_factory.mktemp("cold"))


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory, copy_checkout: Callable[[Path], Path]) -> Path:
    """The project's own firmware, outside of any repository."""
    return copy_checkout(tmp_path_factory.mktemp("checkout") / "project")


@pytest.fixture(scope="session")
def cold(checkout: Path, cold_paths: Paths, build_in: BuildIn) -> BuildResult:
    """The one cold build that these tests share."""
    return build_in(checkout, cold_paths)


@pytest.fixture
def tiny(tmp_path: Path, project_root: Path) -> Path:
    """Four source files with this project's platform and settings."""
    root = tmp_path / "tiny"
    for name, text in TINY.items():
        path = root / "firmware" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copytree(project_root / "firmware" / "platforms", root / "firmware" / "platforms")
    shutil.copy(project_root / "platformio.ini", root)
    return root


@pytest.fixture
def environment(cold_paths: Paths) -> dict[str, str]:
    """The environment of a `hostkit` child process."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("HOSTKIT_", "PLATFORMIO_", "GIT_", "HK_"))
    }
    return kept | {"HOSTKIT_CACHE_DIR": str(cold_paths.cache), "HOSTKIT_STATE_DIR": str(cold_paths.state)}


@pytest.fixture
def start_hostkit(environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Start `hostkit -C PROJECT build -e virtual …` without waiting for it."""

    def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hostkit", "-C", str(project), "build", "-e", "virtual", *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a directory with an identity of the tests' own and nobody's configuration."""

    def run(where: Path, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(where),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "test", f"GIT_{who}_EMAIL": "test@example.org"}
        done = subprocess.run(
            ["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    return run

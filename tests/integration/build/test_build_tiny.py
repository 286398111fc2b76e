"""What goes wrong, what happens at once, and what is killed: on four small files, with real tools."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hostkit.build.platformio import CompileError
from hostkit.build.provision import provision
from hostkit.build.service import BuildResult
from hostkit.errors import FailedError
from hostkit.settings.paths import Paths

BuildIn = Callable[..., BuildResult]
Start = Callable[..., "subprocess.Popen[str]"]


def _program(project: Path, env: dict[str, str] | None = None) -> str:
    program = project / ".hostkit/build/virtual/out/virtual/program"
    return subprocess.run([program], capture_output=True, text=True, check=True, env=env).stdout.strip()


def test_the_program_runs_and_says_its_build_id(tiny: Path, cold_paths: Paths, build_in: BuildIn) -> None:
    result = build_in(tiny, cold_paths)
    elf = result.artifact.directory / "firmware.elf"
    elf.chmod(0o755)
    done = subprocess.run([elf], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == result.artifact.build_id


def test_a_warning_is_an_error_with_its_place(tiny: Path, cold_paths: Paths, build_in: BuildIn) -> None:
    source = tiny / "firmware/lib/app.cpp"
    source.write_text('#include "app.hpp"\n\nint answer(int value) { int unused; return value + 1; }\n')
    with pytest.raises(CompileError) as caught:
        build_in(tiny, cold_paths)
    assert caught.value.message == (
        "firmware/lib/app.cpp:3:29: unused variable 'unused' [-Werror,-Wunused-variable]"
    )
    assert isinstance(caught.value, FailedError)


def test_a_symbol_that_nobody_defines_is_named(tiny: Path, cold_paths: Paths, build_in: BuildIn) -> None:
    (tiny / "firmware/lib/app.cpp").write_text("int elsewhere(int value);\n")
    with pytest.raises(CompileError, match=r"main_host\.cpp: undefined symbol: answer\(int\)"):
        build_in(tiny, cold_paths)


def test_a_mended_error_builds_and_a_new_header_is_seen(
    tiny: Path, cold_paths: Paths, build_in: BuildIn
) -> None:
    source = tiny / "firmware/lib/app.cpp"
    whole = source.read_text()
    source.write_text(whole + "int x = ;\n")
    with pytest.raises(CompileError):
        build_in(tiny, cold_paths)
    (tiny / "firmware/lib/one.hpp").write_text("#pragma once\nconstexpr int kOne = 1;\n")
    source.write_text('#include "one.hpp"\n' + whole.replace("+ 1", "+ kOne"))
    first = build_in(tiny, cold_paths)
    (tiny / "firmware/lib/one.hpp").write_text("#pragma once\nconstexpr int kOne = 2;\n")
    second = build_in(tiny, cold_paths)
    assert first.artifact.images[1].sha256 != second.artifact.images[1].sha256
    assert "src/lib/app.o" in (second.artifact.directory / "build.log").read_text()


def test_a_plain_pio_run_builds_too_and_its_id_is_zeros(tiny: Path, cold_paths: Paths) -> None:
    provision(cold_paths.core)
    command = [sys.executable, "-m", "platformio", "run", "-e", "virtual"]
    environment = {
        "PATH": os.environ["PATH"],
        "PLATFORMIO_CORE_DIR": str(cold_paths.core),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "ZIG_GLOBAL_CACHE_DIR": str(cold_paths.cache / "zig"),
    }
    done = subprocess.run(command, cwd=tiny, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    program = tiny / ".pio/build/virtual/program"
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0" * 64 + "\n"


def test_a_copied_checkout_builds_with_its_own_platform(
    tiny: Path, tmp_path: Path, cold_paths: Paths, build_in: BuildIn
) -> None:
    build_in(tiny, cold_paths)
    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    with (copy / "firmware/platforms/virtual/builder/main.py").open("a") as stream:
        stream.write('build.fail("this is the copy")\n')
    with pytest.raises(CompileError, match="this is the copy"):
        build_in(copy, cold_paths)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on PATH")
def test_gxx_builds_when_it_is_chosen(
    tiny: Path, cold_paths: Paths, build_in: BuildIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    zig = build_in(tiny, cold_paths)
    monkeypatch.setenv("HK_COMPILER", "g++")
    gxx = build_in(tiny, cold_paths)
    assert gxx.artifact.build_id != zig.artifact.build_id
    assert "g++" in gxx.artifact.toolchain
    assert _program(tiny) == gxx.artifact.build_id


def test_a_torn_object_in_the_shared_cache_is_compiled_again(
    tiny: Path, tmp_path: Path, make_paths: Callable[[Path], Paths], build_in: BuildIn
) -> None:
    paths = make_paths(tmp_path / "paths")
    first = build_in(tiny, paths)
    objects = [
        path for path in (paths.cache / "objects").rglob("*") if path.is_file() and len(path.name) > 30
    ]
    assert len(objects) >= 4
    for path in objects:
        path.write_bytes(path.read_bytes()[:40])
    shutil.rmtree(tiny / ".hostkit")
    shutil.rmtree(paths.artifacts)
    second = build_in(tiny, paths)
    assert not second.cached
    assert second.artifact.images == first.artifact.images


def test_two_processes_build_the_same_inputs_once(tiny: Path, tmp_path: Path, start_hostkit: Start) -> None:
    copy = tmp_path / "copy"
    (tiny / "firmware/lib/app.hpp").write_text("#pragma once\n// once\nint answer(int value);\n")
    shutil.copytree(tiny, copy)
    running = [start_hostkit(project) for project in (tiny, copy, tiny)]
    ended = [child.communicate(timeout=100) for child in running]
    assert [child.returncode for child in running] == [0, 0, 0], ended
    first_words = sorted(out.split()[0] for out, _ in ended)
    assert first_words == ["built", "unchanged", "unchanged"]


def test_two_builds_in_one_checkout_take_turns(
    tiny: Path,
    tmp_path: Path,
    cold_paths: Paths,
    make_paths: Callable[[Path], Paths],
    start_hostkit: Start,
    build_in: BuildIn,
) -> None:
    """Two caches do not know each other, but the build directory is one."""
    with (tiny / "platformio.ini").open("a") as stream:
        stream.write("; turns\n")
    child = start_hostkit(tiny)
    other = build_in(tiny, make_paths(tmp_path / "paths"))
    out, err = child.communicate(timeout=100)
    assert child.returncode == 0, err
    assert other.artifact.build_id in out


def _wait_for_a_compile(child: subprocess.Popen[str]) -> None:
    assert child.stderr is not None
    for line in child.stderr:
        if line.startswith("[1/"):
            return
    pytest.fail("it never compiled anything")


def _children_of(project: Path) -> list[str]:
    """Command lines of the processes that work in a checkout."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == project:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def slow(tiny: Path) -> Path:
    """Sources of which no object is cached, so that there is something to interrupt."""
    for number in range(2):
        text = f"#include <algorithm>\nint filler_{number}() {{ return {time.time_ns()} % 7; }}\n"
        (tiny / f"firmware/lib/filler{number}.cpp").write_text(text)
    return tiny


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_every_child_and_leaves_nothing_half_written(
    slow: Path, cold_paths: Paths, start_hostkit: Start, build_in: BuildIn, sign: signal.Signals
) -> None:
    child = start_hostkit(slow)
    _wait_for_a_compile(child)
    child.send_signal(sign)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err.splitlines()[-1]) == (130, "interrupted")
    assert _children_of(slow) == []
    assert not build_in(slow, cold_paths).cached


def test_after_kill_9_the_next_build_waits_for_what_still_runs_and_is_right(
    slow: Path, cold_paths: Paths, start_hostkit: Start, build_in: BuildIn
) -> None:
    child = start_hostkit(slow)
    _wait_for_a_compile(child)
    child.kill()
    child.communicate(timeout=60)
    (slow / "firmware/lib/app.cpp").write_text(
        '#include "app.hpp"\nint answer(int v) { return v + 2 - 1; }\n'
    )
    result = build_in(slow, cold_paths)
    assert not result.cached
    assert _program(slow) == result.artifact.build_id
    assert _children_of(slow) == []

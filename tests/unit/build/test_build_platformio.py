from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hostkit.build.inputs import Inputs, Revision
from hostkit.build.output import Step, StepKind, parse_diagnostics
from hostkit.build.platformio import (
    CompileError,
    Places,
    command_for,
    compile_env,
    explain_failure,
    forget_moved_platform,
    places_for,
)
from hostkit.build.project import Compiler, read_env
from hostkit.build.toolchain import Toolchain
from hostkit.errors import ExitCode, FailedError, MissingToolError, ToolError
from hostkit.process import Command, Finished
from hostkit.testing.process import FakeRunner, Scripted

ZIG = Toolchain(Compiler.ZIG, {"zig": "0.17.1"})
GXX = Toolchain(Compiler.GXX, {"g++": "12"})
INPUTS = Inputs("ab" * 32, {}, Revision("cd" * 20, dirty=True), 3)


@pytest.fixture
def places(project: Path, tmp_path: Path) -> Places:
    return places_for(project, "virtual", core=tmp_path / "core", cache=tmp_path / "cache")


def _command(project: Path, places: Places, toolchain: Toolchain = ZIG, **outer: str) -> Command:
    return command_for(places, read_env(project, "virtual"), toolchain, INPUTS, outer)


def _environment(project: Path, places: Places, toolchain: Toolchain = ZIG, **outer: str) -> dict[str, str]:
    environment = _command(project, places, toolchain, **outer).env
    assert environment is not None
    return dict(environment)


def test_the_command_names_env_project_and_interpreter(project: Path, places: Places) -> None:
    command = _command(project, places)
    run = ("platformio", "run", "-e", "virtual", "-d", str(project))
    assert command.argv == (sys.executable, "-P", "-m", *run)  # -P: no platformio that lies in the project
    assert command.cwd == project
    assert command.timeout_s == 600


def test_platformio_works_in_directories_of_its_own(project: Path, places: Places, tmp_path: Path) -> None:
    environment = _environment(project, places)
    work = project / ".hostkit" / "build" / "virtual"
    assert environment["PLATFORMIO_CORE_DIR"] == str(tmp_path / "core")
    assert environment["PLATFORMIO_PLATFORMS_DIR"] == str(work / "platforms")
    assert environment["PLATFORMIO_BUILD_DIR"] == str(work / "out")
    assert places.program == work / "out" / "virtual" / "program"
    assert environment["ZIG_GLOBAL_CACHE_DIR"] == str(tmp_path / "cache" / "zig")


def test_the_identity_reaches_the_build(project: Path, places: Places) -> None:
    environment = _environment(project, places)
    names = ("HK_BUILD_ID", "HK_VERSION", "HK_COMMIT", "HK_DIRTY", "HK_PROFILE", "HK_CHIP", "HK_COMPILER")
    assert [environment[name] for name in names] == [
        *("ab" * 32, "1.2.3", "cd" * 20, "1", "dual-160", "esp32", "zig")
    ]


def test_what_could_change_the_output_unseen_stays_out(project: Path, places: Places) -> None:
    outer = {
        "PLATFORMIO_BUILD_FLAGS": "-DX",
        "CPATH": "/x",
        "HK_BUILD_ID": "evil",
        "CXX": "tcc",
        "ZIG_LIB_DIR": "/z",
    }
    environment = _environment(project, places, **outer, PATH="/bin", HOME="/home/x", https_proxy="p")
    assert not {"PLATFORMIO_BUILD_FLAGS", "CPATH", "CXX", "ZIG_LIB_DIR"} & set(environment)
    assert environment["HK_BUILD_ID"] == "ab" * 32
    assert (environment["PATH"], environment["HOME"], environment["https_proxy"]) == ("/bin", "/home/x", "p")


def test_objects_are_shared_only_where_the_compilers_version_fixes_all_headers(
    project: Path, places: Places, tmp_path: Path
) -> None:
    assert _environment(project, places, ZIG)["HK_OBJECT_CACHE"] == str(tmp_path / "cache" / "objects")
    assert "HK_OBJECT_CACHE" not in _environment(project, places, GXX)


def test_output_arrives_as_whole_lines_with_the_progress_in_it(project: Path, places: Places) -> None:
    places.program.parent.mkdir(parents=True)
    places.program.write_bytes(b"elf")
    pieces = ("hostkit: 2 sour", "ces\nCompiling x.o\n", "a.cpp:1:2: warning: w\nLinking p")
    seen: list[Step | str] = []
    compiled = compile_env(_command(project, places), places, FakeRunner.of(Scripted(pieces)), seen.append)
    assert [item for item in seen if isinstance(item, str)] == [
        *("hostkit: 2 sources", "Compiling x.o", "a.cpp:1:2: warning: w", "Linking p")
    ]
    assert [item.kind for item in seen if isinstance(item, Step)] == [
        *(StepKind.SOURCES, StepKind.COMPILE, StepKind.LINK)
    ]
    assert compiled.log == "".join(pieces)
    assert [str(item) for item in compiled.warnings] == ["a.cpp:1:2: w"]


def test_success_without_a_program_is_a_tool_error(project: Path, places: Places) -> None:
    with pytest.raises(ToolError, match="succeeded but left no program"):
        compile_env(_command(project, places), places, FakeRunner.of(Scripted()), lambda _: None)


def _failure(output: str, *, returncode: int = 1, timed_out: bool = False) -> ToolError | FailedError:
    done = Finished(("pio",), returncode, output, 61.4, timed_out)
    return explain_failure(done, parse_diagnostics(output))


def test_a_compile_error_names_the_first_place_and_the_count() -> None:
    error = _failure(
        "error: echo\nlib/a.cpp:3:4: error: bad\nlib/b.cpp:1:1: error: worse\nc.h:1:1: warning: w\n"
    )
    assert isinstance(error, CompileError)
    assert error.message == "lib/a.cpp:3:4: bad (first of 3 errors)"
    assert error.hint == "mend it and build again"
    assert error.exit_code is ExitCode.FAIL
    assert [item.message for item in error.diagnostics] == ["bad", "worse", "echo", "w"]
    assert _failure("a.cpp:1:1: error: alone").message == "a.cpp:1:1: alone"


def test_a_hanging_platformio_is_named_with_the_time_it_was_given() -> None:
    error = _failure("", timed_out=True)
    assert isinstance(error, ToolError)
    assert error.message == "PlatformIO was ended after 61 s without finishing"
    assert "registry" in error.hint


def test_a_missing_platformio_is_named() -> None:
    error = _failure("/venv/bin/python: No module named platformio\n")
    assert isinstance(error, MissingToolError)
    assert error.hint == "run `pip install platformio`"


def test_a_full_disk_is_not_blamed_on_the_sources() -> None:
    error = _failure("a.cpp:1:1: error: unable to write: No space left on device")
    assert isinstance(error, ToolError)
    assert error.message == "no space left on the disk while building"


def test_a_failure_without_a_named_error_shows_the_end_of_the_output() -> None:
    error = _failure("\n".join(f"line {number}" for number in range(9)), returncode=-9)
    assert error.message == (
        "PlatformIO failed (exit -9) and named no error:\nline 4\nline 5\nline 6\nline 7\nline 8"
    )
    assert error.exit_code is ExitCode.TOOL


@pytest.mark.parametrize("text", ['{"cwd": "/elsewhere", "spec": {}}', "{", "[]", "{}"])
def test_a_platform_registered_by_another_checkout_is_forgotten(places: Places, text: str) -> None:
    link = places.work / "platforms" / "virtual.pio-link"
    link.parent.mkdir(parents=True)
    link.write_text(text)
    assert forget_moved_platform(places) is True
    assert not link.parent.exists()
    assert forget_moved_platform(places) is False


def test_a_platform_registered_by_this_checkout_is_kept(places: Places) -> None:
    link = places.work / "platforms" / "virtual.pio-link"
    link.parent.mkdir(parents=True)
    link.write_text(json.dumps({"cwd": str(places.project), "spec": {}}))
    assert forget_moved_platform(places) is False
    assert link.exists()

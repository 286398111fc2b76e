from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from hostkit.build.project import Compiler
from hostkit.build.toolchain import find_toolchain, package_version, zig_binary
from hostkit.errors import ExitCode, MissingToolError, ToolError
from hostkit.testing.process import FakeRunner, Scripted


@pytest.fixture
def gxx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A g++ that is the only program on PATH."""
    program = tmp_path / "bin" / "g++"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def test_the_default_compiler_is_known_by_its_wheel_and_nothing_is_started(tmp_path: Path) -> None:
    toolchain = find_toolchain(Compiler.ZIG, cache=tmp_path, runner=FakeRunner.of())
    assert toolchain.versions["zig"] == version("ziglang")
    assert toolchain.versions["platformio"] == version("platformio")
    assert set(toolchain.versions) == {"platformio", "scons", "zcbor", "zig"}
    assert toolchain.self_contained
    assert zig_binary() is not None


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert package_version("no-such-distribution-anywhere") == ""


def test_a_system_compiler_is_measured_once(gxx: Path, tmp_path: Path) -> None:
    runner = FakeRunner.of(Scripted(["12.2.0\n", "x86_64-linux-gnu\n"]))
    for _ in range(2):
        toolchain = find_toolchain(Compiler.GXX, cache=tmp_path, runner=runner)
        assert toolchain.versions["g++"] == "12.2.0 x86_64-linux-gnu"
    assert [command.argv for command in runner.commands] == [(str(gxx), "-dumpfullversion", "-dumpmachine")]
    assert not toolchain.self_contained


def test_a_replaced_compiler_is_measured_again(gxx: Path, tmp_path: Path) -> None:
    runner = FakeRunner.of(Scripted(["12"]), Scripted(["13"]))
    find_toolchain(Compiler.GXX, cache=tmp_path, runner=runner)
    gxx.rename(gxx.with_name("old"))
    gxx.write_text("#!/bin/sh\n")
    gxx.chmod(0o755)
    assert find_toolchain(Compiler.GXX, cache=tmp_path, runner=runner).versions["g++"] == "13"


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_damaged_memory_of_versions_is_measured_anew(gxx: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "compilers.json").write_text(text)
    toolchain = find_toolchain(Compiler.GXX, cache=tmp_path, runner=FakeRunner.of(Scripted(["12"])))
    assert toolchain.versions["g++"] == "12"


def test_a_missing_compiler_is_named_with_the_way_out(gxx: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as caught:
        find_toolchain(Compiler.CLANG, cache=tmp_path, runner=FakeRunner.of())
    assert caught.value.message == "clang++ is not on PATH"
    assert caught.value.hint == "install it, or use the default: custom_hostkit_compiler = zig"
    assert caught.value.exit_code is ExitCode.TOOL


def test_a_compiler_that_does_not_run_is_a_tool_error(gxx: Path, tmp_path: Path) -> None:
    runner = FakeRunner.of(Scripted(["cannot execute"], returncode=126))
    with pytest.raises(ToolError, match="does not say its version: cannot execute"):
        find_toolchain(Compiler.GXX, cache=tmp_path, runner=runner)

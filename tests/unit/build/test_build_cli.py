from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hostkit.build.platformio import CompileError
from hostkit.cli.build import build_command
from hostkit.cli.context import Context
from hostkit.cli.doctor import doctor_command
from hostkit.errors import MissingToolError, UsageError
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.process import FakeRunner, Scripted


@pytest.fixture
def context(project: Path, paths: Paths, runner: FakeRunner) -> Context:
    return Context(project, paths, FakeClock(), runner)


def _build(context: Context, *arguments: str) -> Result:
    return CliRunner().invoke(build_command, list(arguments), obj=context)


def test_a_build_shows_progress_sizes_id_and_place(context: Context, paths: Paths) -> None:
    result = _build(context, "-e", "virtual")
    assert result.exit_code == 0, result.output
    assert "[1/2] lib/a\n[2/2] zcbor/z\nlinking\npacking the image\n" in result.stderr
    head, flash, ram, build_id, files = result.stdout.splitlines()
    assert head.startswith("built virtual in 0.0 s  esp32, dual-160, version 1.2.3, commit 0123456789ab")
    assert "of      4096 bytes" in flash
    assert flash.endswith("%")
    assert ram.split()[:4] == ["RAM", "300", "of", "2048"]
    assert ram.endswith(" 14.6 %")
    directory = paths.artifacts / f"virtual-{build_id.split()[1][:16]}"
    assert files == f"  files  {directory} (partitions at 0x8000, app at 0x10000)"


def test_an_unchanged_build_says_so_and_shows_no_progress(context: Context) -> None:
    _build(context, "-e", "virtual")
    result = _build(context, "-e", "virtual")
    assert result.stdout.startswith("unchanged virtual  esp32")
    assert result.stderr == ""


def test_without_e_the_env_of_the_settings_is_built(context: Context) -> None:
    assert _build(context).stdout.startswith("built virtual")


def test_json_has_the_whole_artifact(context: Context, paths: Paths) -> None:
    record = json.loads(_build(context, "-e", "virtual", "--json").stdout)
    assert record["ok"] is True
    assert record["cached"] is False
    assert record["artifact"] == str(paths.artifacts / f"virtual-{record['build_id'][:16]}")
    assert [image["offset"] for image in record["images"]] == [0x8000, 0x10000]
    assert record["sizes"]["ram"] == 300
    assert (Path(record["artifact"]) / record["images"][1]["file"]).stat().st_size == record["sizes"]["flash"]
    assert record["toolchain"]["scons"] == "4.11.1"


def test_verbose_shows_what_platformio_prints(context: Context) -> None:
    result = _build(context, "-e", "virtual", "-v")
    assert "Linking .hostkit/build/virtual/out/virtual/program" in result.stderr
    assert "[1/2]" not in result.stderr


def test_warnings_are_shown_each_time(context: Context, played: Any) -> None:
    played.lines = ("firmware/lib/a.cpp:1:5: warning: careful\n",)
    for _ in range(2):
        assert "warning: firmware/lib/a.cpp:1:5: careful" in _build(context, "-e", "virtual").stderr


@pytest.fixture
def broken(played: Any) -> None:
    lines = [f"firmware/lib/a.cpp:{number}:5: error: number {number}\n" for number in range(1, 9)]
    played.end = Scripted(lines, returncode=1)


@pytest.mark.usefixtures("broken")
def test_the_first_error_is_raised_and_the_next_ones_are_shown(context: Context) -> None:
    result = _build(context, "-e", "virtual")
    assert isinstance(result.exception, CompileError)
    assert result.exception.message == "firmware/lib/a.cpp:1:5: number 1 (first of 8 errors)"
    assert "error: firmware/lib/a.cpp:2:5: number 2" in result.stderr
    assert "number 6" not in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("broken")
def test_json_has_every_diagnostic_of_a_failed_build(context: Context) -> None:
    result = _build(context, "-e", "virtual", "--json")
    assert isinstance(result.exception, CompileError)
    record = json.loads(result.stdout)
    assert record["ok"] is False
    assert record["diagnostics"][7] == {
        "severity": "error",
        "file": "firmware/lib/a.cpp",
        "line": 8,
        "column": 5,
        "message": "number 8",
    }


def test_an_unknown_env_is_a_usage_error(context: Context) -> None:
    assert isinstance(_build(context, "-e", "virtaul").exception, UsageError)


def _doctor(context: Context, *arguments: str) -> Result:
    return CliRunner().invoke(doctor_command, list(arguments), obj=context)


def test_doctor_names_what_is_missing_and_fix_provides_it(context: Context, paths: Paths) -> None:
    before = _doctor(context)
    assert isinstance(before.exception, MissingToolError)
    assert before.exception.message == "missing: PlatformIO core"
    assert before.exception.hint == "run `hostkit doctor --fix`"
    assert "missing  PlatformIO core  not provisioned -> `hostkit doctor --fix`" in before.stdout
    after = _doctor(context, "--fix")
    assert after.exit_code == 0, after.output
    assert f"fixed: provisioned PlatformIO's core directory {paths.core}" in after.stderr
    assert f"ok       PlatformIO core  {paths.core}" in after.stdout


def test_doctor_speaks_json(context: Context) -> None:
    record = json.loads(_doctor(context, "--json").stdout)
    assert record["ok"] is False
    (core,) = [check for check in record["checks"] if check["state"] == "missing"]
    assert (core["name"], core["fixable"]) == ("PlatformIO core", True)
    assert json.loads(_doctor(context, "--fix", "--json").stdout)["ok"] is True

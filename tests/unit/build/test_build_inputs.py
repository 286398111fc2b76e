from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.inputs import (
    Inputs,
    Revision,
    changed_sources,
    collect_inputs,
    parse_status,
    read_revision,
)
from hostkit.build.project import Compiler, EnvSettings, read_env
from hostkit.build.toolchain import Toolchain
from hostkit.errors import ToolError
from hostkit.testing.process import FakeRunner, Scripted

COMMIT = "ab" * 20
ZIG = Toolchain(Compiler.ZIG, {"zig": "0.17.1", "platformio": "6.2.0"})
CLEAN = Revision(COMMIT, dirty=False)


def _collect(project: Path, toolchain: Toolchain = ZIG, revision: Revision = CLEAN) -> Inputs:
    return collect_inputs(project, read_env(project, "virtual"), toolchain, revision)


def test_the_same_inputs_give_the_same_id_wherever_the_checkout_lies(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    project_id = _collect(project).build_id
    project.rename(elsewhere)
    assert _collect(elsewhere).build_id == project_id
    assert len(project_id) == 64


def _edit(project: Path) -> None:
    (project / "firmware/lib/a.cpp").write_text("int b;\n")


def _rename(project: Path) -> None:
    (project / "firmware/lib/a.cpp").rename(project / "firmware/lib/b.cpp")


def _add(project: Path) -> None:
    (project / "firmware/lib/new.hpp").write_text("")


def _hide(project: Path) -> None:
    (project / "firmware/lib/.hidden.hpp").write_text("")


def _configure(project: Path) -> None:
    with (project / "platformio.ini").open("a") as stream:
        stream.write("; comment\n")


@pytest.mark.parametrize("change", [_edit, _rename, _add, _hide, _configure])
def test_every_change_of_a_file_changes_the_id(project: Path, change: Callable[[Path], None]) -> None:
    before = _collect(project)
    change(project)
    after = _collect(project)
    assert after.build_id != before.build_id
    assert changed_sources(before.facts, after.facts)


def test_a_change_that_keeps_size_and_time_is_noticed(project: Path) -> None:
    source = project / "firmware/lib/a.cpp"
    stat = source.stat()
    before = _collect(project)
    source.write_text("int b;\n")
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert source.stat().st_size == stat.st_size
    assert _collect(project).build_id != before.build_id


@pytest.mark.parametrize("name", [".a.cpp.swp", "a.cpp~", "__pycache__/x.pyc", ".vscode/settings.json"])
def test_what_editors_leave_is_no_input(project: Path, name: str) -> None:
    before = _collect(project)
    path = project / "firmware/lib" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert _collect(project) == before


def test_an_editors_lock_link_that_points_nowhere_is_no_input(project: Path) -> None:
    before = _collect(project)
    (project / "firmware/lib/.#a.cpp").symlink_to("someone@host:1")
    assert _collect(project) == before


def test_versions_commit_and_dirtiness_are_inputs(project: Path) -> None:
    ids = {
        _collect(project).build_id,
        _collect(project, Toolchain(Compiler.ZIG, {"zig": "0.17.2", "platformio": "6.2.0"})).build_id,
        _collect(project, revision=Revision("cd" * 20, dirty=False)).build_id,
        _collect(project, revision=Revision(COMMIT, dirty=True)).build_id,
    }
    assert len(ids) == 4


def test_the_note_on_a_missing_commit_is_no_input(project: Path) -> None:
    one = _collect(project, revision=Revision("", dirty=True, note="git is not installed"))
    assert one.build_id == _collect(project, revision=Revision("", dirty=True)).build_id


def test_settings_of_the_env_are_inputs(project: Path) -> None:
    env: EnvSettings = read_env(project, "virtual")
    other = collect_inputs(project, replace(env, profile="other"), ZIG, CLEAN)
    assert other.build_id != _collect(project).build_id


def test_a_project_without_firmware_is_refused(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_text("[env:virtual]\n")
    with pytest.raises(ToolError) as caught:
        _collect(tmp_path)
    assert caught.value.message == f"cannot read {tmp_path}/firmware: No such file or directory"
    assert caught.value.hint == "check its owner and mode"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# branch.oid {COMMIT}\n# branch.head main\n", Revision(COMMIT, dirty=False)),
        (
            f"# branch.oid {COMMIT}\n1 .M N... 100644 100644 100644 a b firmware/x\n",
            Revision(COMMIT, dirty=True),
        ),
        (f"# branch.oid {COMMIT}\n? firmware/new.cpp\n", Revision(COMMIT, dirty=True)),
        ("# branch.oid (initial)\n? firmware/x\n", Revision("", True, "the repository has no commit yet")),
        ("", Revision("", dirty=True)),
    ],
)
def test_git_status_is_read(text: str, expected: Revision) -> None:
    assert parse_status(text) == expected


def test_only_the_builds_inputs_decide_whether_it_is_dirty(project: Path) -> None:
    runner = FakeRunner.of(Scripted([f"# branch.oid {COMMIT}\n"]))
    assert read_revision(project, runner) == Revision(COMMIT, dirty=False)
    (command,) = runner.commands
    assert command.argv[-4:] == ("--", "firmware", "platformio.ini", "CMakeLists.txt")
    assert command.cwd == project
    assert command.env is not None
    assert command.env["GIT_OPTIONAL_LOCKS"] == "0"


def test_git_variables_of_a_hook_do_not_reach_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    runner = FakeRunner.of(Scripted())
    read_revision(project, runner)
    assert runner.commands[0].env is not None
    assert "GIT_DIR" not in runner.commands[0].env


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (Scripted(missing=True), "git is not installed: the build carries no commit"),
        (Scripted(timed_out=True), "git did not answer in 20 s: the build carries no commit"),
        (
            Scripted(["fatal: not a git repository\nmore\n"], returncode=128),
            "the build carries no commit: fatal: not a git repository",
        ),
        (Scripted(returncode=1), "the build carries no commit: no output"),
    ],
)
def test_without_an_answer_of_git_the_build_is_dirty_and_says_why(
    project: Path, answer: Scripted, note: str
) -> None:
    assert read_revision(project, FakeRunner.of(answer)) == Revision("", dirty=True, note=note)

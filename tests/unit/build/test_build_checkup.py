from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.checkup import Check, State, Surroundings, examine, mend
from hostkit.build.provision import is_provisioned
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.process import FakeRunner, Scripted


@pytest.fixture
def where(project: Path, paths: Paths, tmp_path: Path) -> Surroundings:
    devices = tmp_path / "dev"
    devices.mkdir()
    runner = FakeRunner(lambda command: Scripted([f"{command.argv[0]} version 1.2.3\n"]))
    return Surroundings(project, paths, runner, devices)


def _by_name(where: Surroundings) -> dict[str, Check]:
    return {check.name: check for check in examine(where)}


def test_a_fresh_machine_lacks_only_what_fix_provides(where: Surroundings, paths: Paths) -> None:
    missing = [check for check in examine(where) if check.state is State.MISSING]
    assert missing == [
        Check(
            "PlatformIO core",
            State.MISSING,
            "not provisioned",
            "`hostkit doctor --fix` (a build does it too)",
            fixable=True,
        )
    ]
    assert not paths.cache.exists()
    done = mend(where)
    assert f"provisioned PlatformIO's core directory {paths.core}" in done
    assert is_provisioned(paths.core)
    assert [check for check in examine(where) if check.state is State.MISSING] == []
    assert mend(where) == ()


def test_every_check_that_is_not_ok_says_what_to_do(where: Surroundings) -> None:
    outside = replace(where, project=None)
    for check in (*examine(where), *examine(outside)):
        assert bool(check.remedy) == (check.state is not State.OK), check


def test_versions_of_packages_and_programs_are_shown(where: Surroundings) -> None:
    checks = _by_name(where)
    assert checks["SCons"].found == "4.11.1"
    assert checks["git"].found == "1.2.3"
    assert checks["platformio"].state is State.OK


def test_missing_programs_are_optional(where: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    checks = _by_name(where)
    assert checks["g++"] == Check(
        "g++", State.OPTIONAL, "", "install it if you like; without it, nothing is lost: zig compiles"
    )
    assert checks["git"].state is State.OPTIONAL


def test_a_broken_platformio_ini_is_reported_and_not_raised(where: Surroundings, project: Path) -> None:
    (project / "platformio.ini").write_text("oops\n")
    check = _by_name(where)["checkout"]
    assert check.state is State.MISSING
    assert check.found.startswith(f"{project}/platformio.ini:1: ")
    assert isinstance(mend(where), tuple)


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        ("__pycache__/\n.pio/\n.hostkit/\n", ""),
        ("*.pyc\n/.pio\n.*/\n", ""),
        (".pio/\n.hostkit/\n", "__pycache__/"),
        ("", "__pycache__/ .pio/ .hostkit/"),
        ("__pycache__/\n.*\n!.pio/\n", ".pio/"),
    ],
)
def test_what_git_would_take_for_work_is_named_with_the_lines_to_add(
    where: Surroundings, project: Path, rules: str, seen: str
) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    (project / ".gitignore").write_text(rules)
    check = _by_name(replace(where, runner=SystemRunner()))["ignored by git"]
    if seen:
        assert check.state is State.OPTIONAL
        assert check.found.startswith(f"not {seen}: ")
        assert check.remedy == f"add to {project}/.gitignore, a line each: {seen}"
    else:
        assert (check.state, check.remedy) == (State.OK, "")


def test_without_a_repository_nothing_is_said_of_what_git_ignores(where: Surroundings) -> None:
    assert "ignored by git" not in _by_name(replace(where, runner=SystemRunner()))


def test_outside_a_checkout_is_fine(where: Surroundings) -> None:
    check = _by_name(replace(where, project=None))["checkout"]
    assert (check.state, check.found) == (State.OPTIONAL, "not in one")


def test_a_directory_that_cannot_be_made_is_named_with_its_variable(
    where: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    broken = replace(where, paths=Paths(tmp_path / "file" / "state", tmp_path / "file" / "cache"))
    checks = _by_name(broken)
    assert checks["cache directory"].remedy == f"make {tmp_path}/file writable, or set HOSTKIT_CACHE_DIR"
    assert checks["state directory"].state is State.MISSING


def test_serial_ports_are_listed(where: Surroundings) -> None:
    assert _by_name(where)["serial ports"].found == "none (virtual boards need none)"
    for name in ("ttyUSB0", "ttyACM1", "tty7"):
        (where.devices / name).write_text("")
    assert _by_name(where)["serial ports"].found == f"{where.devices}/ttyUSB0, {where.devices}/ttyACM1"


def test_fix_forgets_a_platform_that_another_checkout_registered(where: Surroundings, project: Path) -> None:
    link = project / ".hostkit/build/virtual/platforms/virtual.pio-link"
    link.parent.mkdir(parents=True)
    link.write_text('{"cwd": "/elsewhere"}')
    assert any("pointed out of this checkout" in line for line in mend(where))
    assert not link.exists()

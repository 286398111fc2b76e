"""Envs whose platform PlatformIO fetches: the user's own core directory, and a registry out of reach."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards.image import ImageHeader, Segment, pack_image
from hostkit.boards.model import Chip
from hostkit.boards.partitions import DEFAULT_PARTITIONS, pack_partitions
from hostkit.build.inputs import Inputs, Revision
from hostkit.build.output import installing, unreachable_package
from hostkit.build.platformio import Places, places_for
from hostkit.build.project import read_env
from hostkit.build.registry import (
    forget_configuration,
    is_installed,
    registry_command,
    registry_places,
    user_core,
)
from hostkit.build.service import BuildEvent, build
from hostkit.build.toolchain import registry_toolchain
from hostkit.errors import ExitCode, ToolError
from hostkit.process import Command
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.process import FakeRunner, Scripted

INI = """\
[espidf]
platform = espressif32@6.9.0
framework = espidf

[env:esp32dev]
extends = espidf
board = esp32dev
custom_hostkit_chip = esp32
"""
# What PlatformIO 6.2 prints, after a minute, where its registry cannot be reached.
OUT_OF_REACH = """\
Processing esp32dev (platform: espressif32@6.9.0; board: esp32dev; framework: espidf)
--------------------------------------------------------------------------------
Platform Manager: Installing espressif32 @ 6.9.0
HTTPClientError: \n"""
INPUTS = Inputs("ab" * 32, {}, Revision("cd" * 20, dirty=False), 1)


@pytest.fixture
def chip_project(project: Path) -> Path:
    (project / "platformio.ini").write_text(INI)
    (project / "CMakeLists.txt").write_text("project(a)\n")
    return project


@pytest.fixture
def places(chip_project: Path, tmp_path: Path) -> Places:
    own = places_for(chip_project, "esp32dev", core=tmp_path / "own-core", cache=tmp_path / "cache")
    return registry_places(own, {"HOME": str(tmp_path / "home")})


def test_a_platform_by_name_comes_from_the_registry_and_one_by_link_does_not(chip_project: Path) -> None:
    env = read_env(chip_project, "esp32dev", compiler="g++")
    assert (env.from_registry, env.platform, env.compiler) == (True, "espressif32@6.9.0", None)
    assert env.files == (chip_project / "platformio.ini", chip_project / "CMakeLists.txt")
    (chip_project / "platformio.ini").write_text("[env:a]\nplatform = symlink://firmware/platforms/virtual\n")
    linked = read_env(chip_project, "a")
    assert not linked.from_registry
    assert linked.files == (chip_project / "platformio.ini",)


def test_the_users_core_directory_is_found_as_platformio_finds_it(tmp_path: Path) -> None:
    assert user_core({"HOME": "/home/a"}) == Path("/home/a/.platformio")
    assert user_core({"HOME": "/home/a", "PLATFORMIO_CORE_DIR": "/big/pio"}) == Path("/big/pio")


def test_platformio_runs_on_the_users_core_directory(
    chip_project: Path, places: Places, tmp_path: Path
) -> None:
    outer = {
        "HOME": str(tmp_path / "home"),
        "PATH": "/bin",
        "PIP_INDEX_URL": "index",
        "https_proxy": "proxy",
        "PLATFORMIO_BUILD_FLAGS": "-DX",
    }
    command = registry_command(places, read_env(chip_project, "esp32dev"), INPUTS, outer)
    environment = dict(command.env or {})
    core = tmp_path / "home" / ".platformio"
    assert environment["PLATFORMIO_CORE_DIR"] == str(core)
    assert environment["PLATFORMIO_PLATFORMS_DIR"] == str(core / "platforms")
    assert environment["HK_BUILD_ID"] == "ab" * 32
    assert (Path(environment["HK_ZCBOR"]) / "src" / "zcbor_common.c").is_file()
    assert (environment["PIP_INDEX_URL"], environment["https_proxy"]) == ("index", "proxy")
    assert "PLATFORMIO_BUILD_FLAGS" not in environment
    assert command.argv[-4:] == ("-e", "esp32dev", "-d", str(chip_project))
    assert places.program.name == "firmware.elf"


def test_an_installed_platform_is_seen_with_and_without_a_version(tmp_path: Path) -> None:
    assert not is_installed(tmp_path, "espressif32@6.9.0")
    (tmp_path / "platforms" / "espressif32@6.9.0").mkdir(parents=True)
    assert is_installed(tmp_path, "platformio/espressif32@6.9.0")
    assert not is_installed(tmp_path, "espressif8266")
    (tmp_path / "platforms" / "espressif8266").mkdir()
    assert is_installed(tmp_path, "espressif8266 @ ^4.2.1")


def test_a_generated_configuration_does_not_outlive_its_build(places: Places) -> None:
    forget_configuration(places)
    stale = places.work / "workspace" / "sdkconfig.esp32dev"
    stale.write_text("CONFIG_FREERTOS_HZ=100\n")
    forget_configuration(places)
    assert not stale.exists()


def test_the_pin_of_the_platform_is_an_input(chip_project: Path) -> None:
    versions = registry_toolchain("espressif32@6.9.0").versions
    assert versions["platform"] == "espressif32@6.9.0"
    assert "zig" not in versions


def test_platformios_words_for_a_registry_out_of_reach_are_known() -> None:
    assert unreachable_package(OUT_OF_REACH) == "espressif32 @ 6.9.0"
    assert unreachable_package("Error: You are not connected to the Internet.\n") == "a package"
    assert unreachable_package("src/a.cpp:1:1: error: HTTPClientError is no type\n") is None
    assert (
        installing("Tool Manager: Installing platformio/tool-cmake @ 3.30.2\n")
        == "platformio/tool-cmake @ 3.30.2"
    )


@dataclass
class Played:
    """Answers git, and PlatformIO for an espidf env: ``leave`` puts files into its build directory."""

    leave: Callable[[Path], None]
    end: Scripted

    def __call__(self, command: Command) -> Scripted:
        if command.argv[0] == "git":
            return Scripted([f"# branch.oid {'12' * 20}\n"])
        assert command.env is not None
        out = Path(command.env["PLATFORMIO_BUILD_DIR"], "esp32dev")
        out.mkdir(parents=True, exist_ok=True)
        self.leave(out)
        return self.end


def run(project: Path, paths: Paths, played: Played, events: list[BuildEvent]) -> Any:
    runner = FakeRunner(played)
    return build(project, "esp32dev", paths=paths, runner=runner, clock=FakeClock(), on_event=events.append)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PLATFORMIO_CORE_DIR", raising=False)
    return tmp_path / "home"


def test_a_build_for_a_chip_becomes_an_artifact_with_three_regions(
    chip_project: Path, paths: Paths, make_elf: Callable[..., bytes], home: Path
) -> None:
    def leave(out: Path) -> None:
        image = pack_image(ImageHeader(Chip.ESP32, 0x40080000), [Segment(0x40080000, bytes(16))])
        files = {"0x1000": "bootloader.bin", "0x8000": "partitions.bin", "0x10000": "firmware.bin"}
        (out / "flasher_args.json").write_text(json.dumps({"flash_files": files}))
        (out / "bootloader.bin").write_bytes(image)
        (out / "firmware.bin").write_bytes(image)
        (out / "partitions.bin").write_bytes(pack_partitions(DEFAULT_PARTITIONS))
        (out / "firmware.elf").write_bytes(make_elf(machine=94))

    events: list[BuildEvent] = []
    artifact = run(chip_project, paths, Played(leave, Scripted(["Linking x\n"])), events).artifact
    assert [(image.role, image.offset) for image in artifact.images] == [
        ("bootloader", 0x1000),
        ("partitions", 0x8000),
        ("app", 0x10000),
    ]
    assert artifact.toolchain["platform"] == "espressif32@6.9.0"
    assert "PlatformIO installs espressif32@6.9.0 from its registry now" in [event.text for event in events]
    assert not paths.core.exists(), "hostkit's own core directory has no part in it"
    assert not home.exists(), "and the user's is not written by hostkit"


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (
            Scripted([OUT_OF_REACH], returncode=1, seconds=60.8),
            "PlatformIO cannot reach its registry, from which it must install espressif32 @ 6.9.0",
        ),
        (
            Scripted([OUT_OF_REACH.rsplit("\n", 2)[0]], returncode=-15, seconds=30.0, timed_out=True),
            (
                "PlatformIO was ended after 30 s without finishing; the last that it began to install from "
                "its registry was espressif32 @ 6.9.0"
            ),
        ),
    ],
)
def test_a_registry_out_of_reach_is_named(
    chip_project: Path, paths: Paths, home: Path, end: Scripted, message: str
) -> None:
    with pytest.raises(ToolError) as caught:
        run(chip_project, paths, Played(lambda out: None, end), [])
    assert caught.value.message == message
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.TOOL
    assert not any(paths.artifacts.glob("*"))


def test_the_projects_envs_for_chips_are_pinned(project_root: Path) -> None:
    for name, chip in (("esp32dev", Chip.ESP32), ("esp32-s3-devkitc-1", Chip.ESP32S3)):
        env = read_env(project_root, name)
        assert (env.chip, env.platform) == (chip, "espressif32@6.9.0")
        assert project_root / "CMakeLists.txt" in env.files

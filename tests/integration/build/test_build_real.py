"""PlatformIO, zig, git and esptool for real, on the project's own firmware."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards.image import parse_image
from hostkit.boards.partitions import DEFAULT_PARTITIONS, parse_partitions
from hostkit.build.service import BuildResult
from hostkit.settings.paths import Paths

BuildIn = Callable[..., BuildResult]


def _compiled(result: BuildResult) -> set[str]:
    """The sources that a compiler saw, as the build's own log tells."""
    log = (result.artifact.directory / "build.log").read_text()
    return set(re.findall(r"^Compiling \S+/out/virtual/(\S+)\.o$", log, re.MULTILINE))


def test_esptool_finds_the_image_valid_and_the_build_id_in_it(cold: BuildResult) -> None:
    assert not cold.cached
    artifact = cold.artifact
    app = artifact.path(artifact.images[1])
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "image-info", str(app)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^Checksum: 0x\w\w \(valid\)$", done.stdout, re.MULTILINE)
    assert re.search(r"^Validation hash: [0-9a-f]{64} \(valid\)$", done.stdout, re.MULTILINE)
    assert "Project name: led-controller" in done.stdout
    assert f"App version: {artifact.version}" in done.stdout
    assert f"ELF file SHA256: {artifact.build_id}" in done.stdout
    assert "warning" not in done.stdout.lower()


def test_the_firmware_itself_carries_the_build_id(cold: BuildResult) -> None:
    artifact = cold.artifact
    image = parse_image(artifact.path(artifact.images[1]).read_bytes())
    assert image.payload is not None
    assert artifact.build_id.encode() in image.payload.data
    assert parse_partitions(artifact.path(artifact.images[0]).read_bytes()) == DEFAULT_PARTITIONS


def test_flash_and_ram_are_measured_and_within_budget(cold: BuildResult) -> None:
    sizes = cold.artifact.sizes
    assert 10_000 < sizes.flash < sizes.flash_budget
    assert 1_000 < sizes.ram < sizes.ram_budget


def test_an_unchanged_build_starts_git_and_nothing_else(
    cold: BuildResult, checkout: Path, cold_paths: Paths, build_in: BuildIn, recording: Any
) -> None:
    again = build_in(checkout, cold_paths, runner=recording)
    assert again.cached
    assert again.artifact == cold.artifact
    assert [argv[0] for argv in recording.started] == ["git"]


def test_another_directory_and_an_empty_cache_give_the_same_bytes(
    cold: BuildResult,
    tmp_path: Path,
    copy_checkout: Callable[[Path], Path],
    make_paths: Callable[[Path], Paths],
    build_in: BuildIn,
) -> None:
    elsewhere = copy_checkout(tmp_path / "a much longer place" / "mit Ümläut")
    other = build_in(elsewhere, make_paths(tmp_path / "paths"))
    assert not other.cached
    assert other.artifact.build_id == cold.artifact.build_id
    assert len(_compiled(other)) > 20
    for one, two in zip(cold.artifact.images, other.artifact.images, strict=True):
        assert cold.artifact.path(one).read_bytes() == other.artifact.path(two).read_bytes()
    elf = (other.artifact.directory / "firmware.elf").read_bytes()
    assert str(tmp_path).encode() not in elf


@pytest.fixture
def repository(checkout: Path, cold: BuildResult, git: Callable[..., str]) -> Path:
    """The checkout, made a repository; the cold build came before."""
    if not (checkout / ".git").exists():
        (checkout / ".gitignore").write_text(".hostkit/\n")
        git(checkout, "init", "-q", "-b", "main")
        git(checkout, "add", "-A")
        git(checkout, "commit", "-q", "-m", "first")
    return checkout


def test_a_new_commit_of_the_same_sources_compiles_one_file(
    repository: Path, cold: BuildResult, cold_paths: Paths, build_in: BuildIn, git: Callable[..., str]
) -> None:
    result = build_in(repository, cold_paths)
    assert result.artifact.commit == git(repository, "rev-parse", "HEAD").strip()
    assert not result.artifact.dirty
    assert result.artifact.build_id != cold.artifact.build_id
    assert _compiled(result) == {"src/src/build_info"}


def test_a_fresh_worktree_compiles_only_what_a_change_affects(
    repository: Path, tmp_path: Path, cold_paths: Paths, build_in: BuildIn, git: Callable[..., str]
) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", "-b", "change", str(worktree))
    source = worktree / "firmware" / "lib" / "link" / "cobs.cpp"
    source.write_text(source.read_text() + "// a change\n")
    result = build_in(worktree, cold_paths)
    assert result.artifact.dirty
    assert _compiled(result) == {"src/lib/link/cobs", "src/src/build_info"}
    (worktree / "README").write_text("no input of a build\n")
    git(worktree, "commit", "-q", "-m", "change", "--", "firmware")
    assert not build_in(worktree, cold_paths).artifact.dirty

"""A repository of a few small files that the real compiler builds in a moment."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")


def make_repository(root: Path, files: Mapping[str, str], project_root: Path) -> Path:
    """Commit files, and the platforms of the project, on a branch main; return ``root``."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    byte_code = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        project_root / "firmware" / "platforms", root / "firmware" / "platforms", ignore=byte_code
    )
    with (root / ".gitignore").open("a") as ignored:
        ignored.write("__pycache__/\n")  # what PlatformIO leaves beside a platform's builder
    shutil.copy(project_root / "platformio.ini", root)
    subprocess.run([*GIT, "init", "-q", "-b", "main", str(root)], check=True)
    subprocess.run([*GIT, "add", "-A"], cwd=root, check=True)
    subprocess.run([*GIT, "commit", "-qm", "test: base"], cwd=root, check=True)
    return root


def make_cache(cache: Path, shared_cache: Path) -> Path:
    """Make an empty cache that has what zig compiled of its own library; return it."""
    cache.mkdir()
    (shared_cache / "zig").mkdir(exist_ok=True)
    (cache / "zig").symlink_to(shared_cache / "zig")
    return cache

"""What tests of the gate share: a clone, and what a gate in it left."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from gate_clone import QUICK, Clone

from hostkit.settings.paths import Paths


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory, project_root: Path, shared_cache: Path) -> Clone:
    root = tmp_path_factory.mktemp("gate")
    path = root / "c"
    subprocess.run(["git", "clone", "-q", str(project_root), str(path)], check=True)
    return Clone(path, Paths(root / "s", shared_cache))


@pytest.fixture(scope="session")
def flashed(clone: Clone) -> dict[str, Any]:
    """The record of a gate that flashed the board, with a selection of the suite."""
    code, record, err = clone.run("gate", "-b", "virt0", "-k", QUICK)
    assert code == 3, err
    return record

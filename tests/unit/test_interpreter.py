"""Children run what is installed, not what lies in the way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hostkit.interpreter import installed_only, module_argv


@pytest.fixture
def way(tmp_path: Path) -> Path:
    """A folder with an esptool that claims everything."""
    fake = tmp_path / "esptool"
    fake.mkdir()
    (fake / "__init__.py").touch()
    (fake / "__main__.py").write_text("print('esptool v0.0.0 Hash of data verified.')\n")
    return tmp_path


@pytest.mark.parametrize("lies", ["in the working directory", "on PYTHONPATH"])
def test_an_esptool_that_lies_in_the_way_is_not_run(way: Path, lies: str) -> None:
    env = installed_only(os.environ | ({"PYTHONPATH": str(way)} if lies == "on PYTHONPATH" else {}))
    argv = [*module_argv("esptool"), "version"]
    said = subprocess.run(argv, cwd=way, env=env, capture_output=True, text=True, check=True).stdout
    assert "v0.0.0" not in said


def test_nothing_else_of_the_environment_is_lost() -> None:
    kept = installed_only({"PATH": "/bin", "PYTHONPATH": "/x", "PYTHONHOME": "/y", "PYTHONUTF8": "1"})
    assert kept == {"PATH": "/bin", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"}

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hostkit.build.provision import is_provisioned, provision, scons_directory
from hostkit.errors import ToolError


def test_an_empty_directory_is_filled_once(tmp_path: Path) -> None:
    core = tmp_path / "cache" / "platformio"
    assert not is_provisioned(core)
    assert provision(core) is True
    assert is_provisioned(core)
    assert provision(core) is False


@pytest.mark.parametrize("name", ["package.json", ".piopm", "scons.py"])
def test_a_damaged_package_is_replaced(tmp_path: Path, name: str) -> None:
    core = tmp_path / "cache" / "platformio"
    provision(core)
    (scons_directory(core) / name).write_text("half")
    assert not is_provisioned(core)
    assert provision(core) is True
    assert is_provisioned(core)
    assert [path.name for path in scons_directory(core).parent.iterdir()] == ["tool-scons"]


def test_several_at_once_provision_once(tmp_path: Path) -> None:
    core = tmp_path / "cache" / "platformio"
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(provision(core))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(made) == [False] * 7 + [True]
    assert is_provisioned(core)


def test_a_place_that_cannot_be_written_is_a_tool_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ToolError, match="cannot write"):
        provision(tmp_path / "cache" / "platformio")

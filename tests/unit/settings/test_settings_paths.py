from __future__ import annotations

from pathlib import Path

from hostkit.settings.paths import Paths


def test_the_environment_names_both_directories(tmp_path: Path) -> None:
    paths = Paths.from_environment(
        {"HOSTKIT_STATE_DIR": str(tmp_path / "s"), "HOSTKIT_CACHE_DIR": str(tmp_path / "c")}
    )
    assert paths.boards == tmp_path / "s" / "boards"
    assert paths.leases == tmp_path / "s" / "leases"
    assert paths.artifacts == tmp_path / "c" / "artifacts"
    assert paths.core == tmp_path / "c" / "platformio"


def test_without_an_environment_the_users_own_directories_serve() -> None:
    paths = Paths.from_environment({})
    assert paths.state.name == "hostkit"
    assert paths.cache.name == "hostkit"
    assert paths.state != paths.cache


def test_naming_directories_does_not_make_them(tmp_path: Path) -> None:
    Paths.from_environment(
        {"HOSTKIT_STATE_DIR": str(tmp_path / "s"), "HOSTKIT_CACHE_DIR": str(tmp_path / "c")}
    )
    assert list(tmp_path.iterdir()) == []

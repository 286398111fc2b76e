"""A gate's size budget against the base: on a repository of four small files that a real compiler builds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_repository import make_cache, make_repository

from hostkit.cli import main

SOURCE = "#include <cstdint>\nint answer(int value) { return value + 1; }\n"
MORE = "extern const std::uint8_t kTable[]; const std::uint8_t kTable[3000] = {1, 2};\n"
MORE += "volatile int sink;\nvoid burn() {" + "".join(f" sink = {number};" for number in range(200)) + " }\n"
FILES = {
    ".gitignore": ".hostkit/\n",
    "hostkit.toml": 'growth_base = "main"\nmax_flash_growth = 1000\n',
    "boards.toml": '[boards.virt0]\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:10"\n',
    "hil_tests/test_a.py": "def test_a(): ...\n",
    "firmware/lib/app.cpp": SOURCE,
    "firmware/src/build_info.cpp": 'const char* build_id() { return "0"; }\n',
    "firmware/src/main_host.cpp": "int answer(int value);\nint main() { return answer(41) - 42; }\n",
}


@pytest.fixture
def repository(
    tmp_path: Path, project_root: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    cache = make_cache(tmp_path / "cache", shared_cache)
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(cache))
    return make_repository(tmp_path / "project", FILES, project_root)


def test_growth_beyond_its_limit_fails_with_figures_and_a_base_that_is_not_built_is_no_pass(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def gate() -> dict[str, object]:
        """Return what a gate says; what is built here knows no link, so that none passes."""
        code = main.run(["-C", str(repository), "gate", "-e", "virtual", "-b", "virt0", "--json"])
        said: dict[str, object] = json.loads(capsys.readouterr().out)
        assert said["exit_code"] == code
        return said

    source = repository / "firmware/lib/app.cpp"
    source.write_text(SOURCE + MORE)
    unknown = gate()
    assert (unknown["verdict"], unknown["stopped_at"]) == ("inconclusive", "build")
    assert "is stored: what it grew by is not known" in str(unknown["reasons"])

    source.write_text(SOURCE)
    assert main.run(["-C", str(repository), "build", "-e", "virtual"]) == 0
    capsys.readouterr()
    source.write_text(SOURCE + MORE)
    grown = gate()
    assert (grown["verdict"], grown["exit_code"], grown["stopped_at"]) == ("fail", 1, "build")
    reason = str(grown["reasons"][0])  # type: ignore[index]
    assert reason.startswith("build: grew too much since ")
    assert " of flash (limit 1,000 B); " in reason
    assert "+3,000 B in .rodata: kTable" in reason
    assert re.search(r"\+[\d,]+ B in \.text: firmware/lib/app\.cpp", reason), reason
    assert grown["rules"]["growth"]["flash"] == 1000  # type: ignore[index]
    assert (Path(str(grown["evidence"])) / "base.json").is_file()
    assert main.run(["-C", str(repository), "verify", "latest"]) == 0, "the fail holds"
    capsys.readouterr()

    (repository / "hostkit.toml").write_text('growth_base = "nowhere"\n')
    assert main.run(["-C", str(repository), "gate", "-e", "virtual", "-b", "virt0"]) == 2
    assert "growth_base = 'nowhere'" in capsys.readouterr().err

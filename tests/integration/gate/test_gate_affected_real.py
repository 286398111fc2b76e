"""What a change touches, by what the real compiler read: a repository of four small files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from small_repository import GIT, make_cache, make_repository

from hostkit.build.depends import read_depends
from hostkit.build.service import build
from hostkit.cli import main
from hostkit.clock import SystemClock
from hostkit.gate.affected import Desk, survey
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths

FILES = {
    ".gitignore": ".hostkit/\n",
    "README.md": "a project\n",
    "hil_tests/test_a.py": "def test_a(): ...\n",
    "firmware/lib/app.hpp": "#pragma once\nint answer(int value);\n",
    "firmware/lib/app.cpp": '#include "app.hpp"\nint answer(int value) { return value + 1; }\n',
    "firmware/lib/nobody.hpp": "#pragma once\n",
    "firmware/lib/pattern/registry.hpp": "#pragma once\nnamespace hk {\nstruct Pattern { const char* name; };"
    "\nextern const Pattern kWave;\n}\n",
    "firmware/lib/pattern/wave.cpp": '#include "pattern/registry.hpp"\nnamespace hk {\n'
    'const Pattern kWave{"wave", };\n}  // namespace hk\n',
    "firmware/src/build_info.cpp": 'const char* build_id() { return "0"; }\n',
    "firmware/src/main_host.cpp": '#include "app.hpp"\nint main() { return answer(41) - 42; }\n',
}


@pytest.fixture
def repository(tmp_path: Path, project_root: Path) -> Path:
    return make_repository(tmp_path / "project", FILES, project_root)


def test_only_what_the_compiler_read_is_built_again_and_what_is_unknown_is_said(
    repository: Path,
    tmp_path: Path,
    shared_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = Paths(tmp_path / "state", make_cache(tmp_path / "cache", shared_cache))
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(paths.state))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(paths.cache))
    desk = Desk(repository, paths, SystemRunner(), SystemClock())

    def why() -> tuple[str, ...]:
        return survey(desk, "main", ("virtual",)).envs[0].reasons

    assert "no stored build of virtual at" in why()[0]
    seams = {"paths": paths, "runner": desk.runner, "clock": desk.clock}
    made = build(repository, "virtual", **seams)
    objects = read_depends(made.artifact.directory)
    assert objects is not None
    assert objects["firmware/src/main_host.cpp"] == {"firmware/lib/app.hpp", "firmware/src/main_host.cpp"}
    assert why() == ()

    (repository / "firmware/lib/nobody.hpp").write_text("#pragma once\nint unread;\n")
    (repository / "README.md").write_text("other words\n")
    assert survey(desk, "main").changed == ("README.md", "firmware/lib/nobody.hpp")
    assert why() == ()
    assert (
        main.run(["-C", str(repository), "gate", "--affected", "--base", "main", "-e", "virtual", "--json"])
        == 3
    )
    assert json.loads(capsys.readouterr().out)["verdict"] is None
    assert not (repository / ".hostkit" / "runs").exists(), "nothing ran"

    (repository / "firmware/lib/app.hpp").write_text(
        FILES["firmware/lib/app.hpp"] + "constexpr int kMore = 1;\n"
    )
    assert why() == ("firmware/lib/app.hpp is read for firmware/lib/app.cpp and 1 more",)
    (repository / "firmware/lib/app.hpp").write_text(FILES["firmware/lib/app.hpp"])
    wave = repository / "firmware/lib/pattern/wave.cpp"
    wave.write_text(f"{wave.read_text()}// another shape\n")
    found = survey(desk, "main", ("virtual",))
    assert (found.envs[0].patterns, found.selection("virtual")) == (("wave",), "draws-any or draws-wave")
    wave.write_text(FILES["firmware/lib/pattern/wave.cpp"])
    # Objects come from the cache in another checkout, and with them what they were made of.
    clone = tmp_path / "clone"
    subprocess.run([*GIT, "clone", "-q", str(repository), str(clone)], check=True)
    subprocess.run([*GIT, "commit", "-q", "--allow-empty", "-m", "test: empty"], cwd=clone, check=True)
    again = build(clone, "virtual", **seams)
    assert read_depends(again.artifact.directory) == objects
    assert main.run(["-C", str(clone), "affected", "--base", "HEAD~1", "-e", "virtual"]) == 0
    assert "build virtual            not touched" in capsys.readouterr().out


def test_options_that_do_not_go_together_are_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (["--affected"], ["--base", "main"], ["--affected", "--base", "main", "-k", "a"]):
        assert main.run(["-C", str(repository), "gate", *options]) == 2
    assert main.run(["-C", str(repository), "affected", "--base", "nowhere"]) == 2
    assert "'nowhere' is no commit" in capsys.readouterr().err

"""Verbs in a directory that is no project, or in no repository: what is missing is said, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.cli.main import run


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("build",), "no platformio.ini in ", "hostkit --project DIR"),
        (("verify", "latest"), "no directory 'latest' is here, nor a project", "name the run's directory"),
        (("git", "install"), "is in no git repository", "git init, then commit"),
        (("git", "uninstall"), "is in no git repository", "git init, then commit"),
        (("merge", "status"), "is in no git repository", "git init, then commit"),
    ],
)
def test_what_is_missing_is_said_with_a_way_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
    hint: str,
) -> None:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert hint in err
